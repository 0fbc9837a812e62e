"""The SQL of one library, decided before any row is read: values by source, fallbacks marked, every declared pair compared.

Belongs here: which claim becomes the value and which are compared. Does not belong here: reading and writing (`run.py`), and what is made of
the pairs that disagree (`disputes.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shuyuan.catalog import Catalog, Check, Library, LibraryItem, item_of, resource_of
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, Literal, columns, fragment, join, statement
from shuyuan.resolve import contradictions
from shuyuan.resolve.conditions import SPELLED, conditions, grouped, speaks

DUCK = {"date": "DATE", "amount": "DECIMAL(20,6)", "integer": "BIGINT", "coordinate": "DOUBLE"}
MASK_BITS = 62
"""Pairs whose comparison one BIGINT notes."""


def fingerprint(catalog: Catalog, library: Library) -> str:
    """What the rules of a library are, as a hash: other rules over the same rows are a reason to resolve again."""
    members = [catalog.resources[member.resource] for member in library.members]
    shapes = [[r.id, list(r.key), r.bucket_item, [[item.name, item.type] for item in r.items]] for r in members]
    rules = json.dumps([library.model_dump(mode="json"), shapes, FORM], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(rules.encode()).hexdigest()


FORM = 2
"""Of the files a run writes; counted up when it changes, so that every library is resolved anew once."""


@dataclass(frozen=True)
class Pair:
    """One declared comparison: an item of a library and a competing claim. `number` names its columns."""

    number: int
    item: LibraryItem
    check: Check

    @property
    def agrees(self) -> Identifier:
        """Column: does the claim agree? Null where nothing is compared."""
        return Identifier(f"_agrees_{self.number}")

    @property
    def disputed(self) -> Identifier:
        """Column: the claim, where it disagrees."""
        return Identifier(f"_disputed_{self.number}")

    @property
    def mask(self) -> Identifier:
        return Identifier(_mask(self.number // MASK_BITS))

    @property
    def compared(self) -> Composed:
        """SQL boolean: was the pair compared?"""
        return fragment("({mask} & {bit}) <> 0", mask=self.mask, bit=_bit(self.number))


def _bit(number: int) -> SQL:
    return SQL(f"CAST({1 << number % MASK_BITS} AS BIGINT)")


def _mask(number: int) -> str:
    return f"_compared_{number}"


def masks(library: Library) -> list[str]:
    """Columns of the lake that note which pairs were compared, a bit each."""
    return [_mask(number) for number in range(-(-len(pairs(library)) // MASK_BITS))]


def pairs(library: Library) -> list[Pair]:
    """Every pair the catalog declares, in its order."""
    declared = [(item, check) for item in library.items for check in item.check]
    return [Pair(number, item, check) for number, (item, check) in enumerate(declared)]


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


def agreements(library: Library) -> Composed:
    """One boolean per pair: does the claim agree by the item's comparator?

    Null where nothing is compared: no claim, the value is that claim, or no value (unless the check says that silence counts).
    """
    made = [named(_agreement(pair), pair.agrees) for pair in pairs(library)]
    return join(made, ",\n") if made else SQL("NULL AS _no_checks") + SQL("")


def _agreement(pair: Pair) -> Composed:
    claimed = typed(pair)
    own = fragment("{origin} = {ref}", origin=origin(pair.item), ref=Literal(pair.check.ref))
    applies: list[Composable] = [conditions(pair.check, Identifier)] if pair.check.when else []
    if pair.check.ref == pair.item.source[0].ref and not has_origin(pair.item):
        return SQL("CAST(NULL AS BOOLEAN)") + SQL("")
    if has_origin(pair.item):
        applies.append(fragment("({own}) IS NOT TRUE", own=own))
    tested: Composable = agrees(pair.item, Identifier(pair.item.name), claimed)
    if pair.check.silence:
        applies.append(fragment("{claim} IS NOT NULL", claim=comparable(pair.item, claimed)))
        tested = fragment("coalesce({agree}, false)", agree=tested)
    if not applies:
        return fragment("{agree}", agree=tested)
    return fragment("CASE WHEN {applies} THEN {agree} END", applies=join(applies, " AND "), agree=tested)


def typed(pair: Pair) -> Composed:
    """The competing claim in the item's type."""
    return fragment("CAST({claim} AS {kind})", claim=claim_column(pair.check.ref), kind=kind(pair.item))


def agrees(item: LibraryItem, value: Composable, claimed: Composable) -> Composed:
    """Whether a claim agrees with a value by the item's comparator; null where either has nothing to compare."""
    parts: dict[str, Composable] = {"a": comparable(item, value), "b": comparable(item, claimed)}
    if item.compare in ("date", "amount", "coordinate"):
        parts["tolerance"] = SQL(repr(item.tolerance))
    if item.compare not in SPELLED:
        return fragment("({test})", test=statement(f"compare/{item.compare}", **parts))
    # Most texts are written the same: only the others are looked at as they are meant.
    spelled = statement(f"compare/{item.compare}", **parts)
    return fragment("(CASE WHEN {a} = {b} THEN true WHEN {a} IS NULL OR {b} IS NULL THEN NULL ELSE ({spelled}) END)", a=value, b=claimed, spelled=spelled)


def comparable(item: LibraryItem, text: Composable) -> Composable:
    """Texts are compared without what makes no difference; a text that is nothing else says nothing."""
    return statement(f"compare/text/{item.compare}", text=text) if item.compare in SPELLED else text


def checked(catalog: Catalog, library: Library) -> Composed:
    """SELECT of what a run keeps per entity: the published row, which pairs were compared, and the claims that disagree."""
    wide = Wide(catalog, library)
    joined = statement("steps/resolve_joined", key=entity(library), values=wide.columns(), members=joins(library))
    compared = statement("steps/resolve_compared", agreements=agreements(library), joined=joined)
    return statement(
        "steps/resolve_checked",
        items=columns(item.name for item in library.items),
        filled=filled(library),
        kept=join(_kept(wide, library), ",\n"),
        compared=compared,
    )


def _kept(wide: Wide, library: Library) -> list[Composable]:
    disputed = "CASE WHEN NOT {agrees} THEN {claim} END"
    every = pairs(library)
    kept: list[Composable] = [named(fragment(disputed, agrees=p.agrees, claim=typed(p)), p.disputed) for p in every]
    for number, name in enumerate(masks(library)):
        part = every[number * MASK_BITS : (number + 1) * MASK_BITS]
        bits = (
            fragment(
                "CASE WHEN {agrees} IS NULL THEN CAST(0 AS BIGINT) ELSE {bit} END", agrees=p.agrees, bit=_bit(p.number)
            )
            for p in part
        )
        kept.append(named(join(bits, " | "), Identifier(name)))
    kept += [name for item in library.items if has_origin(item) and item.check for name in (origin(item), asked(item))]
    return kept + [claim_column(ref) for ref in wide.kept()] + list(wide.days())


def published(library: Library) -> list[str]:
    """Columns of the library's rows that people see."""
    return [*(item.name for item in library.items), "_filled"]
