"""`kill -9` of the worker at each step up to admit, and of PostgreSQL in the middle of a publish: a re-run gives the undisturbed tables.

Resolve and publish are struck in `test_faults_resolve.py`, everything at random in `test_faults_random.py`.
"""

from __future__ import annotations

import multiprocessing
import signal

import fault_probe
import pytest
from town import INSURED, MONDAY, RESIDENT, TUESDAY, Town, ids, person

from shuyuan.db import embedded
from shuyuan.flow import admit, check, publish, read, receive, resolve, upkeep

PEOPLE = ids(30)
# A batch or run number that a crash used up is not given again, so batches are told apart by their date.
TABLES = {
    "source.public_security__resident s JOIN ledger.batch b ON b.batch_id = s._batch": "_key, _line, business_date, _hash",
    "library.population": "_run > 0, to_jsonb(population) - '_run'",
    "history.population": "to_jsonb(population) - '{_run,recorded_at}'::text[]",
    "ledger.discrepancy": "entity, item, claim_ref, claim_value, closed_run IS NULL",
    "ledger.quarantine JOIN ledger.batch USING (batch_id)": "business_date, line, quarantine.reason",
    "ledger.evidence JOIN ledger.batch USING (batch_id)": "business_date, item, evidence.reason, rows",
    "ledger.batch": "resource, business_date, state, physical, loaded, quarantined, inserted, updated, deleted",
}


def monday(town: Town) -> None:
    """A first day is live: the register, and one other department that knows a name differently."""
    town.register(MONDAY, [person(number) for number in PEOPLE])
    town.feed(MONDAY)
    town.insured(MONDAY, [{"社会保障号": PEOPLE[1], "姓名": "张叁"}, {"社会保障号": PEOPLE[2], "姓名": "李肆"}])
    town.feed(MONDAY, INSURED)
    town.publish()


def tuesday(town: Town) -> None:
    """The second day's delivery: a change, a new person, one gone, one row that cannot stay."""
    newcomer = ids(31)[30]
    lines = [
        person(PEOPLE[0], "新名"),
        *(person(number) for number in PEOPLE[1:-1]),
        person(newcomer),
        person("440303198002031009"),
    ]
    town.register(TUESDAY, lines)


def state(town: Town) -> dict[str, list[tuple[object, ...]]]:
    return {table: sorted(town.ask(f"SELECT {columns} FROM {table}"), key=repr) for table, columns in TABLES.items()}


def finish(town: Town) -> None:
    """What the scheduler does after a crash: every step again."""
    batch = receive(RESIDENT, TUESDAY)
    if batch is not None:
        admit(check(read(batch)))
    publish(resolve("population"))


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, list[tuple[object, ...]]]:
    """Filled by the first test: what the tables hold when nothing goes wrong."""
    return {}


def die(victim: str, module: str, function: str, when: str, step: str, argument: object) -> int:
    """Walk a step in a process of its own that dies in the middle. → its exit code; negative: the signal that killed it."""
    order = (victim, module, function, when, step, str(argument))
    worker = multiprocessing.get_context("fork").Process(target=fault_probe.main, args=order)
    worker.start()
    worker.join(120)
    assert worker.exitcode is not None, "the worker hangs"
    return worker.exitcode


POINTS = [
    ("receive", "shuyuan.intake.receive", "_copy", "before"),
    ("receive", "shuyuan.intake.receive", "_copy", "after"),
    ("receive", "shuyuan.ledger.batches", "open_batch", "after"),
    ("read", "shuyuan.intake.staged", "_write", "after"),
    ("read", "shuyuan.ledger.batches", "advance", "after"),
    ("read", "shuyuan.ledger.findings", "quarantine", "after"),
    ("check", "shuyuan.publish.source", "stage", "after"),
    ("check", "shuyuan.ledger.validations", "record", "after"),
    ("check", "shuyuan.ledger.batches", "advance", "after"),
    ("admit", "shuyuan.lake.delta", "Delta.next_snapshot", "after"),
    ("admit", "shuyuan.publish.source", "apply", "after"),
    ("admit", "shuyuan.ledger.snapshots", "move", "after"),
]


def test_undisturbed(town: Town, undisturbed: dict[str, list[tuple[object, ...]]]) -> None:
    town.begin_with("monday", monday)
    tuesday(town)
    finish(town)
    undisturbed |= state(town)
    assert len(undisturbed["library.population"]) == 30
    assert len(undisturbed["history.population"]) == 33


@pytest.mark.parametrize(
    ("step", "module", "function", "when"), POINTS, ids=lambda value: str(value).rsplit(".", 1)[-1]
)
def test_a_killed_worker_loses_and_doubles_nothing(
    town: Town, undisturbed: dict[str, list[tuple[object, ...]]], step: str, module: str, function: str, when: str
) -> None:
    town.begin_with("monday", monday)
    tuesday(town)
    dead = die("worker", module, function, when, step, up_to(town, step))
    assert dead == -signal.SIGKILL
    finish(town)
    assert state(town) == undisturbed
    assert upkeep.remove_orphans(age=0) >= 0
    resolve("population")
    assert state(town) == undisturbed


def up_to(town: Town, step: str) -> object:
    """Walk to just before a step; its argument."""
    if step == "receive":
        return TUESDAY
    batch = receive(RESIDENT, TUESDAY) or 0
    for name, walk in (("read", read), ("check", check), ("admit", admit)):
        if step == name:
            return batch
        walk(batch)
    return "population" if step == "resolve" else resolve("population")


@pytest.mark.parametrize("function", ["apply", "settle"])
def test_postgresql_killed_in_the_middle_of_a_publish(
    town: Town, undisturbed: dict[str, list[tuple[object, ...]]], function: str
) -> None:
    town.begin_with("monday", monday)
    tuesday(town)
    dead = die("server", "shuyuan.publish.library", function, "after", "publish", up_to(town, "publish"))
    assert dead == 1, "the worker must meet the dead server and fail loudly"
    embedded.start(town.home)
    finish(town)
    assert state(town) == undisturbed


def test_a_failed_step_is_in_the_ledger(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from shuyuan.publish import library

    town.begin_with("monday", monday)
    tuesday(town)
    run = int(str(up_to(town, "publish")))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(library, "settle", full)
    with pytest.raises(OSError, match="No space left"):
        publish(run)
    monkeypatch.undo()
    failed = town.ask("SELECT step, message FROM ledger.load WHERE outcome = 'failed'")
    assert failed == [("publish", "OSError: [Errno 28] No space left on device")]
    assert town.one("SELECT name FROM library.population WHERE _key = %s", PEOPLE[0]) != "新名"
    publish(run)
    assert town.one("SELECT name FROM library.population WHERE _key = %s", PEOPLE[0]) == "新名"
