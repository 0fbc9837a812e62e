"""The DAGs: complete, owned, explained, retried; light to parse; and the real scheduler runs them on a tiny city."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import psutil
import pytest
from psycopg.sql import SQL

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db import embedded
from shuyuan.db.engine import transaction
from shuyuan.demo import airflow, city, daemons
from shuyuan.demo.line import UPKEEP, Line
from shuyuan.demo.scheduler import Scheduler
from shuyuan.flow.migrate import migrate
from shuyuan.settings import PROJECT

CATALOG = load_catalog(PROJECT / "catalog")
HEAVY = ("pandas", "duckdb", "pyarrow", "great_expectations", "psycopg", "numpy", "shuyuan.flow", "shuyuan.db")
LINE = ["receive", "read", "check", "admit"]

PROBE = PROJECT / "tests" / "dag_probe.py"


def parse(catalog: Path, tmp_path: Path, **environment: str) -> dict[str, Any]:
    """Everything a fresh interpreter finds in `dags/` under this catalog."""
    variables = {"AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    variables["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(PROJECT / "plugins")
    done = subprocess.run(
        [sys.executable, str(PROBE), str(PROJECT / "dags")],
        env={**os.environ, **variables, "SHUYUAN_CATALOG": str(catalog), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.rsplit("\n@@", 1)[1])
    return found


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return parse(PROJECT / "catalog", tmp_path_factory.mktemp("bag"))


def test_every_file_is_read_without_error(bag: dict[str, Any]) -> None:
    assert bag["errors"] == {}


def test_every_resource_and_library_has_its_dag_and_nothing_else_has(bag: dict[str, Any]) -> None:
    feeds = {f"feed__{resource.table}" for resource in CATALOG.resources.values()}
    libraries = {f"library__{library}" for library in CATALOG.libraries}
    upkeep = set(UPKEEP)
    assert set(bag["dags"]) == feeds | libraries | upkeep | {"announce"}


def test_a_feed_is_the_straight_line_of_its_department(bag: dict[str, Any]) -> None:
    for resource in CATALOG.resources.values():
        dag = bag["dags"][f"feed__{resource.table}"]
        department = CATALOG.departments[resource.department]
        assert dag["order"] == LINE
        upstream = [dag["tasks"][name]["upstream"] for name in LINE]
        assert upstream == [[], ["receive"], ["read"], ["check"]]
        assert {task["owner"] for task in dag["tasks"].values()} == {department.title}
        assert department.contact in dag["doc"]
        assert resource.title_en in dag["doc"]
        assert dag["tasks"]["admit"]["outlets"] == [resource.id]
        assert {"feed", resource.department, resource.update_cycle} <= set(dag["tags"])


def test_a_library_listens_to_its_members_and_runs_one_at_a_time(bag: dict[str, Any]) -> None:
    for library in CATALOG.libraries.values():
        dag = bag["dags"][f"library__{library.id}"]
        assert dag["any"], "a library must not wait for its slowest department"
        assert dag["listens"] == sorted(member.resource for member in library.members)
        assert dag["order"] == ["resolve", "publish"]
        assert dag["tasks"]["publish"]["outlets"] == [library.id]
        assert CATALOG.departments[library.lead].contact in dag["doc"]


def test_buckets_are_shared_out_among_mapped_tasks(tmp_path: Path) -> None:
    """Many workers of Airflow, or one Spark that shares out itself."""
    shared = parse(PROJECT / "catalog", tmp_path, SHUYUAN_WORKERS="3")
    assert shared["errors"] == {}
    for library in CATALOG.libraries:
        tasks = shared["dags"][f"library__{library}"]["tasks"]
        upstream = {name: task["upstream"] for name, task in tasks.items()}
        assert upstream == {
            "begin": [], "parts": ["begin"], "resolve_part": ["begin", "parts"], "end": ["begin", "resolve_part"], "publish": ["end"],
        }  # fmt: skip
    on_spark = parse(PROJECT / "catalog", tmp_path, SHUYUAN_WORKERS="3", SHUYUAN_ENGINE="spark")
    assert on_spark["dags"]["library__population"]["order"] == ["resolve", "publish"]


def test_every_dag_is_explained_in_both_languages_and_tagged(bag: dict[str, Any]) -> None:
    for dag_id, dag in bag["dags"].items():
        assert "变红怎么办" in dag["doc"], dag_id
        assert "When it is red" in dag["doc"], dag_id
        assert "By hand" in dag["doc"], dag_id
        assert dag["tags"], dag_id
        assert dag["catchup"] is False, dag_id
        # A library and a duty run one at a time; a feed that waits for a late delivery must not hold up a newer date.
        assert (dag["active"] > 8) if dag_id.startswith("feed__") else (dag["active"] == 1), dag_id


def test_every_task_is_owned_and_retried_with_growing_pauses(bag: dict[str, Any]) -> None:
    for dag_id, dag in bag["dags"].items():
        for name, task in dag["tasks"].items():
            assert task["retries"] >= 1, (dag_id, name)
            assert task["backoff"], (dag_id, name)
            assert task["owner"] not in ("", "airflow"), (dag_id, name)


def test_deliveries_rank_before_libraries_before_upkeep(bag: dict[str, Any]) -> None:
    weights: dict[str, set[int]] = {}
    for dag_id, dag in bag["dags"].items():
        weights.setdefault(dag_id.split("__")[0], set()).update(task["weight"] for task in dag["tasks"].values())
    assert all(len(found) == 1 for found in weights.values())
    assert min(weights["feed"]) > max(weights["library"]) > max(weights["upkeep"])


CLOCKS = """
import sys; sys.path.insert(0, sys.argv[1])
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace as Run
from airflow.sdk.api.datamodels._generated import DagRunType  # what a worker is handed
from shuyuan_dags import when
late = datetime(2026, 11, 18, 23, 30, tzinfo=timezone.utc)  # the 19th in Beijing
assert when.business_date({}, Run(logical_date=late, run_after=late)).isoformat() == "2026-11-19"
assert when.business_date({}, Run(logical_date=None, run_after=late)).isoformat() == "2026-11-19"
assert when.business_date({"business_date": "2026-08-31"}, Run(logical_date=late, run_after=late)).isoformat() == "2026-08-31"
now = datetime.now(timezone.utc)
runs = ((DagRunType.SCHEDULED, 1), (DagRunType.SCHEDULED, 24 * 11), (DagRunType.MANUAL, 0), (DagRunType.BACKFILL, 0))
waits = [when.gives_up(Run(run_type=kind, run_after=now - timedelta(hours=h)), when.patience("daily")) for kind, h in runs]
assert waits == [False, True, True, True], waits
from shuyuan.catalog.models import Cycle
from typing import get_args
assert all(when.timetable(cycle) and when.patience(cycle) for cycle in get_args(Cycle))
"""


def test_a_scheduled_run_waits_for_its_delivery_and_one_by_hand_does_not(tmp_path: Path) -> None:
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    command = [sys.executable, "-c", CLOCKS, str(PROJECT / "dags")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_parsing_loads_no_engine(bag: dict[str, Any]) -> None:
    loaded = [name for name in HEAVY if name in bag["modules"]]
    print(f"parsed {len(bag['dags'])} DAGs in {bag['seconds']:.2f} s")
    assert loaded == []
    assert bag["seconds"] < 10


def test_a_worker_builds_only_the_dag_of_its_task(tmp_path: Path) -> None:
    wanted = "feed__tax__arrears"
    found = parse(PROJECT / "catalog", tmp_path, _AIRFLOW_PARSING_CONTEXT_DAG_ID=wanted)
    assert list(found["dags"]) == [wanted]


def test_adding_a_feed_is_adding_one_yaml_file(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    shutil.copytree(PROJECT / "catalog", catalog)
    (catalog / "resources" / "education" / "school.yml").write_text(SCHOOL, encoding="utf-8")
    found = parse(catalog, tmp_path)
    assert found["errors"] == {}
    assert found["dags"]["feed__education__school"]["order"] == LINE
    assert len(found["dags"]) == len(CATALOG.resources) + len(CATALOG.libraries) + len(UPKEEP) + len(
        ["announce", "the new one"]
    )


SCHOOL = """
id: education.school
title: 学校名录
title_en: Schools
classification: 主题资源/教育
key: [school_no]
update_cycle: monthly
grace: 5
delivery: {pattern: "school_{date}.csv", mode: full, control: true, encoding: utf-8}
share: {type: unconditional}
items:
  - {name: school_no, label: 学校标识码, label_en: School code, type: identifier, required: true}
"""


def test_a_contradiction_in_the_catalog_is_shown_with_file_and_line(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    shutil.copytree(PROJECT / "catalog", catalog)
    (catalog / "resources" / "education" / "school.yml").write_text(SCHOOL + "owner: nobody\n", encoding="utf-8")
    found = parse(catalog, tmp_path)
    assert any("school.yml:" in error and "owner" in error for error in found["errors"].values())


def test_every_step_that_a_dag_names_exists() -> None:
    text = "".join((PROJECT / "dags" / name).read_text("utf-8") for name in ("feeds.py", "libraries.py", "announce.py"))
    text += (PROJECT / "dags" / "shuyuan_dags" / "connections.py").read_text("utf-8")
    steps = re.findall(r'attempt\("([\w.]+:\w+)"', text)
    assert len(steps) == 13
    from shuyuan.flow import upkeep

    assert all(callable(resolve_name(step)) for step in steps)
    duties = re.findall(r'"\w+", "(\w+)", "(\w+)", (?:True|False)', (PROJECT / "dags" / "upkeep.py").read_text("utf-8"))
    assert len(duties) == 4
    from shuyuan.cli import steps as verbs

    assert all(callable(getattr(upkeep, function)) and callable(getattr(verbs, verb)) for function, verb in duties)


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
