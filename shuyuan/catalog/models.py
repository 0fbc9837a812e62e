"""The nouns that are declared: departments, resources, libraries, code lists, crosswalks, the policy. Frozen; unknown keys are refused.

Belongs here: shapes and what one object can say about itself. Does not belong here: rules between objects (see `rules.py`) and files (`load.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from shuyuan.catalog.declared import Declared, Identifier
from shuyuan.catalog.delivery import Delivery

ItemType = Literal[
    "text", "identifier", "phone", "address", "person_name", "org_name", "citizen_id", "uscc",
    "code", "division", "date", "amount", "integer", "coordinate",
    "org_code", "reg_no", "tax_no", "inst_cert_no", "social_reg_no", "parcel_code", "real_estate_unit_no", "bank_card", "postcode", "email",
]  # fmt: skip
Comparator = Literal["exact", "person_name", "org_name", "code", "date", "amount", "address", "coordinate"]
Cycle = Literal["realtime", "daily", "weekly", "monthly", "quarterly", "semiannual", "annual", "irregular"]
ResourceId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
ItemRef = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\.(_records|[a-z][a-z0-9_]*)$")]


def resource_of(ref: str) -> str:
    """`public_security.resident.name` → `public_security.resident`."""
    return ref.rsplit(".", 1)[0]


def item_of(ref: str) -> str:
    """`public_security.resident.name` → `name`."""
    return ref.rsplit(".", 1)[1]


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


class Share(Declared):
    """Sharing attribute (共享属性): unconditional, conditional with its condition, none with its legal basis (国发〔2016〕51号 第九条, 第十条)."""

    type: Literal["unconditional", "conditional", "none"] = "unconditional"
    condition: str | None = None
    basis: str | None = None


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


class Member(Declared):
    """How a resource reaches the entities of a library: `on` are the items that hold the entity's key.

    `entity: true` means its rows create entities. Where one entity has several rows the one with the greatest `latest` item speaks.
    """

    resource: ResourceId
    on: tuple[Identifier, ...]
    entity: bool = False
    latest: Identifier | None = None

    @field_validator("on", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @property
    def table(self) -> str:
        return self.resource.replace(".", "__")


class ScopedSource(Declared):
    """The one source of an item for the entities whose key starts with one of `prefixes` (empty: all entities)."""

    prefixes: tuple[str, ...] = ()
    ref: ItemRef


class Check(Declared):
    """One competing claim that is compared on every load.

    `definition: true`: a known difference of definition, never an error. `silence: true`: a claim about which the source says
    nothing is a disagreement too (a death certificate of somebody the register holds for alive).
    """

    ref: ItemRef
    definition: bool = False
    silence: bool = False


class LibraryItem(Declared):
    """An item of a library: exactly one source per entity (一数一源), the checks (多元校核) and the comparator.

    `tolerance`: days for dates, yuan for amounts, degrees for coordinates. `timing`: days within which a difference counts as timing.
    """

    name: Identifier
    label: str
    label_en: str = ""
    type: ItemType = "text"
    source: tuple[ScopedSource, ...]
    fallback: tuple[ItemRef, ...] = ()
    check: tuple[Check, ...] = ()
    compare: Comparator | None = None
    tolerance: float = 0
    timing: int = 0
    sensitivity: Literal["none", "internal", "personal", "sensitive"] = "none"
    share: Share | None = None

    @field_validator("source", mode="before")
    @classmethod
    def _scopes(cls, value: object) -> object:
        """`source: a.b.c` or `source: {"91 93": a.b.c, "5": d.e.f}` (key prefixes, blank separated)."""
        if isinstance(value, str):
            return ({"ref": value},)
        if isinstance(value, dict):
            return tuple({"prefixes": tuple(str(prefix).split()), "ref": ref} for prefix, ref in value.items())
        if isinstance(value, list | tuple):
            raise ValueError(
                "two sources for one item: one number has one source (一数一源); use `check` for the others"
            )
        return value

    @field_validator("check", mode="before")
    @classmethod
    def _refs(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            return value
        return tuple({"ref": entry} if isinstance(entry, str) else entry for entry in value)

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.check and not self.compare:
            raise ValueError(f"item `{self.name}` has a check but no comparator: say `compare:`")
        prefixes = [prefix for scope in self.source for prefix in (scope.prefixes or ("",))]
        for one in prefixes:
            for other in prefixes:
                if one is not other and other.startswith(one):
                    raise ValueError(f"two sources for one item: scopes `{one}` and `{other}` of `{self.name}` overlap")
        return self

    @property
    def refs(self) -> tuple[str, ...]:
        """Every claim this item knows: sources, fallbacks, checks."""
        return (*(s.ref for s in self.source), *self.fallback, *(c.ref for c in self.check))


class LibraryKey(Declared):
    name: Identifier
    label: str
    label_en: str = ""
    type: ItemType = "identifier"


class Library(Declared):
    """A basic or thematic resource library (基础/主题信息资源库) and its lead department (牵头部门)."""

    id: Identifier
    title: str
    title_en: str
    kind: Literal["basic", "thematic"]
    lead: Identifier
    key: LibraryKey
    members: tuple[Member, ...]
    items: tuple[LibraryItem, ...]

    def member(self, resource: str) -> Member:
        return next(member for member in self.members if member.resource == resource)

    def item(self, name: str) -> LibraryItem:
        return next(item for item in self.items if item.name == name)


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

    def libraries_of(self, resource: str) -> list[Library]:
        """The libraries that a resource feeds."""
        return [lib for lib in self.libraries.values() if any(m.resource == resource for m in lib.members)]
