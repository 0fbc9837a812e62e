"""From patterns of who stands with whom to claims: what a library's open disputes and its counted agreement say to the court.

Belongs here: reading a pattern. One letter per claimant of an entity's item: first whose claim is published, then the declared checks in their
order; the same letter says the same, a dot says nothing. A pattern counts as often as entities have it, so a library of any size is a few
hundred claims. Differences of definition are no claims: nobody is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from shuyuan.catalog import Library, LibraryItem, resource_of
from shuyuan.court.claims import Claims
from shuyuan.court.learn import Prior

PATTERNS: Final = pa.schema(
    [("item", pa.string()), ("source_ref", pa.string()), ("pattern", pa.string()), ("count", pa.int64())]
)
CROSSCHECKS: Final = pa.schema(
    [("item", pa.string()), ("claim_ref", pa.string()), ("compared", pa.int64()), ("disagreed", pa.int64())]
)
CLAIMS: Final = pa.schema(
    [*((name, pa.string()) for name in ("object", "item", "source", "value")), ("weight", pa.float64())]
)
SILENT: Final = "."
TRUST: Final = 0.9
"""How often a department is right before anything is compared."""
AUTHORITY: Final = float(np.log(9))
"""Log-odds by which the one source of an item is more often right than a department that only copies it down: nine times of ten."""
STANDS_IN: Final = float(np.log(2))
"""The same for a declared fallback."""
OMITS: Final = 0.5
"""Silence of a register that makes the library's entities: it may just not have been told."""
DISOWNS: Final = 0.999
"""Silence of a register about a body that others brought: it knows all its own, so the code is probably nobody's."""


class Word(NamedTuple):
    """One claimant of a pattern: whose claim, and with whom it stands (a letter, or the dot of a source that says nothing)."""

    ref: str
    letter: str
    definition: bool
    silence: bool


def words(item: LibraryItem, source_ref: str, pattern: str) -> list[Word]:
    """The claimants of a pattern, the published value's first. Empty when the pattern was made under other checks than today's."""
    if len(pattern) != 1 + len(item.check):
        return []
    checks = [Word(c.ref, letter, c.definition, c.silence) for c, letter in zip(item.check, pattern[1:], strict=True)]
    return [Word(source_ref, pattern[0], False, False), *checks]


def disputed(words: list[Word]) -> list[Word]:
    """Those who contradict the published value; where there is none, those whose word alone is a disagreement."""
    first = words[0].letter if words else SILENT
    if first == SILENT:
        return [word for word in words[1:] if word.silence and word.letter != SILENT]
    return [word for word in words[1:] if word.letter not in (SILENT, first)]


def claims_table(library: Library, patterns: pa.Table, crosschecks: pa.Table) -> pa.Table:
    """Claims (`CLAIMS`) of a library's open patterns and of its agreement. Other items than the library's checked ones are left out.

    Agreement counts whole for the department that was compared. For the source it counts as often as for the check that knows most entities
    (nobody counted which of its checks agree together), and where values come from several sources or fallbacks, in the shares in which these
    are disputed: nobody counted that either, and so none of them looks better than another for it.
    """
    items = {item.name: item for item in library.items if item.check}
    rows = [
        *_of_patterns(items, patterns.select(PATTERNS.names)),
        *_of_agreement(items, crosschecks.select(CROSSCHECKS.names), _disputes(patterns)),
    ]
    return pa.Table.from_pylist([dict(zip(CLAIMS.names, row, strict=True)) for row in rows], schema=CLAIMS)


Row = tuple[str, str, str, str, float]


def name_of(item: LibraryItem, ref: str) -> str:
    """Who a claim is of: its resource, over whose items a reliability is shared; the claim itself where a resource has two in one item."""
    resource = resource_of(ref)
    several = sum(resource_of(other) == resource for other in {*item.refs}) > 1
    return ref if several else resource


def silence_of(item: LibraryItem, ref: str) -> str:
    """Who a source is that says nothing: not as reliable as when it speaks."""
    return f"{name_of(item, ref)} {SILENT}"


def _of_patterns(items: dict[str, LibraryItem], patterns: pa.Table) -> Iterator[Row]:
    for name, source_ref, pattern, count in zip(*(column.to_pylist() for column in patterns.columns), strict=True):
        if name not in items or not count:
            continue
        about, item = key(name, source_ref, pattern), items[name]
        said = words(item, source_ref, pattern)
        for word in (word for word in said if not word.definition and word.letter != SILENT):
            yield about, name, name_of(item, word.ref), word.letter, float(count)
        if said and said[0].letter == SILENT:
            yield about, name, silence_of(item, source_ref), SILENT, float(count)


def key(item: str, source_ref: str, pattern: str) -> str:
    """Name of the object that a pattern's entities are to the court."""
    return "\x1f".join((item, source_ref, pattern))


def _disputes(patterns: pa.Table) -> dict[tuple[str, str], float]:
    """(item, source_ref) → entities in dispute."""
    found: dict[tuple[str, str], float] = {}
    for name, ref, count in zip(*(patterns[n].to_pylist() for n in ("item", "source_ref", "count")), strict=True):
        found[name, ref] = found.get((name, ref), 0.0) + count
    return found


def _of_agreement(
    items: dict[str, LibraryItem], crosschecks: pa.Table, disputes: dict[tuple[str, str], float]
) -> Iterator[Row]:
    for item in items.values():
        agreed = _agreed(item, crosschecks)
        most, all_checks = max(agreed.values(), default=0.0), sum(agreed.values())
        weights = {scope.ref: 1 + disputes.get((item.name, scope.ref), 0.0) for scope in item.source}
        weights |= {ref: disputes[item.name, ref] for ref in item.fallback if (item.name, ref) in disputes}
        for ref, scope in ((ref, scope) for ref in agreed for scope in weights):
            about, part = key(item.name, scope, f"={ref}"), agreed[ref] * weights[scope] / sum(weights.values())
            yield about, item.name, name_of(item, ref), "a", part
            yield about, item.name, name_of(item, scope), "a", part * most / all_checks


def _agreed(item: LibraryItem, crosschecks: pa.Table) -> dict[str, float]:
    """Claim → in how many entities it agrees with the published value."""
    checks = {check.ref for check in item.check if not check.definition}
    rows = (row for row in crosschecks.to_pylist() if row["item"] == item.name and row["claim_ref"] in checks)
    agreed = {row["claim_ref"]: float((row["compared"] or 0) - (row["disagreed"] or 0)) for row in rows}
    return {ref: count for ref, count in agreed.items() if count > 0}


def prior(library: Library, claims: Claims) -> Prior:
    """Authority as the catalog declares it: the one source of an item, then a fallback, then who is only compared."""
    trust = np.full(len(claims.sources), TRUST)
    lift = np.zeros((len(claims.sources), len(claims.items)))
    fixed = np.zeros(len(claims.sources), np.bool_)
    at, makers = {name: n for n, name in enumerate(claims.sources)}, {m.resource for m in library.members if m.entity}
    for number, item in enumerate(map(library.item, claims.items)):
        for ref, lifted in [*((s.ref, AUTHORITY) for s in item.source), *((ref, STANDS_IN) for ref in item.fallback)]:
            if (name := name_of(item, ref)) in at:
                lift[at[name], number] = lifted
            if (silent := silence_of(item, ref)) in at:
                trust[at[silent]] = OMITS if resource_of(ref) in makers else DISOWNS
                fixed[at[silent]] = True
    return Prior(trust, lift, fixed, weight=1.0)
