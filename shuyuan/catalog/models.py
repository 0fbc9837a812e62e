"""The nouns that are declared: departments, resources, code lists, crosswalks, the policy, the catalog. Frozen; unknown keys are refused.

Belongs here: shapes and what one object can say about itself; libraries stand in `library.py`. Does not belong here: rules between objects
(see `rules.py`) and files (`load.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from shuyuan.catalog.conditions import Condition, Contradiction, ScopedSource
from shuyuan.catalog.declared import (
    Comparator,
    Cycle,
    Declared,
    Identifier,
    ItemRef,
    ItemType,
    ResourceId,
    Share,
    item_of,
    resource_of,
)
from shuyuan.catalog.delivery import Delivery
from shuyuan.catalog.library import Check, Library, LibraryItem, LibraryKey, Member

__all__ = [
    "Catalog",
    "Check",
    "CodeList",
    "Comparator",
    "Condition",
    "Contradiction",
    "Crosswalk",
    "Cycle",
    "Delivery",
    "Department",
    "Drift",
    "ItemRef",
    "ItemType",
    "Library",
    "LibraryItem",
    "LibraryKey",
    "Member",
    "Policy",
    "PolicyNumber",
    "Resource",
    "ResourceItem",
    "ScopedSource",
    "Share",
    "item_of",
    "resource_of",
]


class Department(Declared):
    """A provider of data (提供部门); `contact` is who is called when a feed is red."""

    id: Identifier
    title: str
    title_en: str
    contact: str


class CodeList(Declared):
    """Permitted values of a code item and the standard they come from."""

    id: Identifier
    standard: str
    title: str
    title_en: str
    values: dict[str, str]


class Crosswalk(Declared):
    """How one department's own codes or words map to a code list (码表对照)."""

    id: Identifier
    department: Identifier
    codes: Identifier
    map: dict[str, str]


class ResourceItem(Declared):
    """One information item (信息项) of a delivery. `aliases` are other headers it has been seen under; `element` names the data element it collects."""

    name: Identifier
    label: str
    label_en: str = ""
    type: ItemType = "text"
    required: bool = False
    optional_column: bool = False
    aliases: tuple[str, ...] = ()
    codes: Identifier | None = None
    crosswalk: Identifier | None = None
    unit: str | None = None
    element: str | None = None
    sensitivity: Literal["none", "internal", "personal", "sensitive"] = "none"
    share: Share | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header text that means this item, best first."""
        return (self.label, self.name, *self.aliases)


class Drift(Declared):
    """What happens next when a delivery is no longer what the contract says; every case is a finding, whatever the policy.

    `new`: a column that no item claims. `missing`: a column that is promised (not `optional_column`) and does not come; without a key or a
    required item the delivery is refused in any case. `renamed`: such a column comes under another header, by which it is recognised;
    a key is never taken on a guess. `retyped`: most of a column's values are not of its type any more; `quarantine` sets the column
    aside and takes the rest. `ignore`: headers that are known and not wanted; they are no finding.
    """

    new: Literal["accept", "reject"] = "accept"
    missing: Literal["accept", "reject"] = "reject"
    renamed: Literal["accept", "reject"] = "reject"
    retyped: Literal["accept", "quarantine", "reject"] = "accept"
    ignore: tuple[str, ...] = ()


class Resource(Declared):
    """A delivery contract of one department (信息资源). `id` is `<department>.<name>`; `key` the items that identify a row.

    `bucket_by` names the item whose hash decides the bucket (default: the first key item), so that a library can join without a shuffle.
    `grace` is in working days after the cycle's due date.
    """

    id: ResourceId
    title: str
    title_en: str
    classification: str
    key: tuple[Identifier, ...]
    bucket_by: Identifier | None = None
    update_cycle: Cycle
    grace: int = Field(0, ge=0)
    delivery: Delivery
    share: Share = Share()
    drift: Drift = Drift()
    items: tuple[ResourceItem, ...]

    @property
    def department(self) -> str:
        return self.id.split(".", 1)[0]

    @property
    def table(self) -> str:
        """Name in tables and files."""
        return self.id.replace(".", "__")

    @property
    def bucket_item(self) -> str:
        return self.bucket_by or self.key[0]

    @property
    def moves(self) -> bool:
        """Whether a row may go to another bucket while its key stays."""
        return self.key != (self.bucket_item,)

    def found_by(self, item: str) -> str:
        """The column of its table by which rows with a value of an item are found: their key, where the item is the whole key."""
        return "_key" if self.key == (item,) else item

    def item(self, name: str) -> ResourceItem:
        return next(item for item in self.items if item.name == name)

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [item.name for item in self.items]
        if len(names) != len(set(names)):
            raise ValueError(f"{self.id}: an item is declared twice")
        for name in (*self.key, self.bucket_item):
            if name not in names:
                raise ValueError(f"{self.id}: key item `{name}` is not among its items")
        return self


class PolicyNumber(Declared):
    """One number of the law with its article. `value` is in `unit` (years, working_days, months)."""

    value: int
    unit: Literal["years", "months", "working_days", "days"]
    article: str


class Policy(Declared):
    """The statutes as data: retention, clocks, and which levels of legal basis allow not sharing."""

    id: Identifier
    title: str
    retention: dict[str, PolicyNumber]
    clocks: dict[str, PolicyNumber]
    purposes: dict[str, str]
    legal_basis_levels: tuple[str, ...]


class Catalog(Declared):
    """Everything declared, by id, in sorted order. `where` maps an object's id to `file:line` for messages.

    `divisions_history`: the table of division codes over time that lies beside the code lists, if there is one (see `standards.History`).
    """

    departments: dict[str, Department]
    codes: dict[str, CodeList]
    crosswalks: dict[str, Crosswalk]
    resources: dict[str, Resource]
    libraries: dict[str, Library]
    policy: Policy
    where: dict[str, str]
    divisions_history: Path | None = None

    def links_of(self, resource: str) -> tuple[str, ...]:
        """The items of a resource that hold keys of libraries, in the order of its contract."""
        members = [member for library in self.libraries.values() for member in library.members]
        linked = {on for member in members if member.resource == resource for on in member.on}
        return tuple(item.name for item in self.resources[resource].items if item.name in linked)

    def libraries_of(self, resource: str) -> list[Library]:
        """The libraries that a resource feeds."""
        return [lib for lib in self.libraries.values() if any(m.resource == resource for m in lib.members)]
