"""The agenda of one demo, made once and kept in `<home>/demo.json`: how many people, which seed, which business days.

A second `make demo`, even tomorrow, follows the same agenda: so it finds everything done.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from shuyuan import settings
from shuyuan.quality import calendar

FILE = "demo.json"
# Working days from the last business day to today: whatever was not sent for that day, with the grace most feeds have, is late by now.
AFTERWARDS = 3


class AgendaError(ValueError):
    """These numbers make no demo, or not this one; the message says what to do."""


@dataclass(frozen=True)
class Agenda:
    """`days` are consecutive working days, oldest first; `today` is the day for which lateness is judged."""

    people: int
    seed: int
    days: tuple[date, ...]
    today: date


def make(people: int, seed: int, days: int, today: date) -> Agenda:
    """The agenda of a demo begun on `today`. Raises AgendaError when a number makes no sense."""
    if people < 100 or days < 1:
        raise AgendaError(f"a demo needs at least 100 people and 1 day, not {people} and {days}")
    worked = [day for day, is_workday, *_ in calendar.rows(today) if is_workday and day <= today]
    last = len(worked) - AFTERWARDS
    return Agenda(people, seed, tuple(worked[last - days : last]), worked[-1])


def of(home: Path, people: int, seed: int, days: int) -> Agenda:
    """The agenda of this deployment: the one it has, else a new one that is written down.

    Raises AgendaError when the deployment was begun with other numbers: its deliveries are in, they cannot be undone.
    """
    path = home / FILE
    if not path.exists():
        agenda = make(people, seed, days, settings.today())
        new = path.with_suffix(".new")
        new.write_text(json.dumps(_plain(agenda), indent=1), "utf-8")
        new.replace(path)
        return agenda
    agenda = read(home)
    if (agenda.people, agenda.seed, len(agenda.days)) != (people, seed, days):
        raise AgendaError(
            f"this deployment holds a demo of {agenda.people} people, seed {agenda.seed}, {len(agenda.days)} days; "
            "run it with those, or begin anew: make clean; make demo"
        )
    return agenda


def read(home: Path) -> Agenda:
    """The agenda in `<home>/demo.json`. Raises FileNotFoundError when no demo was begun here."""
    known = json.loads((home / FILE).read_text("utf-8"))
    days = tuple(date.fromisoformat(day) for day in known["days"])
    return Agenda(int(known["people"]), int(known["seed"]), days, date.fromisoformat(known["today"]))


def _plain(agenda: Agenda) -> dict[str, object]:
    days = [day.isoformat() for day in agenda.days]
    return {"people": agenda.people, "seed": agenda.seed, "days": days, "today": agenda.today.isoformat()}
