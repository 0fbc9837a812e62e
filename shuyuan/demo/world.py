"""The demo city on one business day: everything that exists, from which every department's delivery is written.

Belongs here: putting the parts together and walking from day to day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar
import numpy as np

from shuyuan.catalog import Catalog
from shuyuan.demo import evolve, organisations, people, places, records
from shuyuan.demo.draw import Mask
from shuyuan.demo.organisations import Organisations
from shuyuan.demo.people import People
from shuyuan.demo.places import Places
from shuyuan.demo.records import Records


@dataclass
class World:
    """The city on business day `day` (0 is the first); `taken` are people and bodies with a planted defect."""

    catalog: Catalog
    seed: int
    first_day: date
    day: int
    today: date
    people: People
    organisations: Organisations
    places: Places
    records: Records
    taken_people: Mask
    taken_bodies: Mask
    taken_addresses: Mask

    def words(self, resource: str, item: str) -> dict[int, str]:
        """Code → what the department itself writes: its crosswalk's word where it has one, else the code."""
        declared = self.catalog.resources[resource].item(item)
        listed = self.catalog.codes[declared.codes or ""].values
        own: dict[str, str] = {}
        if declared.crosswalk:
            for word, code in self.catalog.crosswalks[declared.crosswalk].map.items():
                own.setdefault(code, word)
        return {int(code): own.get(code, code) for code in listed if code.isdigit()}

    def walk(self, last: int, size: int) -> None:
        """Live through the business days up to `last`."""
        while self.day < last:
            self.day += 1
            self.today = working_day_after(self.today)
            taken = (self.taken_people, self.taken_bodies)
            evolve.next_day(
                self.seed, self.day, self.today, self.people, self.organisations, self.places, self.records, taken
            )


def create(catalog: Catalog, seed: int, size: int, first_day: date, horizon: int) -> World:
    """The city on its first day, with everybody who will appear until day `horizon`."""
    where = places.build(seed, catalog.codes["division"].values, size, horizon)
    who = people.populate(seed, size, where, first_day, horizon)
    bodies = organisations.found(seed, who, where, first_day, horizon)
    held = records.hold(seed, who, bodies, first_day)
    none = (np.zeros(n, np.bool_) for n in (len(who), len(bodies), len(where.since)))
    return World(catalog, seed, first_day, 0, first_day, who, bodies, where, held, *none)


def working_day_before(day: date, steps: int) -> date:
    """The business date `steps` working days earlier."""
    for _ in range(steps):
        day -= timedelta(days=1)
        while not _works(day):
            day -= timedelta(days=1)
    return day


def working_day_after(day: date) -> date:
    """The next business date."""
    day += timedelta(days=1)
    while not _works(day):
        day += timedelta(days=1)
    return day


def _works(day: date) -> bool:
    """By the State Council's notice; Monday to Friday for years it has not arranged yet."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5
