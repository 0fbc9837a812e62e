"""The members of a library side by side: the columns of that relation, and which claimant speaks for an item.

Belongs here: one number one source, as SQL. Does not belong here: what is compared with the value (`plan.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shuyuan.catalog import Catalog, Library, LibraryItem, item_of, resource_of
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, Literal, fragment, join, statement
from shuyuan.resolve import contradictions
from shuyuan.resolve.conditions import grouped, speaks

DUCK = {"date": "DATE", "amount": "DECIMAL(20,6)", "integer": "BIGINT", "coordinate": "DOUBLE"}
"""Item type → the engine's; text unless said otherwise."""


def member_view(resource: str) -> Identifier:
    """Name of a member's claims on the bucket's connection."""
    return Identifier("m_" + resource.replace(".", "__"))


def claim(ref: str) -> Composed:
    """A member's claim, where the members are joined."""
    return fragment("{member}.{item}", member=member_view(resource_of(ref)), item=Identifier(item_of(ref)))


def claim_column(ref: str) -> Identifier:
    """The column that holds a claim once the members are joined."""
    return Identifier(f"_claim_{ref.replace('.', '__')}")


def day_column(ref: str) -> Identifier:
    """The column that holds the business date of the claim's row."""
    return Identifier(f"_day_{resource_of(ref).replace('.', '__')}")


def entity(library: Library) -> Composed:
    """The entity's key: of the members that make entities, whichever knows it."""
    makers = [member_view(member.resource) for member in library.members if member.entity]
    return fragment("coalesce({keys}, NULL)", keys=join(fragment("{member}.entity", member=m) for m in makers))


def joins(library: Library) -> Composed:
    """Members side by side: those that make entities know them together, the others only add to them."""
    makers = [member_view(member.resource) for member in library.members if member.entity]
    known: Composable = makers[0]
    for number, maker in enumerate(makers[1:], 1):
        keys = join(fragment("{member}.entity", member=m) for m in makers[:number])
        template = "{known} FULL JOIN {member} ON {member}.entity = coalesce({keys}, NULL)"
        known = fragment(template, known=known, member=maker, keys=keys)
    others = [member_view(member.resource) for member in library.members if not member.entity]
    template = "LEFT JOIN {member} ON {member}.entity = {key}"
    return join((known, *(fragment(template, member=m, key=entity(library)) for m in others)), "\n")


def scoped(
    library: Library, item: LibraryItem, per_source: Mapping[str, Composable], key: Composable, otherwise: str = "NULL"
) -> Composable:
    """An expression by the entity's one source: plain for one source, CASE by key prefix for scoped ones."""
    if len(item.source) == 1 and not item.source[0].prefixes:
        return per_source[item.source[0].ref]
    whens = [
        fragment(
            "WHEN starts_with({key}, {prefix}) THEN {value}", key=key, prefix=Literal(prefix), value=per_source[s.ref]
        )
        for s in item.source
        for prefix in s.prefixes
    ]
    return fragment("CASE {whens} ELSE {otherwise} END", whens=join(whens, " "), otherwise=SQL(otherwise))


class Wide:
    """The columns of the members joined: items, whose claim each is, the claims that are compared."""

    def __init__(self, catalog: Catalog, library: Library) -> None:
        self.catalog, self.library = catalog, library

    def source_claim(self, item: LibraryItem) -> Composable:
        """What the item's one source claims."""
        return self._scoped(item, {scope.ref: claim(scope.ref) for scope in item.source})

    def _scoped(self, item: LibraryItem, per_source: Mapping[str, Composable]) -> Composable:
        return scoped(self.library, item, per_source, entity(self.library))

    def claimants(self, item: LibraryItem) -> list[tuple[Composable, Composable, Composable]]:
        """(claim, whose it is, does it speak) of the one source and of every fallback, in their order.

        A claimant speaks by a value; for an item of a group, by any value of the group: an address is never mixed from two.
        """
        made: list[tuple[Callable[[LibraryItem], Composable], Composable]]
        made = [(self.source_claim, self._scoped(item, {s.ref: Literal(s.ref) for s in item.source}))]
        made += [(_fallback(number), Literal(ref)) for number, ref in enumerate(item.fallback)]
        return [(claim_of(item), ref, self._speaks(item, claim_of)) for claim_of, ref in made]

    def _speaks(self, item: LibraryItem, claim_of: Callable[[LibraryItem], Composable]) -> Composable:
        if grouped(self.library, item):
            return speaks(self.library, item, claim_of)
        return fragment("{claim} IS NOT NULL", claim=claim_of(item))

    def value(self, item: LibraryItem) -> Composed:
        """The library's value: the claim of the first claimant that speaks."""
        claimants = self.claimants(item)
        whens = [fragment("WHEN {speaks} THEN {claim}", speaks=spoken, claim=made) for made, _, spoken in claimants]
        chosen = fragment("CASE {whens} END", whens=join(whens, " ")) if len(claimants) > 1 else claimants[0][0]
        return fragment("CAST({claim} AS {kind})", claim=chosen, kind=kind(item))

    def origin(self, item: LibraryItem) -> Composed:
        """Whose claim the value is: the source's reference or the fallback's; null without a value."""
        whens = [
            fragment(
                "WHEN {speaks} THEN CASE WHEN {claim} IS NOT NULL THEN {ref} END", speaks=spoken, claim=made, ref=ref
            )
            for made, ref, spoken in self.claimants(item)
        ]
        return fragment("CASE {whens} END", whens=join(whens, " "))

    def asked(self, item: LibraryItem) -> Composed:
        """Whose claim the value would have to be, whether there is one or not; for a key outside every scope, the first source."""
        refs = self._scoped(item, {scope.ref: Literal(scope.ref) for scope in item.source})
        return fragment("coalesce({refs}, {first})", refs=refs, first=Literal(item.source[0].ref))

    def columns(self) -> Composed:
        """SELECT list of the joined members beside the key."""
        parts = [named(self.value(item), Identifier(item.name)) for item in self.library.items]
        parts += [named(self.origin(item), _column("origin", item)) for item in self.library.items if has_origin(item)]
        parts += [
            named(self.asked(item), _column("asked", item))
            for item in self.library.items
            if has_origin(item) and item.check
        ]
        parts += [named(claim(ref), claim_column(ref)) for ref in self.refs()]
        parts += [named(_day(ref), day_column(ref)) for ref in self._dated()]
        return join(parts, ",\n")

    def refs(self) -> list[str]:
        """Every claim that is looked at beside the value: compared, part of a contradiction, or the event a difference may be explained by."""
        compared = [check.ref for item in self.library.items for check in item.check]
        return list(dict.fromkeys((*compared, *self.kept())))

    def kept(self) -> list[str]:
        """Claims that are kept whether they agree or not."""
        events = [event for item in timed(self.library) for event in self.events(item).values() if event]
        return list(dict.fromkeys((*contradictions.refs(self.library), *events)))

    def _dated(self) -> list[str]:
        """One claim per member whose rows' dates are asked for."""
        refs = [
            ref for item in timed(self.library) for ref in (*(s.ref for s in item.source), *(c.ref for c in item.check))
        ]
        return list({resource_of(ref): ref for ref in refs}.values())

    def events(self, item: LibraryItem) -> dict[str, str | None]:
        """Per source of an item, the claim that dates the event its row tells of, where the member names one by `latest`."""
        return {scope.ref: self._event(scope.ref) for scope in item.source}

    def _event(self, ref: str) -> str | None:
        member = self.library.member(resource_of(ref))
        if member.latest and self.catalog.resources[member.resource].item(member.latest).type == "date":
            return f"{member.resource}.{member.latest}"
        return None

    def days(self) -> list[Identifier]:
        return [day_column(ref) for ref in self._dated()]


def _fallback(number: int) -> Callable[[LibraryItem], Composable]:
    return lambda item: claim(item.fallback[number])


def timed(library: Library) -> list[LibraryItem]:
    """Items whose differences may be a matter of time."""
    return [item for item in library.items if item.check and item.timing]


def _day(ref: str) -> Composed:
    return fragment("{member}._as_of", member=member_view(resource_of(ref)))


def kind(item: LibraryItem) -> SQL:
    """The engine's type of an item."""
    return SQL(DUCK.get(item.type, "VARCHAR"))


def named(expression: Composable, name: Identifier) -> Composed:
    return fragment("{expression} AS {name}", expression=expression, name=name)


def has_origin(item: LibraryItem) -> bool:
    """Whether it differs from entity to entity whose claim the value is."""
    return bool(item.fallback) or len(item.source) > 1 or bool(item.source[0].prefixes)


def _column(what: str, item: LibraryItem) -> Identifier:
    return Identifier(f"_{what}_{item.name}")


def origin(item: LibraryItem) -> Composable:
    """Whose claim the value is, where the item has one."""
    return _column("origin", item) if has_origin(item) else Literal(item.source[0].ref)


def asked(item: LibraryItem) -> Composable:
    """Whose claim the value has to be."""
    return _column("asked", item) if has_origin(item) else Literal(item.source[0].ref)


def filled(library: Library) -> Composed:
    """JSON of the items whose value is a fallback's."""
    members = []
    for item in library.items:
        for ref in item.fallback:
            text = Literal(f'"{item.name}":"{resource_of(ref)}"')
            template = "CASE WHEN {origin} = {ref} THEN {text} END"
            members.append(fragment(template, origin=origin(item), ref=Literal(ref), text=text))
    return (
        statement("steps/resolve_filled", members=join(members)) if members else SQL("CAST(NULL AS VARCHAR)") + SQL("")
    )
