"""Departments that contradict each other: planted claims that the cross-check must find, and near misses that it must not.

Belongs here: which fact, which department is wrong and how. Each planted subject is marked as taken and has no other defect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from shuyuan.demo import place_feeds, truth
from shuyuan.demo.draw import Ints, Mask, chosen, generator
from shuyuan.demo.feeds import take
from shuyuan.demo.frame import Texts, at, decimal, number, written
from shuyuan.demo.identifiers import usccs
from shuyuan.demo.organisations import ENTERPRISE, IN_OPERATION
from shuyuan.demo.records import MARRIED, NOBODY
from shuyuan.demo.world import World


@dataclass(frozen=True)
class Edit:
    """New texts for one item of a feed's rows `ids`; None empties the cell."""

    resource: str
    item: str
    ids: Ints
    values: list[str | None]


@dataclass(frozen=True)
class Contradiction:
    """`edit` makes claim `ref` of `library.item` differ for `entities`; `others` are cells that must change with it.

    `agrees`: the difference is within what the comparator forgives and must not be reported. `register`: the reference of the one source, where
    it is the register that is wrong; else the claim is, or nobody (`by_definition`).
    """

    kind: str
    library: str
    item: str
    ref: str
    entities: list[str]
    edit: Edit
    others: tuple[Edit, ...] = ()
    agrees: bool = False
    register: str | None = None
    by_definition: bool = False

    @property
    def wrong(self) -> str | None:
        """Whose claim is wrong; null where they agree."""
        if self.agrees:
            return None
        return truth.NOBODY if self.by_definition else self.register or self.ref


def contradictions(world: World) -> Iterator[Contradiction]:
    """All planted contradictions, chosen in a fixed order so that the subjects never overlap."""
    for plant in (
        _deaths,
        _marital_status,
        _names_of_people,
        _facts_of_people,
        _bodies,
        _status_and_address,
        _credit,
        _places,
        _registers,
    ):
        yield from plant(world)


def _pick(world: World, kind: str, resource: str, rows: Mask | Ints, part: float) -> Ints:
    """`part` of the candidate rows (at least three, if there are) and their subjects marked as taken."""
    candidates = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
    ids = chosen(generator(world.seed, kind, resource), candidates, max(3, int(len(candidates) * part)))
    take(world, resource, ids)
    return ids


def _person(
    world: World,
    kind: str,
    item: str,
    ref: str,
    rows: Mask,
    change: Callable[[Ints], Texts | list[str | None]],
    part: float = 0.002,
) -> Contradiction:
    resource, column = ref.rsplit(".", 1)
    ids = _pick(world, kind, resource, rows & ~world.taken_people, part)
    entities = at(world.people.id_no, ids).to_pylist()
    return Contradiction(kind, "population", item, ref, entities, Edit(resource, column, ids, _listed(change(ids))))


def _listed(texts: Texts | list[str | None]) -> list[str | None]:
    return texts if isinstance(texts, list) else list(texts.to_pylist())


def _deaths(world: World) -> Iterator[Contradiction]:
    """Dead by certificate but not in the register; alive for the pension office; dates that differ, and one that only nearly does."""
    p, r = world.people, world.records
    dead = r.died >= 0

    def died(days: int, layout: str) -> Callable[[Ints], Texts]:
        return lambda ids: written(p.death[ids] + days, layout)

    base = _person(
        world,
        "death_unregistered",
        "death_date",
        "health.death_certificate.death_date",
        dead & r.certified & ~r.cremated,
        died(0, "%Y-%m-%d"),
        0.3,
    )
    ids = base.edit.ids
    told = ids[r.insured[ids]]
    others = (
        Edit("public_security.resident", "death_date", ids, [None] * len(ids)),
        Edit("public_security.resident", "life_status", ids, ["1"] * len(ids)),
        Edit("hrss.insured", "life_status", told, ["1"] * len(told)),
    )
    yield replace(base, others=others, register="public_security.resident.death_date")
    yield _person(
        world,
        "death_date_differs",
        "death_date",
        "health.death_certificate.death_date",
        dead & r.certified,
        died(9, "%Y-%m-%d"),
        0.05,
    )
    yield _person(
        world,
        "death_date_differs",
        "death_date",
        "civil_affairs.cremation.death_date",
        dead & r.cremated,
        died(-31, "%Y/%m/%d"),
        0.05,
    )
    near = _person(
        world,
        "death_date_within_tolerance",
        "death_date",
        "health.death_certificate.death_date",
        dead & r.certified,
        died(2, "%Y-%m-%d"),
        0.05,
    )
    yield replace(near, agrees=True)
    yield _person(
        world,
        "benefit_after_death",
        "life_status",
        "hrss.insured.life_status",
        dead & r.insured,
        lambda ids: ["1"] * len(ids),
        0.1,
    )


def _marital_status(world: World) -> Iterator[Contradiction]:
    couples = world.records.couples
    married = np.zeros(len(world.people), np.bool_)
    for side in (couples.male, couples.female):
        married[side[couples.status == MARRIED]] = True
    rows = married & world.people.resident & world.people.alive()
    yield _person(
        world,
        "marital_status_stale",
        "marital_status",
        "public_security.resident.marital_status",
        rows,
        lambda ids: ["10"] * len(ids),
    )


def _names_of_people(world: World) -> Iterator[Contradiction]:
    p, r = world.people, world.records
    typo = lambda ids: [_typo(name) for name in at(p.name, ids).to_pylist()]  # noqa: E731
    rows = {
        "hrss.insured.name": r.insured,
        "medical_insurance.insured.name": r.medical,
        "education.student.name": r.student,
        "health.birth.child_name": r.mother != NOBODY,
    }
    for ref, mask in rows.items():
        yield _person(world, "person_name_typo", "name", ref, mask & (p.since == 0) & p.alive(), typo)


def _typo(name: str) -> str:
    return name[:-1] + ("玮" if name[-1] != "玮" else "伟")


def _facts_of_people(world: World) -> Iterator[Contradiction]:
    p, r, o = world.people, world.records, world.organisations
    living = p.alive() & (p.since == 0)
    yield _person(
        world,
        "sex_differs",
        "sex",
        "medical_insurance.insured.sex",
        living & r.medical,
        lambda ids: number(3 - p.sex[ids]),
    )
    later = lambda ids: written(p.birth[ids] + 1, "%Y/%m/%d")  # noqa: E731
    yield _person(world, "birth_date_differs", "birth_date", "education.student.birth_date", living & r.student, later)
    employed = living & r.medical & r.insured & (r.employer != NOBODY)
    other = lambda ids: at(o.uscc, (r.employer[ids] + 1) % len(o))  # noqa: E731
    yield _person(
        world, "employer_differs", "employer_uscc", "medical_insurance.insured.employer_uscc", employed, other
    )


def _body(
    world: World,
    kind: str,
    item: str,
    ref: str,
    rows: Mask,
    change: Callable[[Ints], Texts | list[str | None]],
    part: float = 0.004,
) -> Contradiction:
    resource, column = ref.rsplit(".", 1)
    ids = _pick(world, kind, resource, rows & ~world.taken_bodies & ~world.organisations.isolated, part)
    entities = at(world.organisations.uscc, ids).to_pylist()
    return Contradiction(kind, "legal_entity", item, ref, entities, Edit(resource, column, ids, _listed(change(ids))))


def _bodies(world: World) -> Iterator[Contradiction]:
    o, p = world.organisations, world.people
    firm = (o.kind == ENTERPRISE) & ~o.cancelled
    old = lambda ids: at(o.old_name, ids)  # noqa: E731
    yield _body(world, "org_name_lag", "name", "tax.taxpayer.name", firm & o.taxed, old)
    yield _body(world, "org_name_lag", "name", "hrss.insured_unit.name", firm & o.insured, old)
    other = lambda ids: [_typo(name) for name in at(p.name, o.legal_rep[ids]).to_pylist()]  # noqa: E731
    yield _body(world, "legal_rep_differs", "legal_rep", "hrss.insured_unit.legal_rep", firm & o.insured, other)
    tenfold = lambda ids: decimal(o.capital[ids] * 10_000_000, 2)  # noqa: E731
    yield _body(world, "capital_differs", "reg_capital", "tax.taxpayer.reg_capital", firm & o.taxed, tenfold)
    reported = lambda ids: number(o.employees[ids] * 2 + 3)  # noqa: E731
    counted = _body(
        world,
        "employees_by_definition",
        "employees",
        "market_regulation.enterprise.employees",
        o.reports_employees,
        reported,
        0.02,
    )
    yield replace(counted, by_definition=True)


def _status_and_address(world: World) -> Iterator[Contradiction]:
    o, places = world.organisations, world.places
    operating = world.words("tax.taxpayer", "reg_status")[int(IN_OPERATION)]
    still = lambda ids: [operating] * len(ids)  # noqa: E731
    yield _body(
        world, "cancelled_but_taxed", "reg_status", "tax.taxpayer.reg_status", o.cancelled & o.taxed, still, 0.1
    )
    elsewhere = lambda ids: at(places.address, (o.address[ids] + 1) % places.addresses_of_day_0)  # noqa: E731
    yield _body(world, "address_differs", "address", "tax.taxpayer.address", o.taxed & ~o.cancelled, elsewhere)
    yield _body(world, "address_differs", "address", "hrss.insured_unit.address", o.insured & ~o.cancelled, elsewhere)


def _credit(world: World) -> Iterator[Contradiction]:
    """Only acts of bodies that have a single row in the feed: of several rows the latest speaks."""
    o = world.organisations
    for name, resource in (("penalty", "credit_office.penalty"), ("permit", "credit_office.permit")):
        rows = _single(world, name)
        ids = _pick(world, "subject_name_differs", resource, rows, 0.02)
        body = world.records.acts[name].body[ids]
        entities = at(o.uscc, body).to_pylist()
        values: list[str | None] = [_typo(text) for text in at(o.name, body).to_pylist()]
        edit = Edit(resource, "subject_name", ids, values)
        yield Contradiction(
            "subject_name_differs", "credit", "subject_name", f"{resource}.subject_name", entities, edit
        )
    yield _unknown_subject(world)


def _single(world: World, name: str) -> Ints:
    acts = world.records.acts[name]
    once = np.bincount(acts.body, minlength=len(world.organisations)) == 1
    return np.flatnonzero(once[acts.body] & ~world.taken_bodies[acts.body])


def _unknown_subject(world: World) -> Contradiction:
    """A penalty against a code that no registry has: the name it gives has no source to stand on."""
    resource = "credit_office.penalty"
    ids = _pick(world, "penalty_unknown_code", resource, _single(world, "penalty"), 0.02)
    heads = np.full(len(ids), b"91", "S2")
    unknown = usccs(heads, np.full(len(ids), 440399), 98_000_000 + ids).to_pylist()
    edit = Edit(resource, "subject_uscc", ids, list(unknown))
    return Contradiction("penalty_unknown_code", "credit", "subject_name", f"{resource}.subject_name", unknown, edit)


def _places(world: World) -> Iterator[Contradiction]:
    """A building far from its address (as when map coordinates are taken for surveyed ones), and one with another address text."""
    p = world.places
    moved = lambda ids: place_feeds.degrees(p.longitude[ids] + 0.0052)  # noqa: E731
    nearly = lambda ids: place_feeds.degrees(p.longitude[ids] + 0.0001)  # noqa: E731
    other = lambda ids: at(p.address, (ids + 1) % p.addresses_of_day_0)  # noqa: E731
    yield _building(world, "coordinate_offset", "longitude", "longitude", moved)
    yield _building(world, "coordinate_within_tolerance", "longitude", "longitude", nearly, agrees=True)
    yield _building(world, "building_address_differs", "address", "address", other)


def _building(
    world: World, kind: str, item: str, column: str, change: Callable[[Ints], Texts], agrees: bool = False
) -> Contradiction:
    p, resource = world.places, "housing.building"
    ids = _pick(world, kind, resource, p.has_building & (p.since == 0) & ~world.taken_addresses, 0.003)
    edit = Edit(resource, column, ids, _listed(change(ids)))
    return Contradiction(kind, "geo", item, f"{resource}.{column}", at(p.code, ids).to_pylist(), edit, (), agrees)


def _registers(world: World) -> Iterator[Contradiction]:
    """The register itself is wrong, and two departments that know better agree against it."""
    p, r = world.people, world.records
    known = p.resident & p.alive() & (p.since == 0) & r.insured & r.medical & ~r.student & (r.mother == NOBODY)
    typo = lambda ids: [_typo(name) for name in at(p.name, ids).to_pylist()]  # noqa: E731
    wrong = _person(world, "register_name_typo", "name", "public_security.resident.name", known, typo)
    yield from _against(wrong, "hrss.insured.name", "medical_insurance.insured.name")
    o, places = world.organisations, world.places
    firm = (o.kind == ENTERPRISE) & ~o.cancelled & o.taxed & o.insured
    units = ("tax.taxpayer", "hrss.insured_unit")
    other = lambda ids: [_typo(name) for name in at(p.name, o.legal_rep[ids]).to_pylist()]  # noqa: E731
    wrong = _body(world, "register_legal_rep_stale", "legal_rep", "market_regulation.enterprise.legal_rep", firm, other)
    yield from _against(wrong, *(f"{unit}.legal_rep" for unit in units))
    elsewhere = lambda ids: at(places.address, (o.address[ids] + 1) % places.addresses_of_day_0)  # noqa: E731
    wrong = _body(world, "register_address_stale", "address", "market_regulation.enterprise.address", firm, elsewhere)
    yield from _against(wrong, *(f"{unit}.address" for unit in units))


def _against(wrong: Contradiction, *refs: str) -> Iterator[Contradiction]:
    """The same edit of the register's row, once per claim that contradicts it."""
    return (replace(wrong, ref=ref, register=wrong.ref) for ref in refs)
