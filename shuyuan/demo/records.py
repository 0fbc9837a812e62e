"""What departments hold about people and bodies: couples, deaths, insurance, school, births, penalties, permits, debts.

Belongs here: the state of the first day. The next business days are in `evolve`; the texts that are sent are in the feeds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from shuyuan.demo.draw import Ints, Mask, generator, share
from shuyuan.demo.organisations import ENTERPRISE, INSTITUTION, Organisations
from shuyuan.demo.people import Days, People

MARRIED, DIVORCED = 20, 40
NOBODY = -1


@dataclass
class Couples:
    """Rows of the marriage register: one per registration, so a divorce is a later row of the same two people."""

    male: Ints
    female: Ints
    status: Ints
    registered: Days
    since: Ints

    def __len__(self) -> int:
        return len(self.male)


@dataclass
class Acts:
    """Decisions or notices about bodies (penalties, permits, arrears, dishonest entries): no body has two on one date."""

    body: Ints
    decided: Days
    chance: Ints
    since: Ints

    def __len__(self) -> int:
        return len(self.body)


@dataclass
class Records:
    """Everything that is held; masks and per-person arrays have one row per person."""

    couples: Couples
    died: Ints  # day on which the death became known, NOBODY for the living
    certified: Mask
    cremated: Mask
    insured: Mask
    employer: Ints
    base: Ints  # in yuan
    medical: Mask
    paid: Ints  # in 0.01 yuan
    student: Mask
    mother: Ints  # of newborns, else NOBODY
    acts: dict[str, Acts]
    insured_changes: dict[str, Ints] = field(default_factory=dict)  # op → people, of the last day
    taxpayer_changes: dict[str, Ints] = field(default_factory=dict)  # op → bodies, of the last day


def hold(seed: int, people: People, orgs: Organisations, first_day: date) -> Records:
    """The records of the first day; marks the dead and the married on `people`."""
    died = _deaths(seed, people, first_day)
    age, known = people.age(first_day), ~people.isolated & (people.since == 0)
    insured = known & (age >= 18) & (age < 95) & share(generator(seed, "insured"), len(people), 0.7)
    return Records(
        couples=_couples(seed, people, first_day),
        died=died,
        certified=(died == 0) & share(generator(seed, "certified"), len(people), 0.9),
        cremated=(died == 0) & share(generator(seed, "cremated"), len(people), 0.8),
        insured=insured,
        employer=_employers(seed, orgs, insured & (age < 60) & people.alive()),
        base=4000 + generator(seed, "base").integers(0, 160, len(people)) * 100,
        medical=known & share(generator(seed, "medical"), len(people), 0.92),
        paid=generator(seed, "paid").integers(3000, 900_000, len(people)),
        student=known & (age >= 6) & (age < 22) & share(generator(seed, "student"), len(people), 0.85),
        mother=_mothers(seed, people, first_day),
        acts=_acts(seed, orgs, first_day),
    )


def _deaths(seed: int, people: People, first_day: date) -> Ints:
    rng = generator(seed, "deaths")
    old = people.household() & (people.age(first_day) >= 66) & (people.since == 0)
    dead = old & share(rng, len(people), 0.06)
    days_ago = generator(seed, "death dates").integers(10, 700, len(people))
    people.death = np.where(dead, np.datetime64(first_day, "D") - days_ago, people.death)
    return np.where(dead, 0, NOBODY)


def _couples(seed: int, people: People, first_day: date) -> Couples:
    rng = generator(seed, "couples")
    age = people.age(first_day)
    free = ~people.isolated & (people.since == 0) & (age >= 24) & (age < 80) & people.alive()
    men, women = (rng.permutation(np.flatnonzero(free & (people.sex == sex))) for sex in (1, 2))
    pairs = int(min(len(men), len(women)) * 0.75)
    male, female = men[:pairs], women[:pairs]
    longest = (np.minimum(age[male], age[female]) - 22) * 365
    days_ago = 120 + (rng.random(pairs) * longest).astype(np.int64)
    status = np.where(rng.random(pairs) < 0.15, DIVORCED, MARRIED)
    people.marital[male], people.marital[female] = status, status
    return Couples(male, female, status, np.datetime64(first_day, "D") - days_ago, np.zeros(pairs, np.int64))


def _employers(seed: int, orgs: Organisations, workers: Mask) -> Ints:
    employers = generator(seed, "employers")
    kinds = (orgs.kind == ENTERPRISE) | (orgs.kind == INSTITUTION)
    open_to = np.flatnonzero(kinds & orgs.insured & ~orgs.cancelled & (orgs.since == 0))
    employed = workers & share(generator(seed, "employed"), len(workers), 0.7)
    return np.where(employed, employers.choice(open_to, len(workers)), NOBODY)


def _mothers(seed: int, people: People, first_day: date) -> Ints:
    rng = generator(seed, "mothers")
    age = people.age(first_day)
    women = np.flatnonzero((people.since == 0) & people.resident & (people.sex == 2) & (age >= 20) & (age < 45))
    newborn = people.resident & ((age < 1) & ~people.isolated | (people.since > 0))
    return np.where(newborn, rng.choice(women, len(people)), NOBODY)


def _acts(seed: int, orgs: Organisations, first_day: date) -> dict[str, Acts]:
    known = np.flatnonzero(~orgs.isolated & (orgs.since == 0))
    shares = {"penalty": 0.25, "permit": 0.35, "arrears": 0.08, "dishonest": 0.06}
    return {name: _acts_of(generator(seed, name), known, part, first_day) for name, part in shares.items()}


def _acts_of(rng: np.random.Generator, bodies: Ints, part: float, first_day: date) -> Acts:
    """A third of the bodies named have a second act, on an earlier date."""
    once = rng.permutation(bodies)[: max(6, int(len(bodies) * part))]
    twice = once[: len(once) // 3]
    body = np.concatenate([once, twice])
    days_ago = np.concatenate([rng.integers(5, 300, len(once)), rng.integers(310, 900, len(twice))])
    chance = rng.integers(0, 1 << 40, len(body))
    return Acts(body, np.datetime64(first_day, "D") - days_ago, chance, np.zeros(len(body), np.int64))
