"""WHAT exists: YAML in `catalog/` → frozen models. `load_catalog` is the only way in."""

from shuyuan.catalog.errors import CatalogError
from shuyuan.catalog.load import load_catalog
from shuyuan.catalog.models import (
    Catalog,
    Check,
    Condition,
    Contradiction,
    Department,
    Library,
    LibraryItem,
    Member,
    Resource,
    ResourceItem,
    item_of,
    resource_of,
)

__all__ = [
    "Catalog",
    "CatalogError",
    "Check",
    "Condition",
    "Contradiction",
    "Department",
    "Library",
    "LibraryItem",
    "Member",
    "Resource",
    "ResourceItem",
    "item_of",
    "load_catalog",
    "resource_of",
]
