"""Two hundred faults at random points of a day (fixed seed): 24 of the whole day on the database, 176 of the lake's part of a resolve.

A day on the database takes seconds to put back and to repeat, so only as many are struck there as a bounded test allows; the lake's part
needs no database: a struck resolve is repeated into the same folder, as a worker does that is started again. Both compare everything.
"""

# ruff: noqa: F811  # a fixture is imported and then named as an argument
from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import fault_points as points
import pytest
from fault_points import CALLS, Fault, State, begin, broken, in_a_process, place, struck  # noqa: F401
from test_line_races import at_once
from town import Town

from shuyuan import settings
from shuyuan.catalog import Catalog, load_catalog
from shuyuan.flow import library
from shuyuan.lake import duck
from shuyuan.resolve import run as resolver
from shuyuan.resolve.outcome import Outcome
from shuyuan.resolve.run import Inputs

ON_THE_DATABASE, IN_THE_LAKE, GROUPS, AT_ONCE = 24, 176, 8, 2
LAKE_CALLS = tuple(call for call in CALLS if call[0] != "psycopg")


@dataclass
class Day:
    """A day on which nothing goes wrong: what everything says at its end, and how many calls it makes."""

    end: State
    calls: int


@pytest.fixture(scope="module")
def undisturbed(place: Town) -> Day:
    begin(place, points.due)
    with struck(None) as made:
        points.finish()
    assert {name for _, name in CALLS} == set(made), "every kind of call is made on this day"
    return Day(points.state(place), len(made))


@pytest.mark.parametrize("group", range(GROUPS))
def test_faults_of_a_whole_day(place: Town, undisturbed: Day, group: int) -> None:
    every = points.drawn(2026, ON_THE_DATABASE, undisturbed.calls)
    for fault in every[group::GROUPS]:
        begin(place, points.due)
        code = in_a_process(broken, fault, CALLS, points.finish)
        assert code in _ends(fault, undisturbed.calls), fault
        points.finish()
        assert points.state(place) == undisturbed.end, fault
        points.story_is_told(place)
        if fault.how == "raise" and (told := points.told(place)):
            assert "No space left on device" in told[-1][2], fault


def _ends(fault: Fault, calls: int) -> set[int]:
    """The exit codes a fault may have. Great Expectations tries some calls again by itself; a day may be some calls shorter than another."""
    survived = {0} if fault.how == "raise" or fault.number >= calls - 10 else set()
    return survived | {-signal.SIGKILL if fault.how == "kill" else 1}


@dataclass
class Lake:
    """One resolve: its inputs, read from the ledger once, and what it finds when nothing goes wrong."""

    catalog: Catalog
    inputs: Inputs
    day: date
    found: dict[str, Any]
    calls: int

    def resolve(self, folder: str) -> Outcome:
        return resolver.run(self.catalog, self.catalog.libraries["population"], self.inputs, self.day, folder)


@pytest.fixture(scope="module")
def lake(place: Town) -> Lake:
    begin(place, points.admitted)
    run_id = library.begin("population")
    catalog = load_catalog(settings.load().catalog)
    with library.transaction(library.LOADER) as connection:
        run = library.runs.get(connection, run_id)
    lake = Lake(catalog, library._snapshots(catalog, run), run.business_date, {}, 0)
    with struck(None, LAKE_CALLS) as made:
        outcome = lake.resolve("random/undisturbed")
    lake.found, lake.calls = everything(outcome), len(made)
    assert lake.found["changes"] == {"I": 4, "U": 3, "D": 4, "S": 1}
    return lake


def everything(outcome: Outcome) -> dict[str, Any]:
    """What a run found: the next snapshots, the deltas row by row, all counts."""
    found: dict[str, Any] = dict(points.shown(outcome.library, outcome.discrepancies))
    with duck.connect() as engine:
        for kind, files in outcome.files.items():
            paths = [settings.load().lake / name for name in files]
            found[kind] = sorted(duck.rows(engine, f"SELECT * FROM {duck.scan(paths)}"), key=repr)
    counts = {"rows": outcome.rows, "changes": dict(outcome.changes), "disputed": dict(outcome.disputes)}
    return found | {"counts": counts, "changes": dict(outcome.changes), "checks": dict(outcome.crosschecks)}


@pytest.mark.parametrize("group", range(GROUPS))
def test_faults_of_the_lake_part_of_a_resolve(lake: Lake, group: int) -> None:
    every = list(enumerate(points.drawn(1949, IN_THE_LAKE, lake.calls)))[group::GROUPS]
    shares = [every[start::AT_ONCE] for start in range(AT_ONCE)]
    codes = at_once(*[partial(strike_each, lake, share) for share in shares])
    assert codes == [0] * AT_ONCE, "what went wrong was printed"


def strike_each(lake: Lake, share: list[tuple[int, Fault]]) -> None:
    for number, fault in share:
        folder = f"random/{number}"
        code = in_a_process(broken, fault, LAKE_CALLS, lake.resolve, folder)
        assert code == (-signal.SIGKILL if fault.how == "kill" else 1), fault
        assert everything(lake.resolve(folder)) == lake.found, fault
        shutil.rmtree(settings.load().lake / folder)


def test_the_points_are_spread() -> None:
    """Every tenth of a day is struck, before and after, by every kind of fault."""
    every = points.drawn(2026, ON_THE_DATABASE, 300) + points.drawn(1949, IN_THE_LAKE, 300)
    assert len(every) == 200
    assert {fault.number // 30 for fault in every} == set(range(10))
    assert {(fault.when, fault.how) for fault in every} == {
        (w, h) for w in ("before", "after") for h in ("kill", "raise")
    }
    assert every == points.drawn(2026, ON_THE_DATABASE, 300) + points.drawn(1949, IN_THE_LAKE, 300)
