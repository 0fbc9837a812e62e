"""The next business day: about one row in a hundred changes, appears or goes, and departments that share a fact learn it together.

Belongs here: what happens between two days. Only items that one department collects change without notice to the others, so that
a difference between departments is always a planted one. Rows with a planted defect (`taken`) never change.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from shuyuan.demo.draw import Ints, Mask, chosen, generator
from shuyuan.demo.organisations import BUSINESS, ENTERPRISE, Organisations
from shuyuan.demo.people import NUMBERS, People
from shuyuan.demo.places import Places
from shuyuan.demo.records import DIVORCED, MARRIED, NOBODY, Acts, Couples, Records


def next_day(
    seed: int,
    k: int,
    today: date,
    people: People,
    orgs: Organisations,
    places: Places,
    records: Records,
    taken: tuple[Mask, Mask],
) -> None:
    """Bring the world from business day k-1 to k, in place. `taken` are the people and bodies that must stay as they are."""
    free_people, free_orgs = ~taken[0] & (people.since < k) & ~people.gone, ~taken[1] & (orgs.since < k)
    _people_change(seed, k, people, records, free_people)
    _insurance_changes(seed, k, records, people, free_people)
    _deaths(seed, k, today, people, records, free_people)
    _registrations(seed, k, today, people, records, free_people)
    _bodies_change(seed, k, orgs, records, free_orgs)
    _new_acts(seed, k, today, orgs, records, free_orgs)
    _buildings_change(seed, k, places)


def _some(seed: int, k: int, topic: str, candidates: Mask, part: float) -> Ints:
    """About `part` of all rows, from the candidates; at least one where there is any."""
    size = max(1, int(len(candidates) * part))
    return chosen(generator(seed, topic, k), np.flatnonzero(candidates), size)


def _people_change(seed: int, k: int, people: People, records: Records, free: Mask) -> None:
    alive = free & people.alive()
    calls = _some(seed, k, "new phone", alive, 0.004)
    people.phone[calls] = NUMBERS + (people.phone[calls] * 31 + k) % 99_999_999
    moves = _some(seed, k, "move", alive, 0.002)
    people.home[moves] = (people.home[moves] + 1 + k) % max(1, int(people.home.max()))
    left = _some(seed, k, "left", free & ~people.resident & people.isolated, 0.001)
    people.gone[left] = True
    pays = _some(seed, k, "pays", alive & records.medical, 0.004)
    records.paid[pays] += 1000


def _insurance_changes(seed: int, k: int, records: Records, people: People, free: Mask) -> None:
    """Bases change, some who have no employer leave, some adults join."""
    alive = free & people.alive()
    raised = _some(seed, k, "base", alive & records.insured, 0.004)
    records.base[raised] += 100
    leave = _some(seed, k, "leave", alive & records.insured & (records.employer == NOBODY), 0.001)
    leave = np.setdiff1d(leave, raised)
    adults = alive & ~people.isolated & (people.since == 0) & (people.birth < np.datetime64("2005-01-01"))
    join = _some(seed, k, "join", adults & ~records.insured, 0.002)
    records.insured[leave], records.insured[join] = False, True
    records.employer[join] = NOBODY
    records.insured_changes = {"I": join, "U": raised, "D": leave}


def _deaths(seed: int, k: int, today: date, people: People, records: Records, free: Mask) -> None:
    """The register, the death certificate and the pension office learn of it on the same day."""
    old = free & people.alive() & people.household() & (people.birth < np.datetime64("1956-01-01"))
    old &= ~np.isin(np.arange(len(people)), records.insured_changes["D"])
    dead = _some(seed, k, "deaths", old, 0.0005)
    people.death[dead] = np.datetime64(today, "D") - 3
    records.died[dead], records.certified[dead] = k, True
    records.cremated[dead] = True
    told = dead[records.insured[dead]]
    fresh = np.setdiff1d(told, records.insured_changes["I"])
    records.insured_changes["U"] = np.union1d(records.insured_changes["U"], fresh)


def _registrations(seed: int, k: int, today: date, people: People, records: Records, free: Mask) -> None:
    """Divorces of couples and weddings of single people; the register of residents follows on the same day."""
    couples, alive = records.couples, free & people.alive()
    intact = (couples.status == MARRIED) & alive[couples.male] & alive[couples.female]
    intact &= (people.marital[couples.male] == MARRIED) & (people.marital[couples.female] == MARRIED)
    ends = _some(seed, k, "divorces", intact, 0.002)
    single = alive & ~people.isolated & (people.marital == 10) & (people.birth < np.datetime64("2002-01-01"))
    men, women = (_some(seed, k, f"weddings {sex}", single & (people.sex == sex), 0.0003) for sex in (1, 2))
    weddings = min(len(men), len(women))
    male = np.concatenate([couples.male[ends], men[:weddings]])
    female = np.concatenate([couples.female[ends], women[:weddings]])
    status = np.r_[np.full(len(ends), DIVORCED), np.full(weddings, MARRIED)]
    people.marital[male], people.marital[female] = status, status
    days = np.full(len(male), np.datetime64(today, "D") - 1)
    records.couples = Couples(
        np.concatenate([couples.male, male]),
        np.concatenate([couples.female, female]),
        np.concatenate([couples.status, status]),
        np.concatenate([couples.registered, days]),
        np.concatenate([couples.since, np.full(len(male), k)]),
    )


def _bodies_change(seed: int, k: int, orgs: Organisations, records: Records, free: Mask) -> None:
    """Scopes and phones change at the registry, tax payments at the tax office, and some close at both on one day."""
    for kind, topic in ((ENTERPRISE, "enterprise"), (BUSINESS, "business")):
        mine = free & (orgs.kind == kind)
        scopes = _some(seed, k, f"scope {topic}", mine, 0.002)
        orgs.scope_note[scopes] += 1
        phones = _some(seed, k, f"phone {topic}", mine, 0.002)
        orgs.phone[phones] = NUMBERS + (orgs.phone[phones] * 31 + k) % 99_999_999
    closing = _some(seed, k, "closing", free & (orgs.kind <= BUSINESS) & ~orgs.cancelled, 0.001)
    orgs.cancelled[closing] = True
    pays = _some(seed, k, "tax", free & orgs.taxed & ~orgs.cancelled, 0.005)
    orgs.tax_paid[pays] += 100_00
    records.taxpayer_changes = {"U": np.union1d(pays, closing[orgs.taxed[closing]])}


def _new_acts(seed: int, k: int, today: date, orgs: Organisations, records: Records, free: Mask) -> None:
    """New penalties, permits and dishonest entries about bodies that had none."""
    for name, acts in records.acts.items():
        known = free & ~orgs.isolated & (orgs.since == 0)
        known[acts.body] = False
        fresh = chosen(generator(seed, name, k), np.flatnonzero(known), max(1, len(acts) // 100))
        chance = generator(seed, name, "chance", k).integers(0, 1 << 40, len(fresh))
        records.acts[name] = Acts(
            np.concatenate([acts.body, fresh]),
            np.concatenate([acts.decided, np.full(len(fresh), np.datetime64(today - timedelta(days=2), "D"))]),
            np.concatenate([acts.chance, chance]),
            np.concatenate([acts.since, np.full(len(fresh), k)]),
        )


def _buildings_change(seed: int, k: int, places: Places) -> None:
    built = _some(seed, k, "floors", places.has_building & (places.since < k), 0.004)
    places.floors[built] += 1
