"""Why a published value is what it is: its one source, the row it came from, and what the others claim. Pure.

Belongs here: putting together what the tables say. Does not belong here: asking them (`pages.entity`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shuyuan.catalog import Catalog, Library, LibraryItem, item_of, resource_of

Standing = Literal["agree", "disagree", "no claim", "not compared"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Origin:
    """Where a value was read: resource, department, batch, file, line and the business date it speaks about."""

    ref: str
    resource: str
    department: str
    batch: int | None = None
    file_name: str | None = None
    line: int | None = None
    as_of: Any = None


@dataclass(frozen=True)
class Claim:
    """What one other department says about the item."""

    origin: Origin
    value: str
    standing: Standing
    kind: str | None = None


@dataclass(frozen=True)
class Explained:
    """One item of one entity. `filled`: the one source was silent and a declared fallback spoke."""

    item: LibraryItem
    value: str
    filled: bool
    origin: Origin
    claims: tuple[Claim, ...]


def explain(
    catalog: Catalog,
    library: Library,
    row: Row,
    claims: Mapping[str, Row],
    batches: Mapping[int, Row],
    open_: Sequence[Row],
) -> list[Explained]:
    """Every item of `row` (of library.<id>). `claims`: resource → its row about the entity; `open_`: the open discrepancies."""
    story = _Story(catalog, str(row["_key"]), claims, batches, {(d["item"], d["claim_ref"]): d for d in open_})
    filled = row["_filled"] or {}
    return [story.item(item, row[item.name], filled.get(item.name)) for item in library.items]


def source_ref(item: LibraryItem, key: str) -> str | None:
    """The one source of the item for an entity: the scope whose prefix its key begins with."""
    return next((scope.ref for scope in item.source if not scope.prefixes or key.startswith(scope.prefixes)), None)


@dataclass(frozen=True)
class _Story:
    catalog: Catalog
    key: str
    claims: Mapping[str, Row]
    batches: Mapping[int, Row]
    open: Mapping[tuple[str, str], Row]

    def item(self, item: LibraryItem, value: object, filled_by: str | None) -> Explained:
        fallback = next((ref for ref in item.fallback if resource_of(ref) == filled_by), None)
        ref = fallback or source_ref(item, self.key)
        others = [check.ref for check in item.check if check.ref != ref]
        origin = self.origin(ref) if ref else Origin("", "", "")
        shown = _shown(self.meaning(ref or "", value))
        return Explained(
            item, shown, fallback is not None, origin, tuple(self.claim(item, other, value) for other in others)
        )

    def claim(self, item: LibraryItem, ref: str, published: object) -> Claim:
        row = self.claims.get(resource_of(ref), {})
        value = row.get(item_of(ref))
        found = self.open.get((item.name, ref))
        kind = found["class"] if found else None
        return Claim(self.origin(ref), _shown(self.meaning(ref, value)), _standing(value, published, found), kind)

    def origin(self, ref: str) -> Origin:
        resource = self.catalog.resources[resource_of(ref)]
        row = self.claims.get(resource.id, {})
        batch = self.batches.get(row.get("_batch", -1), {})
        place = (row.get("_batch"), batch.get("file_name"), row.get("_line"), row.get("_as_of"))
        return Origin(ref, resource.id, resource.department, *place)

    def meaning(self, ref: str, value: object) -> object:
        """A code with the word it stands for."""
        resource = self.catalog.resources.get(resource_of(ref)) if ref else None
        if value is None or resource is None or item_of(ref) == "_records":
            return value
        codes = self.catalog.codes.get(resource.item(item_of(ref)).codes or "")
        word = codes.values.get(str(value)) if codes else None
        return f"{value} · {word}" if word else value


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _standing(claimed: object, published: object, found: Row | None) -> Standing:
    """A claim beside an empty value was compared with nothing: it must not read as agreement."""
    if found is not None:
        return "disagree"
    if claimed is None:
        return "no claim"
    return "agree" if published is not None else "not compared"
