"""The SQL of one library, decided before any row is read: values by source, fallbacks marked, every declared pair compared.

Belongs here: which claim becomes the value and which are compared. Does not belong here: reading and writing (`run.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date

from shuyuan.catalog import Catalog, Check, Library, LibraryItem, item_of, resource_of
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, Literal, fragment, join, statement

SPELLED = ("address", "org_name", "person_name")
"""Comparators of texts, each with the spelling it compares in `sql/compare/text/`."""
DUCK = {"date": "DATE", "amount": "DECIMAL(20,6)", "integer": "BIGINT", "coordinate": "DOUBLE"}


def fingerprint(catalog: Catalog, library: Library) -> str:
    """What the rules of a library are, as a hash: other rules over the same rows are a reason to resolve again."""
    members = [catalog.resources[member.resource] for member in library.members]
    shapes = [[r.id, list(r.key), r.bucket_item, [[item.name, item.type] for item in r.items]] for r in members]
    rules = json.dumps([library.model_dump(mode="json"), shapes], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(rules.encode()).hexdigest()


@dataclass(frozen=True)
class Pair:
    """One declared comparison: an item of a library and a competing claim. `number` names its columns."""

    number: int
    item: LibraryItem
    check: Check

    @property
    def claim(self) -> Identifier:
        return Identifier(f"_claim_{self.number}")

    @property
    def agrees(self) -> Identifier:
        return Identifier(f"_agrees_{self.number}")


def pairs(library: Library) -> list[Pair]:
    """Every pair the catalog declares, in its order."""
    declared = [(item, check) for item in library.items for check in item.check]
    return [Pair(number, item, check) for number, (item, check) in enumerate(declared)]


def member_view(resource: str) -> Identifier:
    """Name of a member's claims on the bucket's connection."""
    return Identifier("m_" + resource.replace(".", "__"))


def claim(ref: str) -> Composed:
    """The column that holds a claim."""
    return fragment("{member}.{item}", member=member_view(resource_of(ref)), item=Identifier(item_of(ref)))


def entities(library: Library) -> Composed:
    """Every key that an entity-making member knows."""
    makers = [member_view(member.resource) for member in library.members if member.entity]
    return join((fragment("SELECT entity FROM {member}", member=maker) for maker in makers), " UNION ")


def joins(library: Library) -> Composed:
    template = "LEFT JOIN {member} ON {member}.entity = everyone.entity"
    return join((fragment(template, member=member_view(member.resource)) for member in library.members), "\n")


def scoped(item: LibraryItem, per_source: dict[str, Composable], otherwise: str = "NULL") -> Composable:
    """An expression by the entity's one source: plain for one source, CASE by key prefix for scoped ones."""
    if len(item.source) == 1 and not item.source[0].prefixes:
        return per_source[item.source[0].ref]
    whens = [
        fragment(
            "WHEN starts_with(everyone.entity, {prefix}) THEN {value}",
            prefix=Literal(prefix),
            value=per_source[scope.ref],
        )
        for scope in item.source
        for prefix in scope.prefixes
    ]
    return fragment("CASE {whens} ELSE {otherwise} END", whens=join(whens, " "), otherwise=SQL(otherwise))


def source_claim(item: LibraryItem) -> Composable:
    """What the item's one source claims."""
    return scoped(item, {scope.ref: claim(scope.ref) for scope in item.source})


def value(item: LibraryItem) -> Composed:
    """The library's value: the one source's claim, else the declared fallbacks in their order."""
    candidates = [source_claim(item), *(claim(ref) for ref in item.fallback)]
    kind = SQL(DUCK.get(item.type, "VARCHAR"))
    return fragment("CAST(coalesce({claims}) AS {kind})", claims=join(candidates), kind=kind)


def origin(item: LibraryItem) -> Composed:
    """Whose claim the value is: the source's reference or the fallback's; null without a value."""
    known = [(source_claim(item), scoped(item, {s.ref: Literal(s.ref) for s in item.source}))]
    known += [(claim(ref), Literal(ref)) for ref in item.fallback]
    whens = [fragment("WHEN {claim} IS NOT NULL THEN {ref}", claim=made, ref=ref) for made, ref in known]
    return fragment("CASE {whens} END", whens=join(whens, " "))


def values(catalog: Catalog, library: Library) -> Composed:
    """Columns of the wide table: items, origins of the items that need one, claims and their dates per pair."""
    parts = [_as(value(item), Identifier(item.name)) for item in library.items]
    parts += [_as(origin(item), _origin(item)) for item in library.items if item.fallback or item.check]
    parts += [_as(_one_source(item), _asked(item)) for item in library.items if item.check]
    for pair in pairs(library):
        parts.append(_as(claim(pair.check.ref), pair.claim))
        parts.append(_as(_day(pair.check.ref), Identifier(f"_claim_day_{pair.number}")))
        parts.append(
            _as(scoped(pair.item, {s.ref: _day(s.ref) for s in pair.item.source}), Identifier(f"_day_{pair.number}"))
        )
        events = {s.ref: _event(catalog, library, s.ref) for s in pair.item.source}
        parts.append(_as(scoped(pair.item, events), Identifier(f"_event_{pair.number}")))
    return join(parts, ",\n")


def _as(expression: Composable, name: Identifier) -> Composed:
    return fragment("{expression} AS {name}", expression=expression, name=name)


def _origin(item: LibraryItem) -> Identifier:
    return Identifier(f"_origin_{item.name}")


def _asked(item: LibraryItem) -> Identifier:
    return Identifier(f"_asked_{item.name}")


def _one_source(item: LibraryItem) -> Composed:
    """Whose claim the value would have to be, whether there is one or not; for a key outside every scope, the first source."""
    refs = scoped(item, {scope.ref: Literal(scope.ref) for scope in item.source})
    return fragment("coalesce({refs}, {first})", refs=refs, first=Literal(item.source[0].ref))


def _day(ref: str) -> Composed:
    return fragment("{member}._as_of", member=member_view(resource_of(ref)))


def _event(catalog: Catalog, library: Library, ref: str) -> Composable:
    """The date of the event that the source's row tells of, where the member names one by `latest`."""
    member = library.member(resource_of(ref))
    if member.latest and catalog.resources[member.resource].item(member.latest).type == "date":
        return claim(f"{member.resource}.{member.latest}")
    return SQL("CAST(NULL AS DATE)")


def filled(library: Library) -> Composed:
    """JSON of the items whose value is a fallback's."""
    members = []
    for item in library.items:
        for ref in item.fallback:
            text = Literal(f'"{item.name}":"{resource_of(ref)}"')
            template = "CASE WHEN {origin} = {ref} THEN {text} END"
            members.append(fragment(template, origin=_origin(item), ref=Literal(ref), text=text))
    return statement("steps/resolve_filled", members=join(members) if members else SQL("NULL"))


def texts(library: Library) -> Composed:
    """The items as texts, for the row hash; null told apart from empty."""
    template = "coalesce(CAST({item} AS VARCHAR), chr(30))"
    return join(fragment(template, item=Identifier(item.name)) for item in library.items)


def agreements(library: Library) -> Composed:
    """One boolean per pair: does the claim agree by the item's comparator?

    Null where nothing is compared: no claim, the value is that claim, or no value (unless the check says that silence counts).
    """
    made = [_as(_agreement(pair), pair.agrees) for pair in pairs(library)]
    return join(made, ",\n") if made else SQL("NULL AS _no_checks") + SQL("")


def _agreement(pair: Pair) -> Composed:
    kind = SQL(DUCK.get(pair.item.type, "VARCHAR"))
    claimed = fragment("CAST({claim} AS {kind})", claim=pair.claim, kind=kind)
    template = "CASE WHEN {origin} <> {ref} THEN {agree} END"
    if pair.check.silence:
        template = "CASE WHEN {claim} IS NULL OR {origin} = {ref} THEN NULL ELSE coalesce({agree}, false) END"
    return fragment(
        template,
        origin=_origin(pair.item),
        ref=Literal(pair.check.ref),
        agree=agrees(pair.item, Identifier(pair.item.name), claimed),
        claim=_comparable(pair.item, claimed),
    )


def agrees(item: LibraryItem, value: Composable, claimed: Composable) -> Composed:
    """Whether a claim agrees with a value by the item's comparator; null where either has nothing to compare."""
    parts = {"a": _comparable(item, value), "b": _comparable(item, claimed)}
    if item.compare in ("date", "amount", "coordinate"):
        parts["tolerance"] = SQL(repr(item.tolerance))
    return fragment("({test})", test=statement(f"compare/{item.compare}", **parts))


def _comparable(item: LibraryItem, text: Composable) -> Composable:
    """Texts are compared without what makes no difference; a text that is nothing else says nothing."""
    return statement(f"compare/text/{item.compare}", text=text) if item.compare in SPELLED else text


def disagreements(library: Library, business_date: date) -> Composed:
    """Every disagreement of every pair, in long form and hashed."""
    every = [_disagreement(pair, business_date) for pair in pairs(library)]
    return statement("steps/disagreement_rows", pairs=join(every, " UNION ALL "))


def _disagreement(pair: Pair, business_date: date) -> Composed:
    return statement(
        "steps/disagreements",
        item=Identifier(pair.item.name),
        item_text=Literal(pair.item.name),
        origin=fragment("coalesce({origin}, {asked})", origin=_origin(pair.item), asked=_asked(pair.item)),
        claim_ref=Literal(pair.check.ref),
        claim=pair.claim,
        agrees=pair.agrees,
        definition=SQL("true" if pair.check.definition else "false"),
        timing=SQL(str(pair.item.timing)),
        business_date=SQL(business_date.isoformat()),
        event=Identifier(f"_event_{pair.number}"),
        source_as_of=Identifier(f"_day_{pair.number}"),
        claim_as_of=Identifier(f"_claim_day_{pair.number}"),
    )
