"""The DAGs at work: the real scheduler runs them on a tiny city."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from psycopg.sql import SQL

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db import embedded
from shuyuan.db.engine import transaction
from shuyuan.demo import airflow, city, daemons
from shuyuan.demo.line import Line
from shuyuan.demo.scheduler import Scheduler
from shuyuan.flow.migrate import migrate
from shuyuan.settings import PROJECT

CATALOG = load_catalog(PROJECT / "catalog")
LINE = ["receive", "read", "check", "admit"]


@dataclass(frozen=True)
class Town:
    """A running deployment with Airflow: three feeds of one library, some three hundred people."""

    home: Path
    line: Line
    day: date


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """Real PostgreSQL, real scheduler, API server and DAG processor on a free port; stopped at the end, whatever happens."""
    before = os.environ.get("SHUYUAN_HOME")
    os.environ["SHUYUAN_WORKERS"] = "2"  # libraries by mapped tasks: what one task does alone, the demo shows
    # Not below pytest's own folder: every pytest that starts closes it to the account PostgreSQL runs as.
    home = Path(tempfile.mkdtemp(prefix="shuyuan-test-")) / "home"
    os.environ["SHUYUAN_HOME"] = str(home)
    settings.load.cache_clear()
    try:
        yield _found_town(home)
    finally:
        daemons.stop(home)
        embedded.stop(home)
        shutil.rmtree(home.parent)
        os.environ.pop("SHUYUAN_WORKERS")
        os.environ.pop("SHUYUAN_HOME") if before is None else os.environ.update(SHUYUAN_HOME=before)
        settings.load.cache_clear()


def _found_town(home: Path) -> Town:
    embedded.start(home)
    port, day = free_port(), date(2026, 11, 18)
    migration = daemons.migrate(home, port)
    migrate()
    city.generate(settings.load().inbox, day, people=300, dirt=0, catalog=PROJECT / "catalog", first_day=day)
    daemons.finish(home, migration)
    daemons.start(home, port)
    names = [member.resource for member in CATALOG.libraries["geo"].members]
    resources = {name: CATALOG.resources[name] for name in names}
    part = CATALOG.model_copy(update={"resources": resources, "libraries": {"geo": CATALOG.libraries["geo"]}})
    scheduler = Scheduler(airflow.address(port), "admin", airflow.password(home, "admin"))
    line = Line(scheduler, part, home, watch=lambda _: None)
    line.open()
    return Town(home, line, day)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((airflow.HOST, 0))
        return int(probe.getsockname()[1])


def ask(statement: str) -> list[tuple[Any, ...]]:
    with transaction("shuyuan_owner") as connection:
        return connection.execute(SQL(statement)).fetchall()


@pytest.mark.airflow
def test_the_scheduler_brings_deliveries_into_the_library(town: Town) -> None:
    town.line.day(town.day)
    assert town.line.failures == []
    batches = ask("SELECT resource, state FROM ledger.batch ORDER BY 1")
    assert batches == [(resource, "admitted") for resource in sorted(town.line.catalog.resources)]
    [(rows,)] = ask("SELECT count(*) FROM library.geo")
    [(entities,)] = ask("SELECT entities FROM ledger.run WHERE library = 'geo' ORDER BY run_id DESC LIMIT 1")
    assert rows == entities > 0
    actors = dict(ask("SELECT step, min(actor) FROM ledger.load WHERE outcome = 'ok' GROUP BY step"))
    assert {"receive", "read", "check", "admit", "resolve", "publish", "prove"} <= set(actors)
    assert all(actor.startswith("airflow:") for step, actor in actors.items() if step in LINE)


@pytest.mark.airflow
def test_a_day_that_is_done_is_not_done_again(town: Town) -> None:
    before = ask("SELECT max(load_id) FROM ledger.load WHERE step <> 'harvest'")
    town.line.day(town.day)
    assert ask("SELECT max(load_id) FROM ledger.load WHERE step <> 'harvest'") == before


@pytest.mark.airflow
def test_a_feed_whose_delivery_has_not_come_is_skipped_and_starts_nothing(town: Town) -> None:
    runs = len(town.line.scheduler.runs(town.line.libraries))
    town.line.day(town.day + timedelta(days=1))
    assert town.line.failures == []
    [last] = [run for run in town.line.scheduler.runs(town.line.feeds[:1]) if run.run_id.endswith("-19")]
    assert {task.task_id: task.state for task in town.line.scheduler.tasks(last)} == dict.fromkeys(LINE, "skipped")
    assert len(town.line.scheduler.runs(town.line.libraries)) == runs


@pytest.mark.airflow
def test_a_refused_delivery_fails_at_once_and_is_told_from_a_fault(town: Town) -> None:
    day, resource = town.day + timedelta(days=2), next(iter(town.line.catalog.resources.values()))
    name = resource.delivery.pattern.replace("{date}", f"{day:%Y%m%d}")
    delivery = settings.load().inbox / resource.department / name
    delivery.write_text("这不是约定的表\n1\n", encoding="utf-8")
    delivery.with_name(f"{name}.ok").write_text("1\n", encoding="utf-8")
    town.line.day(day)
    [failure] = town.line.failures
    town.line.failures.clear()
    assert failure.dag_id == f"feed__{resource.table}"
    assert failure.refused
    assert failure.log.exists()
    [run] = [run for run in town.line.scheduler.runs([failure.dag_id]) if run.state == "failed"]
    tries = {task.task_id: task.try_number for task in town.line.scheduler.tasks(run)}
    assert tries[failure.task_id] == 1, "a refusal must not be retried"


@pytest.mark.airflow
def test_what_comes_is_taken_without_waiting_for_the_clock(town: Town) -> None:
    """The real triggerer watches the inbox; the delivery is admitted though no clock has struck and nobody has started its feed."""
    day, resource = town.day + timedelta(days=1), list(town.line.catalog.resources.values())[1]
    with triggerer(town.home):
        town.line.scheduler.unpause("announce")
        pattern, folder = resource.delivery.pattern, settings.load().inbox / resource.department
        old, new = (folder / pattern.replace("{date}", f"{of:%Y%m%d}") for of in (town.day, day))
        shutil.copyfile(old, new)
        shutil.copyfile(old.with_name(old.name + ".ok"), new.with_name(new.name + ".ok"))
        query = f"SELECT state FROM ledger.batch WHERE resource = '{resource.id}' AND business_date = '{day}'"
        assert wait_for(lambda: ask(query) == [("admitted",)], 120), (
            ask(query),
            (town.home / "triggerer.log").read_text()[-3000:],
        )
    runs = [run.run_id for run in town.line.scheduler.runs([f"feed__{resource.table}"])]
    assert [run for run in runs if run.startswith(f"arrival__{day}__")]
    assert wait_for(lambda: {run.state for run in town.line.scheduler.runs(["announce"])} == {"success"}, 60)
    arrivals = {
        run.run_id for feed in town.line.feeds for run in town.line.scheduler.runs([feed]) if "arrival" in run.run_id
    }
    assert len(arrivals) == 1, "what was taken before is not announced again"


@contextmanager
def triggerer(home: Path) -> Iterator[None]:
    """Airflow's triggerer, which the demo does without."""
    port = daemons.running(home)["api-server"].port
    with (home / "triggerer.log").open("wb") as log:
        process = subprocess.Popen(
            [str(airflow.executable()), "triggerer", "--skip-serve-logs"],
            env=airflow.environment(home, port), cwd=home, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        family = psutil.Process(process.pid)
        try:
            yield
        finally:
            children = family.children(recursive=True)
            process.terminate()
            _, alive = psutil.wait_procs([family, *children], timeout=20)
            for one in alive:
                one.kill()
            process.wait(10)


def wait_for(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True


@pytest.mark.airflow
def test_upkeep_runs(town: Town) -> None:
    town.line.upkeep(town.day + timedelta(days=2))
    assert town.line.failures == []
    steps = {step for (step,) in ask("SELECT DISTINCT step FROM ledger.load WHERE outcome = 'ok'")}
    assert {"sweep", "harvest", "orphans", "retention"} <= steps


@pytest.mark.airflow
def test_a_killed_scheduler_is_noticed_and_leaves_nothing_behind(town: Town) -> None:
    scheduler = daemons.running(town.home)["scheduler"].process
    workers = scheduler.children(recursive=True)
    assert workers, "the tasks before this one left their workers waiting"
    scheduler.kill()
    scheduler.wait(10)
    with pytest.raises(daemons.AirflowError, match="scheduler has ended"):
        daemons.refuse_dead(town.home)
    daemons.stop(town.home)
    assert daemons.running(town.home) == {}
    assert psutil.wait_procs(workers, timeout=10)[1] == []
