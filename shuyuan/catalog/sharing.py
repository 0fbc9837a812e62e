"""How open each item of a library is: sensitivity and sharing attribute, each the strictest that applies.

A library item is at least as sensitive and as closed as the resource items it is published from: nothing is laundered on the way.
Who reads what through a door (`share`) and what an analyst's own SQL may read (`publish`) both follow from here.
Does not belong here: grants, persons, purposes (`share`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shuyuan.catalog.models import Catalog, Library, LibraryItem, LibraryKey, Share, item_of, resource_of

SENSITIVITIES = ("none", "internal", "personal", "sensitive")
SHARE_TYPES = ("unconditional", "conditional", "none")

_Origin = tuple[str, Share]


@dataclass(frozen=True)
class SharedItem:
    """`column` is where the value is in the library's table: the key's is `_key`."""

    name: str
    label: str
    label_en: str
    column: str
    type: str
    sensitivity: str
    share: Share

    @property
    def personal(self) -> bool:
        return self.sensitivity in ("personal", "sensitive")

    @property
    def open(self) -> bool:
        """Whether it needs no naming in a grant and no mask: nothing personal, nothing withheld or under condition."""
        return not self.personal and self.share.type == "unconditional"


def shared_items(catalog: Catalog, library: Library) -> dict[str, SharedItem]:
    """The key and every item of the library, by name."""
    return {item.name: item for item in (_key(catalog, library), *(_item(catalog, item) for item in library.items))}


def _key(catalog: Catalog, library: Library) -> SharedItem:
    """The key says who is in the library, so it is as closed as the items that make entities."""
    key = library.key
    refs = [f"{member.resource}.{item}" for member in library.members if member.entity for item in member.on]
    own = ("sensitive" if key.type == "citizen_id" else "none", Share())
    return _shared(key, "_key", [own, *_origins(catalog, refs)])


def _item(catalog: Catalog, item: LibraryItem) -> SharedItem:
    floor = "personal" if item.type == "citizen_id" else "none"
    own = [(item.sensitivity, item.share or Share()), (floor, Share())]
    refs = [*(scope.ref for scope in item.source), *item.fallback]
    return _shared(item, item.name, [*own, *_origins(catalog, refs)])


def _shared(item: LibraryKey | LibraryItem, column: str, origins: Sequence[_Origin]) -> SharedItem:
    sensitivity = max((level for level, _ in origins), key=SENSITIVITIES.index)
    share = max((share for _, share in origins), key=lambda one: SHARE_TYPES.index(one.type))
    return SharedItem(item.name, item.label, item.label_en or item.name, column, item.type, sensitivity, share)


def _origins(catalog: Catalog, refs: Iterable[str]) -> Iterator[_Origin]:
    """Of every resource item whose value may be published."""
    for ref in refs:
        resource = catalog.resources[resource_of(ref)]
        if item_of(ref) == "_records":
            yield "none", resource.share
            continue
        origin = resource.item(item_of(ref))
        yield origin.sensitivity, origin.share or resource.share
