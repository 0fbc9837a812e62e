"""Airflow's side of fetching and of noticing: its connections, by its own hooks, lead to real servers; the watcher of the inbox; arrivals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from contracts import Contract, contracted  # noqa: F401
from servers import LOGIN, PASSWORD, as_json, department_database, sftp_server, web_server
from town import HEADER, MONDAY, RESIDENT, TUESDAY, Town, ids, person

from shuyuan.flow import receive
from shuyuan.flow.stragglers import arrivals
from shuyuan.intake.watch import picture
from shuyuan.settings import PROJECT

PEOPLE = ids(5)
REGISTER = "".join(f"{line}\n" for line in [HEADER, *map(person, PEOPLE)]).encode("gb18030")

AS_A_TASK = """
import sys; sys.path[:0] = [sys.argv[1]]
from datetime import date
from shuyuan_dags import connections
connections.collect("public_security.resident", date.fromisoformat(sys.argv[2]), waits=sys.argv[3] == "waits")
"""


def as_a_task(tmp_path: Path, day: date, waits: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
    """What the feed's first task does to fetch, in a process of its own with Airflow's connections."""
    known = {"AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", **environment}
    command = [sys.executable, "-c", AS_A_TASK, str(PROJECT / "dags"), day.isoformat(), "waits" if waits else "-"]
    return subprocess.run(
        command, env={**os.environ, **known}, capture_output=True, text=True, timeout=180, check=False
    )


def fetched(town: Town) -> list[str]:
    return sorted(path.name for path in (town.home / "inbox" / "public_security").glob("resident*"))


def test_an_sftp_connection_of_airflow(town: Town, contract: Contract, tmp_path: Path) -> None:
    contract(connector={"kind": "sftp", "connection": "registry", "folder": "/"})
    (tmp_path / "remote").mkdir()
    for name, content in (("resident_20261116.csv", REGISTER), ("resident_20261116.csv.ok", b"5")):
        (tmp_path / "remote" / name).write_bytes(content)
    with sftp_server(tmp_path / "remote") as server:
        fields = {"conn_type": "sftp", "host": "127.0.0.1", "port": server.port, "login": LOGIN, "password": PASSWORD}
        known = {**fields, "extra": {"host_key": server.host_key}}
        done = as_a_task(tmp_path, MONDAY, AIRFLOW_CONN_REGISTRY=json.dumps(known))
        assert done.returncode == 0, done.stderr[-3000:]
        assert fetched(town) == ["resident_20261116.csv", "resident_20261116.csv.ok"]
        unknown_host = as_a_task(tmp_path, TUESDAY, AIRFLOW_CONN_REGISTRY=json.dumps(fields))
    assert "AirflowFailException" in unknown_host.stderr and "host" in unknown_host.stderr, unknown_host.stderr[-3000:]
    assert PASSWORD not in done.stdout + done.stderr + unknown_host.stdout + unknown_host.stderr


def test_an_http_connection_of_airflow(town: Town, contract: Contract, tmp_path: Path) -> None:
    contract(
        pattern="resident_{date}.jsonl",
        connector={"kind": "api", "connection": "registry", "path": "people/{date}", "rows": "list"},
    )
    with web_server() as web:
        web.answers["/v1/people/20261116"] = lambda _query, _web: as_json(
            {"list": [{"公民身份号码": PEOPLE[0], "姓名": "王"}]}
        )
        fields = {
            "conn_type": "http",
            "host": f"http://127.0.0.1:{web.port}/v1",
            "password": "t0ken",
            "extra": {"X-App-Key": "k"},
        }
        done = as_a_task(tmp_path, MONDAY, AIRFLOW_CONN_REGISTRY=json.dumps(fields))
        assert done.returncode == 0, done.stderr[-3000:]
        assert (web.headers[0]["Authorization"], web.headers[0]["X-App-Key"]) == ("Bearer t0ken", "k")
    assert fetched(town) == ["resident_20261116.jsonl", "resident_20261116.jsonl.ok"]


def test_a_database_connection_of_airflow(town: Town, contract: Contract, tmp_path: Path, home: Path) -> None:
    resource = contract(
        pattern="resident_{date}.parquet",
        connector={"kind": "database", "connection": "registry", "table": "r", "key": ["id_no"], "day": "d"},
    )
    names = [item.name for item in resource.items]
    with department_database(home) as (url, owner):
        columns = ", ".join(f"{name} text" for name in names)
        owner.execute(f"CREATE TABLE r ({columns}, d date)".encode())
        owner.execute("INSERT INTO r (id_no, name, d) VALUES ('1', 'x', '2026-11-16'), ('2', 'y', '2026-11-17')")
        owner.execute("GRANT SELECT ON r TO taxes_reader")
        socket = url.split("host=")[1].split("&")[0]
        fields = {"conn_type": "postgres", "login": "taxes_reader", "password": PASSWORD, "schema": "taxes"}
        fields["extra"] = {"sqlalchemy_query": {"host": socket.replace("%2F", "/"), "port": "5432"}}
        done = as_a_task(tmp_path, MONDAY, AIRFLOW_CONN_REGISTRY=json.dumps(fields))
        assert done.returncode == 0, done.stderr[-3000:]
    assert (town.home / "inbox" / "public_security" / "resident_20261116.parquet.ok").read_text().startswith("rows=1\n")


def test_a_silent_server_is_waited_for_and_an_unknown_connection_is_not(
    town: Town, contract: Contract, tmp_path: Path
) -> None:
    contract(connector={"kind": "http", "connection": "registry"})
    silent = {"AIRFLOW_CONN_REGISTRY": json.dumps({"conn_type": "http", "host": "http://127.0.0.1:1"})}
    waiting = as_a_task(tmp_path, MONDAY, waits=True, **silent)
    assert waiting.returncode == 0 and "no answer" in waiting.stdout, waiting.stderr[-3000:]
    unknown = as_a_task(tmp_path, MONDAY, waits=True)
    assert unknown.returncode != 0 and "AIRFLOW_CONN_REGISTRY" in unknown.stderr
    outcomes = town.ask("SELECT outcome FROM ledger.load WHERE step = 'collect' ORDER BY load_id")
    assert outcomes == [("failed",), ("refused",)], "both are recorded"


# Noticing


def test_the_picture_of_the_inbox_changes_with_what_is_visible_in_it(tmp_path: Path) -> None:
    pictures = [picture(tmp_path / "inbox")]
    folder = tmp_path / "inbox" / "tax"
    folder.mkdir(parents=True)
    (folder / ".hidden.part").write_text("half")
    assert picture(tmp_path / "inbox") == pictures[0]
    for change in (lambda: (folder / "a.csv").write_text("1"), lambda: (folder / "a.csv").write_text("12"),
                   lambda: os.utime(folder / "a.csv", (1, 1)), lambda: (folder / "a.csv").rename(folder / "b.csv"),
                   (folder / "b.csv").unlink):  # fmt: skip
        change()
        pictures.append(picture(tmp_path / "inbox"))
    assert len(set(pictures)) == 5 and pictures[-1] == pictures[0]


WATCH = """
import asyncio, sys; sys.path[:0] = [sys.argv[1]]
from pathlib import Path
from shuyuan_inbox import InboxTrigger
from airflow.triggers.base import BaseEventTrigger
from shuyuan import settings

async def watch():
    name, given = InboxTrigger(every=0.05).serialize()
    assert name == "shuyuan_inbox.InboxTrigger" and isinstance(InboxTrigger(**given), BaseEventTrigger)
    events = InboxTrigger(**given).run()
    first = await asyncio.wait_for(anext(events), 5)
    quiet = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0.5)
    assert not quiet.done(), "nothing has come"
    folder = settings.load().inbox / "tax"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("1")
    second = await asyncio.wait_for(quiet, 5)
    assert first.payload != second.payload
    heavy = [name for name in ("duckdb", "pyarrow", "pandas", "psycopg", "shuyuan.flow") if name in sys.modules]
    assert not heavy, heavy

asyncio.run(watch())
"""


def test_the_watcher_fires_at_its_start_and_when_something_comes(tmp_path: Path) -> None:
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow"), "SHUYUAN_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", WATCH, str(PROJECT / "plugins")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture
def arrived(town: Town) -> Iterator[Town]:
    town.register(MONDAY, [person(number) for number in PEOPLE])
    town.register(TUESDAY, [person(number) for number in PEOPLE])
    yield town


def test_what_nobody_has_taken_is_an_arrival_and_each_is_one(arrived: Town) -> None:
    found = arrivals(TUESDAY)
    assert [(resource, day) for resource, day, _ in found] == [(RESIDENT, MONDAY), (RESIDENT, TUESDAY)]
    assert arrivals(MONDAY) == found[:1], "what is dated tomorrow waits for tomorrow"
    assert arrivals(TUESDAY) == found, "the same arrival has the same mark"
    receive(RESIDENT, MONDAY)
    assert arrivals(TUESDAY) == found[1:]
    arrived.register(MONDAY, [person(number) for number in PEOPLE[:4]], suffix="_2")
    (again, _) = arrivals(TUESDAY)
    assert again[1] == MONDAY and again[2] != found[0][2]


def test_what_is_not_complete_or_cannot_be_taken_is_no_arrival(arrived: Town) -> None:
    folder = arrived.home / "inbox" / "public_security"
    (folder / "resident_20261116.csv.ok").unlink()
    (folder / "resident_20261117.csv.ok").write_text("OK")
    (folder / "resident_99999999.csv").write_text("no date")
    assert arrivals(TUESDAY) == []


def test_a_name_without_a_date_arrives_today(town: Town, contract: Contract) -> None:
    contract(pattern="居民.csv", control=False)
    town.drop("居民.csv", REGISTER)
    ((resource, day, _),) = arrivals(TUESDAY)
    assert (resource, day) == (RESIDENT, TUESDAY)
