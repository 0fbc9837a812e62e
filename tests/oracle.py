"""What a resolve run must find, in plain Python: slow, small, and written from the rules rather than from the SQL.

Belongs here: one entity at a time, one rule at a time. Does not belong here: how an engine does it (`shuyuan/resolve/`).
Rows are dicts: the items of the resource plus `_key` and `_as_of`, all live (no tombstones).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from contradicting import finding

from shuyuan.catalog import Catalog, Check, Contradiction, Library, LibraryItem, item_of, resource_of

Row = Mapping[str, Any]
BLANKS = " \t\n\f\r"
NAME_MARKS = "·.•"
ORG_MARKS = "()（）·.,，、\"“”'-"
ADDRESS_MARKS = ",，、。()（）#"
HYPHENS = "‐‑–—－"
DIGITS = "0123456789"
EARLIER = str.maketrans("bcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxy")


@dataclass
class Found:
    """`rows` by key, with `_filled`; `disputes` by (entity, item, claim_ref); `counts`: (item, claim_ref) → (compared, disagreed)."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    disputes: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    counts: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


def resolve(
    catalog: Catalog,
    library: Library,
    members: Mapping[str, Sequence[Row]],
    day: date,
    delivered: Collection[str] | None = None,
) -> Found:
    """Every entity of a library from the live rows of its members, as of a business date.

    `delivered`: the members that have ever delivered; without it those that say anything today.
    """
    ever = {resource for resource, rows in members.items() if rows} if delivered is None else delivered
    declared = [one for one in library.contradictions if all(resource_of(ref) in ever for ref in one.silent)]
    spoken = {m.resource: speakers(library, m.resource, members.get(m.resource, ())) for m in library.members}
    keys = {key for m in library.members if m.entity for key in spoken[m.resource]}
    found = Found(counts={(item.name, check.ref): (0, 0) for item in library.items for check in item.check})
    for key in sorted(keys):
        entity = Entity(catalog, library, key, {r: rows[key] for r, rows in spoken.items() if key in rows}, day)
        found.rows[key] = entity.row()
        for item in library.items:
            _cross_check(entity, item, found)
        for one in declared:
            _contradict(entity, one, found)
    return found


def speakers(library: Library, resource: str, rows: Sequence[Row]) -> dict[str, Row]:
    """Per entity the one row that speaks for it: the greatest `latest`, then the greatest key. `_records`: how many name it."""
    member = library.member(resource)
    named: dict[str, list[Row]] = {}
    for row in rows:
        for on in member.on:
            if row[on] is not None:
                named.setdefault(row[on], []).append(row)

    def newest(row: Row) -> tuple[Any, ...]:
        value = row[member.latest] if member.latest else None
        return (value is not None, value, row["_key"]) if value is not None else (False, row["_key"])

    return {key: {**max(every, key=newest), "_records": len(every)} for key, every in named.items()}


class Entity:
    """One entity and the rows that speak of it."""

    def __init__(self, catalog: Catalog, library: Library, key: str, spoken: Mapping[str, Row], day: date) -> None:
        self.catalog, self.library, self.key, self.spoken, self.day = catalog, library, key, spoken, day

    def claim(self, ref: str) -> Any:
        return self.spoken.get(resource_of(ref), {}).get(item_of(ref))

    def as_of(self, ref: str | None) -> date | None:
        return self.spoken.get(resource_of(ref), {}).get("_as_of") if ref else None

    def source(self, item: LibraryItem) -> str | None:
        """The one source of the item for this key; none outside every scope."""
        for scope in item.source:
            if not scope.prefixes or any(self.key.startswith(prefix) for prefix in scope.prefixes):
                return scope.ref
        return None

    def origin(self, item: LibraryItem) -> str | None:
        """Whose claim is published: the source's, else that of the first fallback which has one."""
        candidates = [self.source(item), *item.fallback]
        return next((ref for ref in candidates if ref and self.claim(ref) is not None), None)

    def value(self, item: LibraryItem) -> Any:
        origin = self.origin(item)
        return self.claim(origin) if origin else None

    def row(self) -> dict[str, Any]:
        """The library's row. `_filled`: item → the resource that stood in for the silent source."""
        origins = {item.name: self.origin(item) for item in self.library.items}
        filled = {i.name: resource_of(o) for i in self.library.items if (o := origins[i.name]) and o in i.fallback}
        values = {item.name: self.value(item) for item in self.library.items}
        return {**values, "_filled": json.dumps(filled, separators=(",", ":")) if filled else None}

    def event(self, item: LibraryItem) -> date | None:
        """When that happened which the source tells of, where its rows are ordered by a date."""
        ref = self.source(item)
        member = self.library.member(resource_of(ref)) if ref else None
        if not (ref and member and member.latest):
            return None
        dated = self.catalog.resources[member.resource].item(member.latest).type == "date"
        return self.claim(f"{member.resource}.{member.latest}") if dated else None


def _cross_check(entity: Entity, item: LibraryItem, found: Found) -> None:
    for check in item.check:
        agrees = verdict(entity, item, check)
        compared, disagreed = found.counts[item.name, check.ref]
        found.counts[item.name, check.ref] = (compared + (agrees is not None), disagreed + (agrees is False))
        if agrees is False:
            found.disputes[entity.key, item.name, check.ref] = dispute(entity, item, check)


def _contradict(entity: Entity, one: Contradiction, found: Found) -> None:
    """What a contradiction finds about the entity stands beside the disputes, under its own id."""
    kinds = {"source": one.source[0].ref, "claim": one.claim}

    def alike(of: str, mine: Any, other: Any) -> bool | None:
        ref = kinds.get(of, of)
        item = COMPARED.get(entity.catalog.resources[resource_of(ref)].item(item_of(ref)).type, EXACT)
        said = [comparable(item, value) for value in (mine, other)]
        return None if None in said else agree(item, mine, other)

    told = finding(one, entity.key, entity.claim, entity.day, alike)
    if told is not None:
        found.disputes[entity.key, one.id, one.claim] = {
            "source_ref": told.source_ref,
            "source_value": text(told.source_value),
            "claim_value": text(told.claim_value),
            "class": told.kind,
            "pattern": None,
            "_turns": told.turns,
        }


def verdict(entity: Entity, item: LibraryItem, check: Check) -> bool | None:
    """Does the claim agree? None: nothing to compare; silence of the source is a disagreement only where the check says so."""
    origin, claimed = entity.origin(item), entity.claim(check.ref)
    if origin == check.ref:
        return None
    agrees = agree(item, entity.value(item), claimed)
    if agrees is None and check.silence and comparable(item, claimed) is not None:
        return False
    return agrees


def dispute(entity: Entity, item: LibraryItem, check: Check) -> dict[str, Any]:
    asked = entity.source(item) or item.source[0].ref
    return {
        "source_ref": entity.origin(item) or asked,
        "source_value": text(entity.value(item)),
        "claim_value": text(entity.claim(check.ref)),
        "class": kind(entity, item, check, entity.day),
        "pattern": pattern(entity, item),
        "_turns": turns(entity, item, check),
    }


def kind(entity: Entity, item: LibraryItem, check: Check, day: date) -> str:
    """`definition` as declared; `timing`: the event is recent, or the source has moved on since the claim, lately; else `error`."""
    if check.definition:
        return "definition"
    event, moved = entity.event(item), _moved_on(entity, item, check)
    recent = event is not None and timedelta(0) <= day - event <= timedelta(item.timing)
    lately = moved is not None and day - moved <= timedelta(item.timing)
    return "timing" if item.timing > 0 and (recent or lately) else "error"


def _moved_on(entity: Entity, item: LibraryItem, check: Check) -> date | None:
    """The day of the source's word, if it is later than the claim's."""
    source, claimed = entity.as_of(entity.source(item)), entity.as_of(check.ref)
    return source if source and claimed and source > claimed else None


def turns(entity: Entity, item: LibraryItem, check: Check) -> date | None:
    """The first day after the business date on which time alone may give the dispute another class."""
    if check.definition or item.timing <= 0:
        return None
    event, moved, after = entity.event(item), _moved_on(entity, item, check), timedelta(item.timing + 1)
    days = [event, event and event + after, moved and moved + after]
    return min((day for day in days if day and day > entity.day), default=None)


def pattern(entity: Entity, item: LibraryItem) -> str:
    """Who stands with whom: the published value first, then every check; a letter per opinion, by first appearance.

    '.': no value, or a check that was not compared. A claim is of the opinion of the first claimant it agrees with, the value before all.
    """
    opinions: list[Any] = [entity.value(item)]
    letters = "." if opinions[0] is None else "a"
    for check in item.check:
        compared, value = verdict(entity, item, check), entity.claim(check.ref)
        if compared is None:
            letters += "."
            continue
        same = (
            0
            if compared
            else next((n for n, one in enumerate(opinions[1:], 1) if agree(item, one, value)), len(opinions))
        )
        if same == len(opinions):
            opinions.append(value)
        letters += "abcdefghijklmnopqrstuvwxyz"[same]
    return letters if letters[0] == "a" else letters.translate(EARLIER)


def text(value: Any) -> str | None:
    """A value as the dispute tells it: amounts with six decimals, coordinates in as few digits as name the number."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        return f"{value:.6f}"
    return repr(value) if isinstance(value, float) else str(value)


def agree(item: LibraryItem, one: Any, other: Any) -> bool | None:
    """Whether two values agree by the item's comparator; None where either has nothing to compare. Texts that are written alike do."""
    if item.compare in SPELLINGS and one is not None and one == other:
        return True
    a, b = comparable(item, one), comparable(item, other)
    if a is None or b is None:
        return None
    if item.compare == "date":
        return abs((a - b).days) <= item.tolerance
    if item.compare == "amount":
        return abs(a - b) <= Decimal(repr(item.tolerance))
    if item.compare == "coordinate":
        return abs(a - b) < item.tolerance + 5e-10
    return _same_address(a, b) if item.compare == "address" else bool(a == b)


def comparable(item: LibraryItem, value: Any) -> Any:
    """A text without what makes no difference; None where nothing else is in it."""
    spell = SPELLINGS.get(item.compare or "")
    return value if value is None or spell is None else (spell(value) or None)


def _low(value: str) -> str:
    """Lower case letter by letter: no rule looks at the neighbours, no letter becomes two."""
    return "".join(letter.lower()[0] for letter in value)


def _person(value: str) -> str:
    return "".join(c for c in _low(value) if c not in NAME_MARKS + BLANKS)


def _org(value: str) -> str:
    return "".join(c for c in _low(value) if c not in ORG_MARKS + BLANKS)


def _address(value: str) -> str:
    """No punctuation; of hyphens and dots only the first of those that stand between two digits."""
    bare = [("-" if c in HYPHENS else c) for c in value if c not in ADDRESS_MARKS + BLANKS]
    kept = ""
    for at, letter in enumerate(bare):
        if letter not in "-.":
            kept += letter
            continue
        follows = next((c for c in bare[at:] if c not in "-."), "")
        if kept and kept[-1] in DIGITS and follows and follows in DIGITS:
            kept += letter
    return kept


def _same_address(a: str, b: str) -> bool:
    """One may leave out province, city or district; not less than four letters, and never from the middle of a number on."""
    if len(a) == len(b):
        return a == b
    short, long = sorted((a, b), key=len)
    cut = len(long) - len(short)
    splits = long[cut - 1] in DIGITS and long[cut] in DIGITS
    return len(short) >= 4 and long.endswith(short) and not splits


EXACT = LibraryItem.model_validate({"name": "it", "label": "", "source": "a.b.c", "compare": "exact"})
SPELLINGS: dict[str, Callable[[str], str]] = {"person_name": _person, "org_name": _org, "address": _address}
COMPARED = {name: EXACT.model_copy(update={"compare": name}) for name in SPELLINGS}
