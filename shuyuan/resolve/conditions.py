"""The SQL of declared conditions, over whatever columns the caller has: claims of members, or published items.

Belongs here: one condition as a boolean, and which row speaks for a group of items. Does not belong here: where the columns come from
(`plan.py`) and what is made of a contradiction (`contradictions.py`).
"""

from __future__ import annotations

from collections.abc import Callable

from shuyuan.catalog import Check, Condition, Library, LibraryItem
from shuyuan.catalog.declared import SPELLED
from shuyuan.db.sql import SQL, Composable, Composed, Literal, fragment, join, statement


def conditions(check: Check, item_column: Callable[[str], Composable]) -> Composable:
    """SQL boolean over the published items: is the claim compared for this entity? `true` where the check is declared without `when`.

    Null, where an item that has to have a code has no value, counts as false. `item_column` gives the column of a library's item.
    """
    tests = [holds(condition, item_column(condition.of)) for condition in check.when]
    return join(tests, " AND ") if tests else SQL("true")


def holds(condition: Condition, subject: Composable, other: Composable | None = None, kind: str = "text") -> Composed:
    """One test as SQL. `other` is the claim or day it is compared with, `kind` the item type of both; for `equals` and `differs` both
    are given as they are `spelled`.
    """
    parts = {"a": subject, "b": other or SQL("NULL")}
    if condition.test == "in":
        codes = join(Literal(value) for value in condition.values)
        return fragment("CAST({a} AS VARCHAR) IN ({codes})", codes=codes, **parts)
    if condition.test in ("equals", "differs"):
        template = "({agree})" if condition.test == "equals" else "NOT ({agree})"
        return fragment(template, agree=_agree(kind, parts))
    return fragment(_TEMPLATES[condition.test], **parts)


_TEMPLATES = {
    "present": "{a} IS NOT NULL",
    "absent": "{a} IS NULL",
    "before": "{a} < {b}",
    "after": "{a} > {b}",
}


def _agree(kind: str, parts: dict[str, Composable]) -> Composable:
    return statement(f"compare/{kind if kind in SPELLED else 'exact'}", **parts)


def spelled(kind: str, text: Composable) -> Composable:
    """A value as it is compared: names and addresses without what makes no difference."""
    return statement(f"compare/text/{kind}", text=text) if kind in SPELLED else text


def grouped(library: Library, item: LibraryItem) -> bool:
    """Whether it matters from which row the item comes: it shares a group with others, and there is more than one row to come from."""
    return bool(item.fallback) and len(library.group_of(item)) > 1


def speaks(library: Library, item: LibraryItem, claim_of: Callable[[LibraryItem], Composable]) -> Composable:
    """SQL boolean: does one claimant's row know any item of this item's group? Then it speaks for all of them, also by silence.

    `claim_of` gives what that claimant (the one source, or a fallback) claims about an item of the group.
    """
    claims = [fragment("{claim} IS NOT NULL", claim=claim_of(one)) for one in library.group_of(item)]
    return fragment("({known})", known=join(claims, " OR "))
