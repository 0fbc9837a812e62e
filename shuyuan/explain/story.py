"""Why a published value is what it is: its one source, the row it came from, and why every other claim did not win. Pure.

Belongs here: putting together what the tables say. Does not belong here: asking them (`facts`), drawing it (the doors).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from shuyuan.catalog import Catalog, Library, LibraryItem, item_of, resource_of
from shuyuan.explain.facts import Facts
from shuyuan.explain.past import Former, former, open_at, still_known
from shuyuan.share.moment import NOW, Moment

Standing = Literal["agree", "disagree", "no claim", "masked", "not compared", "waiting", "unknown"]
"""`masked`: what was sent is masked and claims nothing. `not compared`: no check, or nothing published. `waiting`: delivered after the last
run. `unknown`: of the past, and no table tells."""
Part = Literal["source", "fallback", "check"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Origin:
    """Where a value was read: resource, department, delivery and row. `raw`: the text as sent, where standardising changed it.

    `replaced`: the row says something else now than what is published, or is not there any more; then only the reference is sure.
    """

    ref: str
    resource: str
    department: str
    batch: int | None = None
    file_name: str | None = None
    line: int | None = None
    place: str | None = None
    as_of: date | None = None
    received_at: datetime | None = None
    row: str | None = None
    raw: str | None = None
    replaced: bool = False


@dataclass(frozen=True)
class Claim:
    """What another claimant says about the item, and why it is not the published value.

    `part`: the one source (silent), a fallback (asked only when it is), a check (compared, never published). `kind`, `opened_run`,
    `opened_at`, `pattern` are of the disagreement that is open, `suspect` whose claim is wrong with `probability`, by the court;
    `reason` is the verdict on a cell that holds no usable value.
    """

    origin: Origin
    part: Part
    value: str
    standing: Standing
    kind: str | None = None
    reason: str | None = None
    discrepancy_id: int | None = None
    opened_run: int | None = None
    opened_at: datetime | None = None
    pattern: str | None = None
    suspect: str | None = None
    probability: float | None = None


@dataclass(frozen=True)
class Explained:
    """One item of one entity. `filled`: the one source was silent and a declared fallback spoke. `now`: today's value, when a past one is shown."""

    item: LibraryItem
    value: str
    filled: bool
    origin: Origin
    claims: tuple[Claim, ...]
    former: tuple[Former, ...] = ()
    now: str | None = None

    @property
    def changed(self) -> bool:
        """Whether today's value is another one than the one that is shown."""
        return self.now is not None and self.now != self.value


def explain(catalog: Catalog, library: Library, key: str, facts: Facts, moment: Moment = NOW) -> list[Explained]:
    """Every item of the entity at the moment; empty when the library did not hold it."""
    story = Story(catalog, key, facts, moment)
    return [story.item(item) for item in library.items] if facts.row else []


def source_ref(item: LibraryItem, key: str) -> str | None:
    """The one source of the item for an entity: the scope whose prefix its key begins with."""
    return next((scope.ref for scope in item.source if not scope.prefixes or key.startswith(scope.prefixes)), None)


def camps(pattern: str, item: LibraryItem, origin: str) -> list[tuple[str, ...]]:
    """Who stands with whom: the claimants that say the same, by a discrepancy's pattern; the published value's camp first."""
    claimants = (origin, *(check.ref for check in item.check))
    found: dict[str, list[str]] = defaultdict(list)
    for letter, ref in zip(pattern, claimants, strict=False):
        if letter != ".":
            found[letter].append(ref)
    return [tuple(refs) for _, refs in sorted(found.items())]


@dataclass(frozen=True)
class Story:
    """One entity at one moment."""

    catalog: Catalog
    key: str
    facts: Facts
    moment: Moment = NOW

    @cached_property
    def open(self) -> dict[tuple[str, str], Row]:
        """(item, claim) → the disagreement that was open at the moment."""
        return {(d["item"], d["claim_ref"]): d for d in self.facts.discrepancies if open_at(self.moment, d)}

    def item(self, item: LibraryItem) -> Explained:
        row = self.facts.row or {}
        value, filled_by = row.get(item.name), (row.get("_filled") or {}).get(item.name)
        own = source_ref(item, self.key)
        fallback = next((ref for ref in item.fallback if resource_of(ref) == filled_by), None)
        ref = fallback or own
        claims = tuple(self.claim(item, other, part, value) for other, part in self._others(item, own, ref).items())
        origin = self.published(ref, value) if ref else Origin("", "", "")
        explained = Explained(item, self.shown(ref, value), fallback is not None, origin, claims)
        return replace(explained, former=self._former(item, ref), now=self._now(item, ref))

    def _others(self, item: LibraryItem, own: str | None, ref: str | None) -> dict[str, Part]:
        """Every other claimant once, by its weightiest part."""
        found: dict[str, Part] = {own: "source"} if own else {}
        for check in item.check:
            found.setdefault(check.ref, "check")
        for fallback in item.fallback:
            found.setdefault(fallback, "fallback")
        found.pop(ref or "", None)
        return found

    def claim(self, item: LibraryItem, ref: str, part: Part, published: object) -> Claim:
        row, found = self.facts.claims.get(resource_of(ref)), self.open.get((item.name, ref))
        compared = part == "source" or any(check.ref == ref for check in item.check)
        standing = self._standing(row, ref, published, found, compared)
        if part == "source" and standing == "unknown":
            standing = "no claim"  # a fallback spoke, so it was silent: that much is known of any day
        known = self._known(row)
        value = row.get(item_of(ref)) if row and known else None
        if found is not None and self.moment.past:
            value = found["claim_value"]
        reason = _cell(row, "_verdicts", ref) if known and value is None else None
        origin = self.origin(ref) if known else replace(self._bare(ref), replaced=found is not None)
        return self._disputed(Claim(origin, part, self.shown(ref, value), standing, reason=reason), found)

    def _disputed(self, claim: Claim, found: Row | None) -> Claim:
        """With what the ledger says of the disagreement; the court's verdict is about what is open now, not about the past."""
        if found is None:
            return claim
        kept = {name: found[name] for name in ("discrepancy_id", "opened_run", "opened_at", "pattern")}
        judged: Row = {} if self.moment.past else self.facts.suspects.get(found["discrepancy_id"], {})
        suspected: dict[str, Any] = {name: judged.get(name) for name in ("suspect", "probability")}
        return replace(claim, kind=found["class"], **kept, **suspected)

    def _standing(self, row: Row | None, ref: str, published: object, found: Row | None, compared: bool) -> Standing:
        """A claim beside an empty value was compared with nothing: it must not read as agreement."""
        if found is not None:
            return "disagree"
        if not self._known(row):
            return "unknown"
        if row is None or row.get(item_of(ref)) is None:
            return "masked" if _cell(row, "_verdicts", ref) == "masked" else "no claim"
        if compared and self._after_the_run(self._batch(row)):
            return "waiting"
        return "agree" if compared and published is not None else "not compared"

    def _known(self, row: Row | None) -> bool:
        """Whether what a row says now is what it said at the moment. That no row is there now tells of now only."""
        return not self.moment.past or still_known(self.moment, row, self._batch(row))

    def _after_the_run(self, batch: Row | None) -> bool:
        last = self.facts.last
        admitted = batch["admitted_at"] if batch else None
        return bool(last and admitted and admitted > last["started_at"])

    def published(self, ref: str, value: object) -> Origin:
        """Where the published value came from; only the reference where that row says something else by now."""
        row = self.facts.claims.get(resource_of(ref))
        known = self._known(row)
        if value is None and not known:
            return self._bare(ref)
        if known and (row.get(item_of(ref)) if row else None) == value:
            return self.origin(ref)
        return replace(self._bare(ref), replaced=True)

    def origin(self, ref: str) -> Origin:
        """The row that a claimant speaks with now."""
        found, row = self._bare(ref), self.facts.claims.get(resource_of(ref))
        if row is None:
            return found
        batch = self._batch(row) or {}
        return replace(
            found, batch=row["_batch"], file_name=batch.get("file_name"), line=row["_line"], as_of=row["_as_of"],
            place=row.get("_place"), received_at=batch.get("received_at"), row=row.get("_row"),
            raw=_cell(row, "_raw", ref),
        )  # fmt: skip

    def _bare(self, ref: str) -> Origin:
        return Origin(ref, resource_of(ref), self.catalog.resources[resource_of(ref)].department)

    def _batch(self, row: Row | None) -> Row | None:
        return self.facts.batches.get(row["_batch"]) if row else None

    def _former(self, item: LibraryItem, ref: str | None) -> tuple[Former, ...]:
        return tuple(replace(one, value=self.shown(ref, one.value)) for one in former(self.facts.versions, item.name))

    def _now(self, item: LibraryItem, ref: str | None) -> str | None:
        if not self.moment.past:
            return None
        return self.shown(ref, self.facts.today.get(item.name)) if self.facts.today else ""

    def shown(self, ref: str | None, value: object) -> str:
        """A value as text, a code with the word it stands for."""
        if value is None:
            return ""
        text = f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
        resource = self.catalog.resources.get(resource_of(ref)) if ref else None
        if ref is None or resource is None or item_of(ref) == "_records":
            return text
        codes = self.catalog.codes.get(resource.item(item_of(ref)).codes or "")
        word = codes.values.get(text) if codes else None
        return f"{text} · {word}" if word else text


def _cell(row: Row | None, column: str, ref: str) -> str | None:
    """What the JSON `column` of a source row says about the claimed cell."""
    return ((row or {}).get(column) or {}).get(item_of(ref))
