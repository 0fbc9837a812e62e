"""The cross-check of `crosscheck_world.py` in PostgreSQL's own SQL, in the shape that was found fastest: claims that disagree are kept beside
the register's values in one pass over the join, and a parallel scan of that per pair makes them long.

Belongs here: what PostgreSQL is asked. Does not belong here: the server, loading, measuring (`rivals_postgres.py`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from shuyuan.catalog import Library, LibraryItem, item_of, resource_of
from shuyuan.db.sql import FOLDER, SQL, Composable, Composed, Identifier, Literal, fragment, join, statement, table
from shuyuan.resolve import plan
from shuyuan.resolve.disputes import NEARLY
from shuyuan.resolve.plan import Pair

SCHEMA = "bench"
KINDS = {"date": "date", "amount": "numeric(20,6)"}
"""Item type → PostgreSQL's; text unless said otherwise."""


def columns(library: Library) -> dict[str, str]:
    """Columns of a register → their type in PostgreSQL."""
    items = {item.name: KINDS.get(item.type, "text") for item in library.items}
    return {"id_no": "text", **items, "_as_of": "date"}


def register(department: str) -> Identifier:
    """The table of a department's register."""
    return table(SCHEMA, department)


def same(library: Library, day: date) -> dict[str, Composed]:
    """Table → statement that makes it: all that a run of ours finds, with who stands with whom and how much was compared."""
    joined = _joined(library, compared=True)
    return {
        "checked": fragment("{joined}", joined=joined),
        "library": fragment("SELECT {names} FROM {checked}", names=_names(library, "compared"), checked=_checked()),
        "discrepancy": _long(library, day, patterns=True),
        "counts": _counts(library),
    }


def less(library: Library, day: date) -> dict[str, Composed]:
    """The same without patterns and counts: the library, and who disagrees with it about what."""
    anybody = join((fragment("{claim} IS NOT NULL", claim=pair.disputed) for pair in plan.pairs(library)), " OR ")
    names, source = _names(library), register(_department(library.items[0].source[0].ref))
    return {
        "library": fragment("SELECT {names} FROM {source}", names=names, source=source),
        "checked": statement("bench/rival/disputed", joined=_joined(library, compared=False), any=anybody),
        "discrepancy": _long(library, day, patterns=False),
    }


def _department(ref: str) -> str:
    return resource_of(ref).partition(".")[0]


def _checked() -> Identifier:
    return table(SCHEMA, "checked")


def _names(library: Library, *more: str) -> Composed:
    return join(Identifier(name) for name in ("id_no", *(item.name for item in library.items), *more))


def _joined(library: Library, *, compared: bool) -> Composed:
    first, *others = [member.resource.partition(".")[0] for member in library.members]
    claims = [fragment("CASE WHEN NOT {agrees} THEN {claim} END AS {name}", agrees=_agrees(p), claim=_claim(p.check.ref), name=p.disputed)
              for p in plan.pairs(library)]  # fmt: skip
    values: list[Composable] = [_claim(item.source[0].ref) for item in library.items]
    days = [fragment("{day} AS {name}", day=Identifier(SCHEMA, d, "_as_of"), name=_day(d)) for d in (first, *others)]
    joins = (fragment("LEFT JOIN {other} USING (id_no)", other=register(other)) for other in others)
    return statement(
        "bench/rival/joined",
        register=register(first),
        values=join([*values, *days]),
        claims=join(claims, ",\n"),
        compared=fragment(", {mask} AS compared", mask=_mask(library)) if compared else SQL(""),
        joined=join([register(first), *joins], " "),
    )


def _day(department: str) -> Identifier:
    return Identifier(f"_day_{department}")


def _claim(ref: str) -> Identifier:
    return Identifier(SCHEMA, _department(ref), item_of(ref))


def _mask(library: Library) -> Composed:
    template = "CASE WHEN {agrees} IS NULL THEN 0::bigint ELSE {bit} END"
    return join((fragment(template, agrees=_agrees(p), bit=_bit(p)) for p in plan.pairs(library)), " | ")


def _bit(pair: Pair) -> SQL:
    return SQL(f"{1 << pair.number}::bigint")


def _agrees(pair: Pair) -> Composed:
    value, claim = _claim(pair.item.source[0].ref), _claim(pair.check.ref)
    if not pair.spells:
        return _test(pair.item, value, claim)
    spelled = {"spelled_a": _spelled(pair.item, value), "spelled_b": _spelled(pair.item, claim)}
    test = _test(pair.item, Identifier("meant", "a"), Identifier("meant", "b"))
    return statement("bench/rival/spelled", a=value, b=claim, test=test, **spelled)


def _test(item: LibraryItem, a: Composable, b: Composable) -> Composed:
    parts: dict[str, Composable] = {"a": a, "b": b}
    if item.compare in ("date", "amount"):
        parts["tolerance"] = SQL(repr(item.tolerance))
    return fragment("({test})", test=statement(_ours_or_own(f"compare/{item.compare}"), **parts))


def _spelled(item: LibraryItem, text: Composable) -> Composed:
    return statement(_ours_or_own(f"compare/text/{item.compare}"), text=text)


def _ours_or_own(name: str) -> str:
    """Our statement where PostgreSQL reads it as DuckDB does, its own words where not."""
    own = "bench/rival/" + name.removeprefix("compare/")
    return own if Path(FOLDER / f"{own}.sql").exists() else name


def _long(library: Library, day: date, *, patterns: bool) -> Composed:
    every = (
        statement(
            "bench/rival/disagreements",
            item_text=Literal(pair.item.name),
            claim_ref=Literal(pair.check.ref),
            item=Identifier(pair.item.name),
            claim=pair.disputed,
            checked=_checked(),
            pattern=fragment(", {pattern} AS pattern", pattern=_pattern(library, pair.item)) if patterns else SQL(""),
            **{"class": _class(pair, day)},
        )
        for pair in plan.pairs(library)
    )
    return join(every, "\nUNION ALL\n")


def _class(pair: Pair, day: date) -> Composable:
    if not pair.item.timing:
        return Literal("error")
    return statement(
        "steps/dispute_class",
        business_date=SQL(day.isoformat()),
        timing=SQL(str(pair.item.timing)),
        recent=SQL("false"),
        source_as_of=_day(_department(pair.item.source[0].ref)),
        claim_as_of=_day(_department(pair.check.ref)),
    )


def _pattern(library: Library, item: LibraryItem) -> Composed:
    own = [pair for pair in plan.pairs(library) if pair.item is item]
    value = fragment("CASE WHEN {item} IS NULL THEN '.' ELSE 'a' END", item=Identifier(item.name))
    return join([value, *(_letter(own, number) for number in range(len(own)))], " || ")


def _letter(own: list[Pair], number: int) -> Composed:
    template = "WHEN {agree} THEN {letter}"
    same_ = [fragment(template, agree=_stands(own, n, number), letter=_name(n + 1)) for n in range(number)]
    compared = fragment("(compared & {bit}) <> 0", bit=_bit(own[number]))
    claim = own[number].disputed
    return statement(
        "steps/dispute_letter", claim=claim, same=join(same_, " "), own=_name(number + 1), compared=compared
    )


def _stands(own: list[Pair], first: int, later: int) -> Composed:
    agree = _alike(own[first], own[later])
    if own[first].item.compare not in NEARLY:
        return agree
    alone = (fragment("NOT coalesce({agree}, false)", agree=_alike(own[n], own[first])) for n in range(first))
    return join((agree, *alone), " AND ")


def _alike(one: Pair, other: Pair) -> Composed:
    a, b = (_spelled(p.item, p.disputed) if p.spells else p.disputed for p in (one, other))
    return _test(one.item, a, b)


def _name(position: int) -> Literal:
    return Literal(chr(ord("a") + position))


def _counts(library: Library) -> Composed:
    """One row: of every pair, how many were compared and how many disagree."""
    template = "count(*) FILTER (WHERE compared & {bit} <> 0) AS {compared}, count({claim}) AS {disagreed}"
    every = (
        fragment(template, bit=_bit(p), claim=p.disputed, compared=Identifier(f"c{p.number}"), disagreed=Identifier(f"d{p.number}"))
        for p in plan.pairs(library)
    )  # fmt: skip
    return fragment("SELECT {counts} FROM {checked}", counts=join(every), checked=_checked())
