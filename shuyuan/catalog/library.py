"""A library as it is declared: who feeds it, each item's one source, the checks, the groups that come from one row, the contradictions.

Belongs here: shapes and what one library can say about itself. Does not belong here: whether what it names exists (`library_rules.py`).
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import field_validator, model_validator

from shuyuan.catalog.conditions import Condition, Contradiction, ScopedSource, conditions_of
from shuyuan.catalog.declared import Comparator, Declared, Identifier, ItemRef, ItemType, ResourceId, Share


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


class Check(Declared):
    """One competing claim that is compared on every load.

    `definition: true`: a known difference of definition, never an error. `silence: true`: a claim about which the source says
    nothing is a disagreement too (a death certificate of somebody the register holds for alive). `when`: it is compared only for
    entities whose published values satisfy every condition, item → codes, `present` or `absent`.
    """

    ref: ItemRef
    definition: bool = False
    silence: bool = False
    when: tuple[Condition, ...] = ()

    @field_validator("when", mode="before")
    @classmethod
    def _conditions(cls, value: object) -> object:
        return conditions_of(value)


class LibraryItem(Declared):
    """An item of a library: exactly one source per entity (一数一源), the checks (多元校核) and the comparator.

    `tolerance`: days for dates, yuan for amounts, degrees for coordinates. `timing`: days within which a difference counts as timing.
    `group`: items of one name always come from one row: of the source and the fallbacks, the first that knows any of them speaks for
    all of them, so that an address is never mixed from two registers.
    """

    name: Identifier
    label: str
    label_en: str = ""
    type: ItemType = "text"
    source: tuple[ScopedSource, ...]
    fallback: tuple[ItemRef, ...] = ()
    check: tuple[Check, ...] = ()
    compare: Comparator | None = None
    group: Identifier | None = None
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
    contradictions: tuple[Contradiction, ...] = ()

    def claims(self, member: Member, *, ruled: bool = False) -> str:
        """Name of the view of what a member claims of entities by number; `ruled`: of those that stewards ruled about, by what they ruled."""
        return f"{self.id}__{member.table}{'__ruled' if ruled else ''}"

    @property
    def ruled(self) -> str:
        """Name of the view of the keys whose claims rulings move; table names of members have a department before their `__`."""
        return f"{self.id}__ruled"

    def member(self, resource: str) -> Member:
        return next(member for member in self.members if member.resource == resource)

    def item(self, name: str) -> LibraryItem:
        return next(item for item in self.items if item.name == name)

    def group_of(self, item: LibraryItem) -> tuple[LibraryItem, ...]:
        """The items that come from one row with this one, itself among them; itself alone where it names no group."""
        return tuple(one for one in self.items if one.group == item.group) if item.group else (item,)

    def contradiction(self, name: str) -> Contradiction:
        return next(one for one in self.contradictions if one.id == name)
