"""The DAGs: complete, owned, explained, retried; light to parse."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

from shuyuan.catalog import load_catalog
from shuyuan.demo.line import UPKEEP
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
