"""The plan's SQL, written once in DuckDB's dialect, carried to Spark's: the same rows from the same text (decision 0060).

Belongs here: what the two engines spell or mean differently. What is on no list here is refused: a translation that nobody has run is a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from sqlglot import ErrorLevel, exp, parse_one

from shuyuan.db.sql import text

KNOWN = frozenset(
    re.findall(
        r"\w+",
        """
        Abs Add Alias And Between BitwiseAnd BitwiseOr Boolean Case Cast Coalesce Column ConcatWs Count DPipe DataType
        DataTypeParam DateDiff EQ Exists From GT GTE Group Identifier If In Is Join LT LTE Least Length Literal Lower NEQ Not Null
        NullSafeNEQ Nullif Or Order Ordered Paren RegexpLike RegexpReplace RowNumber Select Star StartsWith Sub
        Subquery Substring Table TableAlias Union Var Where Window
        """,
    )
)
"""Nodes of a query that the tests have run on both engines (`tests/test_resolve_spark.py`)."""
ALONE = str.maketrans({"İ": "i", "Σ": "σ"})
"""Letters that Java lowers by their neighbours or to two letters; DuckDB lowers each by itself."""


class Untranslated(Exception):
    """The plan uses SQL that nobody has proven to mean the same on Spark; the message names it and the way out."""


def spark(query: str, doubles: Collection[str] | None = None) -> str:
    """One DuckDB statement as Spark SQL. Raises Untranslated for what is not proven to mean the same on both.

    `doubles`: names of columns that may be floating-point numbers, which Spark writes otherwise as text; None: any may be. What the query
    itself names after them is known.
    """
    tree = parse_one(query, read="duckdb")
    for node in tree.walk():
        _refuse_unknown(node)
    return _translated(tree, None if doubles is None else _named_after(tree, doubles)).sql(
        "spark", comments=False, unsupported_level=ErrorLevel.RAISE
    )


def _named_after(tree: exp.Expr, doubles: Collection[str]) -> set[str]:
    """With the names that the query gives to what is made of such columns, however often it renames them."""
    known, grown = set[str](), set(doubles)
    while known != grown:
        known = set(grown)
        grown |= {alias.alias for alias in tree.find_all(exp.Alias) if _any_of(alias.this, known)}
    return grown


def _any_of(value: exp.Expr, names: Collection[str]) -> bool:
    return any(column.name in names for column in value.find_all(exp.Column))


def _translated(tree: exp.Expr, doubles: Collection[str] | None) -> exp.Expr:
    """Inner parts before the parts that hold them, so that what a rule makes is not translated again."""
    for node in reversed(list(tree.walk())):
        made = _text(node, doubles) if isinstance(node, exp.Cast) else _translate(node)
        if made is not node:
            tree = made if node is tree else tree
            node.replace(made)
    return tree


def _refuse_unknown(node: exp.Expr) -> None:
    name = node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__
    if name not in KNOWN and name not in NAMED:
        raise Untranslated(
            f"{node.sql('duckdb')[:80]!r}: `{name}` is not known to mean the same on Spark;"
            " say it otherwise, or add it to shuyuan/resolve/dialect.py with a test that runs it on both engines"
        )


def _translate(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Anonymous):
        return NAMED[node.name.lower()](node)
    rule = RULES.get(type(node))
    return rule(node) if rule else node


def _suffix(node: exp.Expr) -> exp.Expr:
    value, end = node.expressions
    return exp.EndsWith(this=value, expression=end)


def _lower(node: exp.Expr) -> exp.Expr:
    """Letter by letter, as DuckDB does."""
    special, plain = "".join(map(chr, ALONE)), "".join(map(str, ALONE.values()))
    alone = exp.Anonymous(this="translate", expressions=[node.this, *map(exp.Literal.string, (special, plain))])
    return exp.Lower(this=alone)


def _text(node: exp.Cast, doubles: Collection[str] | None) -> exp.Expr:
    """A value as text: Spark writes doubles otherwise (`sql/spark/text_of.sql`)."""
    if not node.is_type("text", "varchar") or not _may_be_double(node.this, doubles):
        return node
    return exp.paren(exp.replace_placeholders(parse_one(text("spark/text_of"), read="spark"), it=node.this))


def _may_be_double(value: exp.Expr, doubles: Collection[str] | None) -> bool:
    """Whether nothing says that it is none; then Spark looks when it plans."""
    if isinstance(value, exp.Literal | exp.Null) or (isinstance(value, exp.Cast) and not value.is_type("double")):
        return False
    return doubles is None or _any_of(value, doubles)


def _minus(node: exp.Expr) -> exp.Expr:
    """A date less a date is a number of days; Spark would make it an interval. One side must be told to be a date."""
    if any(_is_date(side) for side in (node.this, node.expression)):
        return exp.DateDiff(this=node.this, expression=node.expression, unit=exp.var("DAY"))
    return node


def _is_date(side: exp.Expr) -> bool:
    return isinstance(side, exp.Cast) and side.is_type("date")


def _replace(node: exp.Expr) -> exp.Expr:
    """Spark always replaces every match, and calls groups $1."""
    modifiers = node.args.get("modifiers")
    if modifiers is None or modifiers.name != "g":
        raise Untranslated(f"{node.sql('duckdb')[:80]!r}: Spark replaces every match; say 'g' and nothing else")
    replacement = node.args["replacement"].name.replace("$", "\\$")
    for group in "123456789":
        replacement = replacement.replace(f"\\{group}", f"${group}")
    return exp.RegexpReplace(
        this=node.this, expression=_pattern(node.expression), replacement=exp.Literal.string(replacement)
    )


def _like(node: exp.Expr) -> exp.Expr:
    return exp.RegexpLike(this=node.this, expression=_pattern(node.expression))


def _pattern(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Literal):
        raise Untranslated(
            f"{node.sql('duckdb')[:80]!r}: a pattern must be written out, or it cannot be carried to Spark"
        )
    return exp.Literal.string(java(node.name))


def java(pattern: str) -> str:
    r"""A pattern of RE2 in Java's dialect: \s without the vertical tab, $ only at the very end, no sets within a set."""
    carried, inside, at = "", False, 0
    while at < len(pattern):
        letter = pattern[at : at + 2] if pattern[at] == "\\" else pattern[at]
        at += len(letter)
        carried += _carried(letter, inside)
        inside = letter == "[" or (inside and letter != "]")
    return carried


def _carried(letter: str, inside: bool) -> str:
    if letter == r"\s":
        return r" \t\n\f\r" if inside else r"[ \t\n\f\r]"
    if letter == "$" and not inside:
        return r"\z"
    if inside and letter in "[&":
        return "\\" + letter
    if len(letter) == 2 and letter[1].isalnum():
        raise Untranslated(
            f"`{letter}` in a pattern means one thing in RE2 and may mean another in Java: write the characters out"
        )
    return letter


NAMED: dict[str, Callable[[exp.Expr], exp.Expr]] = {"suffix": _suffix}
RULES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Lower: _lower,
    exp.Sub: _minus,
    exp.RegexpReplace: _replace,
    exp.RegexpLike: _like,
}
