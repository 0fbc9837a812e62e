"""`kill -9` at every step of resolve and publish, by one worker and by many, and PostgreSQL ended in the middle of a COPY.

The day is a second change over a library with layers; after a re-run everything is as if nothing had happened.
"""

# ruff: noqa: F811  # a fixture is imported and then named as an argument
from __future__ import annotations

import signal
from collections.abc import Callable

import fault_points as points
import pytest
from fault_points import Fault, State, begin, broken, in_a_process, place  # noqa: F401
from town import Town

from shuyuan.db import embedded
from shuyuan.flow import library, publish, resolve, upkeep
from shuyuan.flow.step import OutOfOrder

WORKERS = 3
DIED = "its worker died; resolved again"


@pytest.fixture(scope="module")
def undisturbed(place: Town) -> State:
    """What everything says when nothing goes wrong, and that this is what a rebuild of the library would say."""
    begin(place, points.due)
    points.finish()
    found = points.state(place)
    assert points.rebuilt(place) == points.lake_state(place)
    assert [len(found[name]) for name in ("library.population", "lake rows", "lake disputes")] == [49, 49, 7]
    return found


# Where it is struck, at which turn, before or after; and how many runs the ledger then calls dead.
RESOLVE = [
    ("shuyuan.ledger.runs", "give_up_dead", 0, "after", 0),
    ("shuyuan.ledger.runs", "open_run", 0, "after", 0),
    ("shuyuan.flow.library", "_snapshots", 0, "after", 1),
    ("shuyuan.resolve.run", "_Resolver.prepare", 0, "after", 1),
    ("shuyuan.resolve.run", "_Resolver.group", 0, "before", 1),
    ("shuyuan.resolve.write", "Writer.write", 0, "after", 1),
    ("shuyuan.lake.duck", "write_partitions", 0, "after", 1),
    ("shuyuan.lake.durable", "settle", 0, "before", 1),
    ("shuyuan.lake.durable", "settle", 4, "after", 1),
    ("shuyuan.lake.duck", "write_parquet", 1, "after", 1),
    ("shuyuan.resolve.run", "_Resolver.group", 0, "after", 1),
    ("shuyuan.resolve.run", "save", 0, "after", 1),
    ("shuyuan.resolve.run", "save", 1, "after", 1),
    ("shuyuan.flow.library", "_keep", 0, "before", 1),
    ("shuyuan.flow.library", "_keep", 0, "after", 1),
    ("shuyuan.ledger.runs", "advance", 0, "after", 1),
]
PUBLISH = [
    ("shuyuan.publish.library", "apply", 0, "before"),
    ("psycopg", "Copy.write", 1, "before"),
    ("shuyuan.publish.library", "copy_in", 0, "after"),
    ("shuyuan.publish.library", "apply", 0, "after"),
    ("shuyuan.publish.library", "copy_in", 1, "after"),
    ("shuyuan.ledger.discrepancies", "settle", 0, "after"),
    ("shuyuan.ledger.court", "move", 0, "after"),
    ("shuyuan.ledger.discrepancies", "record_crosschecks", 0, "after"),
    ("shuyuan.court.session", "sit", 0, "after"),
    ("shuyuan.ledger.snapshots", "move", 0, "after"),
    ("shuyuan.ledger.snapshots", "move", 1, "after"),
    ("shuyuan.ledger.runs", "advance", 0, "after"),
    ("shuyuan.ledger.loads", "Step.record", 0, "after"),
    ("shuyuan.quality.judge", "library", 0, "before"),
    ("shuyuan.ledger.validations", "record", 0, "after"),
    ("shuyuan.ledger.loads", "Step.record", 1, "after"),
]
PARTS = [
    ("begin", "shuyuan.ledger.runs", "open_run", 0, "after"),
    ("part", "shuyuan.resolve.run", "_Resolver.prepare", 0, "after"),
    ("part", "shuyuan.lake.durable", "settle", 0, "after"),
    ("part", "shuyuan.lake.sealed", "write_json", 0, "before"),
    ("part", "shuyuan.lake.sealed", "write_json", 0, "after"),
    ("end", "shuyuan.flow.library", "_found_parts", 0, "after"),
    ("end", "shuyuan.resolve.run", "save", 0, "after"),
    ("end", "shuyuan.flow.library", "_keep", 0, "after"),
    ("end", "shuyuan.ledger.runs", "advance", 0, "after"),
]


def named(value: object) -> str:
    return str(value).rsplit(".", 1)[-1]


def killed(module: str, function: str, turn: int, when: str, work: Callable[..., object], *arguments: object) -> None:
    """Do something in a process that is killed there."""
    code = in_a_process(broken, Fault(turn, when, "kill"), ((module, function),), work, *arguments)
    assert code == -signal.SIGKILL, f"{module}.{function} was not reached"


@pytest.mark.parametrize(("module", "function", "turn", "when", "dead"), RESOLVE, ids=named)
def test_killed_while_resolving(
    place: Town, undisturbed: State, module: str, function: str, turn: int, when: str, dead: int
) -> None:
    begin(place, points.admitted)
    killed(module, function, turn, when, resolve, "population")
    assert place.one("SELECT count(*) FROM ledger.run WHERE state = 'published'") == 2, "nothing of it is live"
    points.finish()
    assert points.state(place) == undisturbed
    assert points.deaths(place) == [DIED] * dead
    points.story_is_told(place)


@pytest.mark.parametrize(("module", "function", "turn", "when"), PUBLISH, ids=named)
def test_killed_while_publishing(
    place: Town, undisturbed: State, module: str, function: str, turn: int, when: str
) -> None:
    begin(place, points.resolved)
    run = place.one("SELECT run_id FROM ledger.run WHERE state = 'resolved'")
    killed(module, function, turn, when, publish, run)
    points.finish()
    assert points.state(place) == undisturbed
    assert points.deaths(place) == []
    assert place.one("SELECT max(run_id) FROM ledger.run") == run, "what was resolved is published, not resolved again"
    points.story_is_told(place)


@pytest.mark.parametrize(("step", "module", "function", "turn", "when"), PARTS, ids=named)
def test_killed_while_many_workers_resolve(
    place: Town, undisturbed: State, step: str, module: str, function: str, turn: int, when: str
) -> None:
    """The scheduler repeats the task that died, and only that."""
    begin(place, points.admitted)
    if step == "begin":
        killed(module, function, turn, when, library.begin, "population")
    run = library.begin("population")
    every = library.parts(run, WORKERS)
    if step == "part":
        library.resolve_part(run, every[0])
        killed(module, function, turn, when, library.resolve_part, run, every[1])
        if when == "before":
            with pytest.raises(OutOfOrder, match="are not resolved yet"):
                library.end(run)
    for numbers in every:
        library.resolve_part(run, numbers)
    if step == "end":
        killed(module, function, turn, when, library.end, run)
    publish(library.end(run))
    assert points.state(place) == undisturbed
    points.story_is_told(place)


SERVER = [
    ("admit", points.due, points.admit_due, 1),
    ("publish rows", points.resolved, points.finish, 1),
    ("publish disputes", points.resolved, points.finish, 4),
]


@pytest.mark.parametrize(("what", "story", "work", "turn"), SERVER, ids=[entry[0] for entry in SERVER])
def test_postgresql_ends_in_the_middle_of_a_copy(
    place: Town,
    undisturbed: State,
    what: str,
    story: Callable[[Town], None],
    work: Callable[[], None],
    turn: int,
) -> None:
    begin(place, story)
    before = points.state(place)
    code = in_a_process(broken, Fault(turn, "before", "server"), (("psycopg", "Copy.write"),), work)
    assert code == 1, "the worker must meet the dead server and fail loudly"
    embedded.start(place.home)
    assert points.state(place) == before, "nothing half is there"
    points.finish()
    assert points.state(place) == undisturbed
    points.story_is_told(place)


def test_what_the_dead_leave_goes_and_nothing_else(place: Town, undisturbed: State) -> None:
    begin(place, points.admitted)
    killed("shuyuan.flow.library", "_keep", 0, "before", resolve, "population")
    points.finish()
    assert upkeep.remove_orphans(age=0) > 0
    assert points.state(place) == undisturbed
    assert points.rebuilt(place) == points.lake_state(place)
