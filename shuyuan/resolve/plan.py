"""The SQL of one library, decided before any row is read: every declared pair compared, and what a run keeps of it.

Belongs here: which claims are compared and how. Does not belong here: where values come from (`wide.py`), reading and writing (`run.py`),
and what is made of the pairs that disagree (`disputes.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from shuyuan.catalog import Catalog, Check, Library, LibraryItem
from shuyuan.catalog.declared import SPELLED
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, Literal, columns, fragment, join, statement
from shuyuan.resolve.conditions import conditions, spelled
from shuyuan.resolve.wide import Wide, asked, claim_column, entity, filled, has_origin, joins, kind, named, origin

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
    def spells(self) -> bool:
        """Whether the claim is compared as it is meant rather than as it is written."""
        return self.item.compare in SPELLED

    @property
    def value_spelled(self) -> Identifier:
        """Column: the value as it is meant, where the claim is written otherwise."""
        return Identifier(f"_value_spelled_{self.number}")

    @property
    def claim_spelled(self) -> Identifier:
        """Column: the claim as it is meant, where it is written otherwise than the value."""
        return Identifier(f"_claim_spelled_{self.number}")

    @property
    def meant(self) -> Identifier:
        """Column: the claim as it is compared, where it disagrees."""
        return Identifier(f"_meant_{self.number}") if self.spells else self.disputed

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


def agreements(library: Library) -> Composed:
    """One boolean per pair: does the claim agree by the item's comparator?

    Null where nothing is compared: no claim, the value is that claim, or no value (unless the check says that silence counts).
    """
    made = [named(_agreement(pair), pair.agrees) for pair in pairs(library)]
    return join(made, ",\n") if made else SQL("NULL AS _no_checks") + SQL("")


def _agreement(pair: Pair) -> Composed:
    own = fragment("{origin} = {ref}", origin=origin(pair.item), ref=Literal(pair.check.ref))
    applies: list[Composable] = [conditions(pair.check, Identifier)] if pair.check.when else []
    if pair.check.ref == pair.item.source[0].ref and not has_origin(pair.item):
        return SQL("CAST(NULL AS BOOLEAN)") + SQL("")
    if has_origin(pair.item):
        applies.append(fragment("({own}) IS NOT TRUE", own=own))
    tested: Composable = _tested(pair)
    if pair.check.silence:
        applies.append(_says_anything(pair))
        tested = fragment("coalesce({agree}, false)", agree=tested)
    if not applies:
        return fragment("{agree}", agree=tested)
    return fragment("CASE WHEN {applies} THEN {agree} END", applies=join(applies, " AND "), agree=tested)


def _tested(pair: Pair) -> Composed:
    """Does the claim agree with the value? Null where either says nothing."""
    value, claimed = Identifier(pair.item.name), typed(pair)
    if not pair.spells:
        return agrees(pair.item, value, claimed)
    spelled = agrees(pair.item, pair.value_spelled, pair.claim_spelled)
    return fragment("CASE WHEN {a} = {b} THEN true ELSE {spelled} END", a=value, b=claimed, spelled=spelled)


def _says_anything(pair: Pair) -> Composed:
    """A text that is nothing but punctuation says nothing."""
    value, claimed = Identifier(pair.item.name), typed(pair)
    if not pair.spells:
        return fragment("{claim} IS NOT NULL", claim=claimed)
    return fragment("({a} = {b} OR {meant} IS NOT NULL)", a=value, b=claimed, meant=pair.claim_spelled)


def typed(pair: Pair) -> Composed:
    """The competing claim in the item's type."""
    return fragment("CAST({claim} AS {kind})", claim=claim_column(pair.check.ref), kind=kind(pair.item))


def agrees(item: LibraryItem, a: Composable, b: Composable) -> Composed:
    """Whether two claims agree by the item's comparator, texts as they are meant; null where either has nothing to compare."""
    parts: dict[str, Composable] = {"a": a, "b": b}
    if item.compare in ("date", "amount", "coordinate"):
        parts["tolerance"] = SQL(repr(item.tolerance))
    return fragment("({test})", test=statement(f"compare/{item.compare}", **parts))


def spellings(library: Library) -> list[Composable]:
    """Texts as they are meant, of pairs that are written differently: few, and each spelled once.

    Columns of their own, because an engine computes what a comparator mentions twice twice, and before it knows whether it is needed.
    """
    found: list[Composable] = []
    for pair in pairs(library):
        if pair.spells:
            value, claimed = Identifier(pair.item.name), typed(pair)
            template = "CASE WHEN {a} <> {b} THEN {a} END"
            found.append(named(meant(pair.item, fragment(template, a=value, b=claimed)), pair.value_spelled))
            template = "CASE WHEN {a} <> {b} OR {b} IS NULL THEN {a} END"
            found.append(named(meant(pair.item, fragment(template, a=claimed, b=value)), pair.claim_spelled))
    return found


def meant(item: LibraryItem, text: Composable) -> Composable:
    """A text without what makes no difference; null for one that is nothing else."""
    return spelled(item.compare or "exact", text)


def checked(catalog: Catalog, library: Library) -> Composed:
    """SELECT of what a run keeps per entity: the published row, which pairs were compared, and the claims that disagree."""
    wide = Wide(catalog, library)
    joined = statement("steps/resolve_joined", key=entity(library), values=wide.columns(), members=joins(library))
    spelled = spellings(library)
    if spelled:
        joined = fragment("SELECT *, {spelled} FROM ({joined}) AS joined", spelled=join(spelled, ",\n"), joined=joined)
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
    kept += [named(fragment(disputed, agrees=p.agrees, claim=p.claim_spelled), p.meant) for p in every if p.spells]
    kept += [name for item in library.items if has_origin(item) and item.check for name in (origin(item), asked(item))]
    return kept + [claim_column(ref) for ref in wide.kept()] + list(wide.days())


def published(library: Library) -> list[str]:
    """Columns of the library's rows that people see."""
    return [*(item.name for item in library.items), "_filled"]
