"""What sharing needs to know about the items of a library: type, sensitivity, sharing attribute, each the strictest that applies.

A library item is at least as sensitive and as closed as the resource items it is published from: nothing is laundered on the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shuyuan.catalog import Catalog, Library, LibraryItem
from shuyuan.catalog.models import Share, item_of, resource_of

SENSITIVITIES = ("none", "internal", "personal", "sensitive")
SHARE_TYPES = ("unconditional", "conditional", "none")


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


def shared_items(catalog: Catalog, library: Library) -> dict[str, SharedItem]:
    """The key and every item of the library, by name."""
    return {item.name: item for item in (_key(library), *(_item(catalog, entry) for entry in library.items))}


def _key(library: Library) -> SharedItem:
    key = library.key
    sensitivity = "sensitive" if key.type == "citizen_id" else "none"
    return SharedItem(key.name, key.label, key.label_en or key.name, "_key", key.type, sensitivity, Share())


def _item(catalog: Catalog, item: LibraryItem) -> SharedItem:
    origins = list(_origins(catalog, item))
    sensitivity = max((item.sensitivity, *(level for level, _ in origins)), key=SENSITIVITIES.index)
    if item.type == "citizen_id":
        sensitivity = max(sensitivity, "personal", key=SENSITIVITIES.index)
    shares = [item.share or Share(), *(share for _, share in origins)]
    share = max(shares, key=lambda one: SHARE_TYPES.index(one.type))
    return SharedItem(item.name, item.label, item.label_en or item.name, item.name, item.type, sensitivity, share)


def _origins(catalog: Catalog, item: LibraryItem) -> Iterator[tuple[str, Share]]:
    """Sensitivity and sharing attribute of every resource item whose value may be published."""
    for ref in (*(scope.ref for scope in item.source), *item.fallback):
        resource = catalog.resources[resource_of(ref)]
        if item_of(ref) == "_records":
            yield "none", resource.share
            continue
        origin = resource.item(item_of(ref))
        yield origin.sensitivity, origin.share or resource.share
