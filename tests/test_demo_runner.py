"""The demo's runner without Airflow: its agenda, what it refuses and how it says so, and what it takes for its own processes."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import psutil
import pytest

from shuyuan.demo import agenda, airflow, checks, daemons
from shuyuan.quality import calendar


@pytest.mark.parametrize(
    "today", [date(2026, 10, 9), date(2026, 11, 20), date(2026, 11, 22)]
)  # after holidays, Friday, Sunday
def test_the_business_days_are_consecutive_working_days_early_enough_for_one_feed_to_be_late(today: date) -> None:
    made = agenda.make(1000, 1, 2, today)
    worked = [day for day, is_workday, *_ in calendar.rows(today) if is_workday and day <= today]
    first = worked.index(made.days[0])
    assert worked[first : first + 2] == list(made.days)
    assert worked[first + 1 + agenda.AFTERWARDS] == worked[-1] == made.today


def test_no_business_day_is_a_holiday() -> None:
    assert agenda.make(1000, 1, 2, date(2026, 10, 9)).days[-1] < date(2026, 10, 1)


def test_the_agenda_is_made_once_and_another_size_is_refused(tmp_path: Path) -> None:
    first = agenda.of(tmp_path, 1000, 1, 2)
    assert agenda.of(tmp_path, 1000, 1, 2) == first == agenda.read(tmp_path)
    with pytest.raises(agenda.AgendaError, match=r"holds a demo of 1000 people.*make clean"):
        agenda.of(tmp_path, 2000, 1, 2)


@pytest.mark.parametrize(("people", "days"), [(99, 2), (1000, 0)])
def test_a_demo_of_nobody_or_no_day_is_refused(people: int, days: int) -> None:
    with pytest.raises(agenda.AgendaError, match="at least"):
        agenda.make(people, 1, days, date(2026, 11, 20))


def test_a_taken_port_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((airflow.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(daemons.AirflowError, match=rf"port {port} is taken.*SHUYUAN_PORT={port + 1}"):
            daemons.start(tmp_path, port)
    assert daemons.running(tmp_path) == {}


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUYUAN_PORT", text)
    with pytest.raises(airflow.Misconfigured, match="is no port"):
        airflow.port()


def test_a_full_disk_is_refused_before_anything_begins(tmp_path: Path) -> None:
    with pytest.raises(checks.Unfit, match=r"GB free and the demo of \d+ people needs .* GB; make room"):
        checks.disk(tmp_path / "not" / "there" / "yet", 10**12)
    checks.python()


def test_passwords_of_users_are_for_the_owner_only(tmp_path: Path) -> None:
    path = airflow.write_users(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    known = json.loads(path.read_text("utf-8"))
    assert set(known) == set(airflow.USERS)
    assert len(set(known.values())) == len(known)
    assert known == json.loads(airflow.write_users(tmp_path).read_text("utf-8")), "a restart must not change a password"


def test_keys_outlive_a_restart_and_differ_between_deployments(tmp_path: Path) -> None:
    keys = ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")
    one, again, other = (airflow.environment(tmp_path / name, 8080) for name in ("a", "a", "b"))
    assert [one[key] for key in keys] == [again[key] for key in keys]
    assert all(one[key] != other[key] for key in keys)


def test_a_note_of_a_process_that_is_gone_or_is_a_stranger_counts_for_nothing(tmp_path: Path) -> None:
    _note(tmp_path, "scheduler", os.getpid(), started=time.time() - 10**6)  # our number, another start: a stranger
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    _note(tmp_path, "api-server", gone.pid, started=time.time())
    (tmp_path / "airflow" / "parts" / "dag-processor.json").write_text("{half a no", "utf-8")
    assert daemons.running(tmp_path) == {}
    daemons.stop(tmp_path)  # must not end the process that runs this test
    assert list((tmp_path / "airflow" / "parts").iterdir()) == []


def test_a_stranger_who_leads_a_session_under_an_old_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as stranger:
        _note(tmp_path, "scheduler", stranger.pid, started=time.time() - 10**6)
        daemons.stop(tmp_path)
        assert stranger.poll() is None
        stranger.terminate()


def test_what_a_killed_part_left_behind_is_ended_with_it(tmp_path: Path) -> None:
    script = "import subprocess, sys, time; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)"
    leader = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True, text=True)
    _note(tmp_path, "scheduler", leader.pid, psutil.Process(leader.pid).create_time())
    assert leader.stdout is not None
    orphan = psutil.Process(int(leader.stdout.readline()))
    leader.wait(10)
    daemons.stop(tmp_path)
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE


def _note(home: Path, part: str, pid: int, started: float) -> None:
    path = home / "airflow" / "parts" / f"{part}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"pid": pid, "started": started, "port": 8080}), "utf-8")
