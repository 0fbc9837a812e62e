"""Two schedulers at once, over a day of changes: whoever comes second finds it done or waits; two libraries do not disturb each other."""

# ruff: noqa: F811  # a fixture is imported and then named as an argument
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import fault_points as points
import pytest
from fault_points import RESIDENT, WEDNESDAY, State, begin, place, undisturbed  # noqa: F401
from test_line_races import at_once
from town import Town

from shuyuan.flow import admit, check, library, publish, read, receive, resolve

PLACE = "natural_resources.place"


def bring(name: str = "population") -> Callable[[], object]:
    return lambda: publish(resolve(name))


@pytest.mark.parametrize("schedulers", [2, 3])
def test_schedulers_do_the_same_day(place: Town, undisturbed: State, schedulers: int) -> None:
    begin(place, points.due)
    assert at_once(*[points.finish] * schedulers) == [0] * schedulers
    points.finish()
    assert points.state(place) == undisturbed
    points.story_is_told(place)


def test_schedulers_resolve_and_publish_what_is_admitted(place: Town, undisturbed: State) -> None:
    begin(place, points.admitted)
    assert at_once(bring(), bring()) == [0, 0]
    assert points.state(place) == undisturbed
    assert points.deaths(place) == [], "nobody calls a living worker dead"
    points.story_is_told(place)


def test_one_admits_while_another_resolves(place: Town, undisturbed: State) -> None:
    """Whatever the run saw of the admitted rows: the next one ends where the day ends; each person's history has every value once."""
    begin(place, points.due)
    assert at_once(points.admit_due, bring(), bring()) == [0, 0, 0]
    points.finish()
    now = points.state(place)
    for name in ("library.population", "lake rows", "lake disputes", "ledger.snapshot"):
        assert bare(name, now) == bare(name, undisturbed)
    assert points.rebuilt(place) == points.lake_state(place)
    latest = "SELECT DISTINCT ON (_key) _key, _op FROM history.population ORDER BY _key, valid_from DESC, _run DESC"
    living = {key for key, op in place.ask(latest) if op != "D"}
    assert living == {key for (key,) in place.ask("SELECT _key FROM library.population")}
    open_now = place.one("SELECT count(*) FROM ledger.discrepancy WHERE closed_run IS NULL")
    assert open_now == len(now["lake disputes"])
    points.story_is_told(place)


def bare(name: str, of: State) -> list[Any]:
    """Rows of a state without the day on which they last changed: that hangs on which run was first."""
    if name != "library.population":
        return of[name]
    return sorted(({k: v for k, v in row[1].items() if k != "_as_of"} for row in of[name]), key=repr)


def test_two_workers_of_one_part(place: Town, undisturbed: State) -> None:
    """The scheduler took a worker for dead that was only slow: both do the part, and both end the run."""
    begin(place, points.admitted)
    run = library.begin("population")
    every = library.parts(run, 2)
    part = [lambda numbers=numbers: library.resolve_part(run, numbers) for numbers in every]
    assert at_once(part[0], part[0], part[1]) == [0, 0, 0]
    ended = at_once(*[lambda: publish(library.end(run))] * 2)
    assert ended == [0, 0]
    assert points.state(place) == undisturbed
    points.story_is_told(place)


def places(town: Town, name: str) -> None:
    """A delivery of place names is received, read, checked and admitted."""
    others = dict.fromkeys(("地名类别", "区划代码", "经度", "纬度", "坐标系", "批准日期"))
    rows = [{"地名编码": f"P{number:04d}", "标准地名": f"{name}{number}"} | others for number in range(20)]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    town.drop(f"place_{WEDNESDAY:%Y%m%d}.jsonl", text.encode(), len(rows), "natural_resources")
    admit(check(read(receive(PLACE, WEDNESDAY) or 0)))


def test_two_libraries_at_once(place: Town, undisturbed: State) -> None:
    begin(place, points.admitted)
    places(place, "东门")
    assert at_once(bring(), bring("geo"), bring(), bring("geo")) == [0, 0, 0, 0]
    names = place.ask("SELECT place_name FROM library.geo")
    assert {name for (name,) in names} == {f"东门{number}" for number in range(20)}
    assert len(place.ask("SELECT _key FROM history.geo")) == 20
    mine = points.state(place)
    for name in ("library.population", "history.population", "ledger.discrepancy", "lake rows", "lake disputes"):
        assert mine[name] == undisturbed[name]
    assert place.ask("SELECT library, state FROM ledger.run WHERE business_date = %s ORDER BY library", WEDNESDAY) == [
        ("geo", "published"),
        ("population", "published"),
    ]
    points.story_is_told(place)
    assert place.one("SELECT count(*) FROM ledger.batch WHERE resource = %s", RESIDENT) == 3
