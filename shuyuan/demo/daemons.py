"""The parts of Airflow as background processes: started, watched, stopped; one note per part says who it is.

A note (`<home>/airflow/parts/<part>.json`) holds the process id with its start time, so that a number which now belongs
to another program, after a crash or a reboot, is never taken for ours.
Belongs here: processes. Does not belong here: how Airflow is configured (`airflow`) or what it should do (`scheduler`).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from shuyuan.demo import airflow
from shuyuan.settings import PROJECT

# In the order in which they stop: no new work, then the server that takes the last words of running tasks.
PARTS = {
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "api-server": ("api-server",),
}
CODE = ("shuyuan", "expectations", "dags", "plugins")
PATIENCE = 30.0  # seconds a part may take to end what it is doing


class AirflowError(RuntimeError):
    """Airflow did not do what was asked; the message holds its last words and the way out."""


@dataclass(frozen=True)
class Note:
    """What is written down about a part when it is started. Each part leads a session of its own, named by its `pid`."""

    pid: int
    started: float
    port: int


@dataclass(frozen=True)
class Part:
    """One running part: its process and the port that the deployment was started with."""

    name: str
    process: psutil.Process
    port: int


def running(home: Path) -> dict[str, Part]:
    """The parts of this deployment that are alive, by name."""
    found = {name: _alive(name, _read(_note(home, name))) for name in PARTS}
    return {name: part for name, part in found.items() if part is not None}


def outdated(home: Path) -> bool:
    """Whether a running part began before the newest change of the program; its processes hold the old code."""
    began = [part.process.create_time() for part in running(home).values()]
    files = (path for folder in CODE for path in (PROJECT / folder).rglob("*.py"))
    return bool(began) and min(began) < max(path.stat().st_mtime for path in files)


def log_of(home: Path, part: str) -> Path:
    """Where a part writes what it does."""
    return home / "log" / "airflow" / f"{part}.log"


def migrate(home: Path, port: int) -> subprocess.Popen[bytes]:
    """Begin bringing Airflow's own database to its newest schema (about 6 s); `finish` waits for it."""
    return _launch(home, port, "db-migrate", ("db", "migrate"))


def finish(home: Path, migration: subprocess.Popen[bytes]) -> None:
    """Wait for `migrate`. Raises AirflowError with its last words."""
    if migration.wait(timeout=600) != 0:
        raise AirflowError(f"Airflow's database could not be migrated: {last_words(home, 'db-migrate')}")


def start(home: Path, port: int) -> None:
    """Start every part that is not running. Raises AirflowError when another program has the port."""
    alive = running(home)
    if "api-server" not in alive:
        refuse_taken(port)
    airflow.write_users(home)
    for name, arguments in PARTS.items():
        if name not in alive:
            _end(home, name)  # what a killed part has left behind
            _write_note(home, name, _launch(home, port, name, arguments).pid, port)


def refuse_taken(port: int) -> None:
    """Raise AirflowError when somebody listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((airflow.HOST, port))
        except OSError as error:
            raise AirflowError(
                f"port {port} is taken ({error.strerror}); stop what listens there, or take another: "
                f"SHUYUAN_PORT={port + 1} make demo"
            ) from error


def stop(home: Path) -> None:
    """End every part and whatever it has started: politely first, then by force. Nothing happens if none runs."""
    for name in PARTS:
        _end(home, name)


def refuse_dead(home: Path) -> None:
    """Raise AirflowError with its last words when a part that was started is gone."""
    dead = [name for name in PARTS if name not in running(home)]
    if dead:
        raise AirflowError(f"Airflow's {dead[0]} has ended: {last_words(home, dead[0])}\nThen: make down; make demo")


def last_words(home: Path, part: str) -> str:
    """The end of a part's log, and where the rest is."""
    path = log_of(home, part)
    lines = path.read_text("utf-8", "replace").splitlines()[-12:] if path.exists() else []
    return "\n".join([*lines, f"The whole story: {path}"])


def _end(home: Path, name: str) -> None:
    note = _read(_note(home, name))
    part, family = _alive(name, note), _family(note)
    if part is not None:
        _signal([part.process], signal.SIGTERM)
        psutil.wait_procs([part.process], timeout=PATIENCE)
    _signal(family, signal.SIGKILL)
    psutil.wait_procs(family, timeout=10)
    _note(home, name).unlink(missing_ok=True)


def _launch(home: Path, port: int, name: str, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
    path = log_of(home, name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            [str(airflow.executable()), *arguments],
            env=airflow.environment(home, port),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal that started the demo leaves it running
        )


def _note(home: Path, part: str) -> Path:
    return home / "airflow" / "parts" / f"{part}.json"


def _write_note(home: Path, part: str, pid: int, port: int) -> None:
    note = _note(home, part)
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    started = psutil.Process(pid).create_time()
    new = note.with_suffix(".new")
    new.write_text(json.dumps({"pid": pid, "started": started, "port": port}), "utf-8")
    new.replace(note)


def _read(note: Path) -> Note | None:
    try:
        known = json.loads(note.read_text("utf-8"))
        return Note(int(known["pid"]), float(known["started"]), int(known["port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _alive(name: str, note: Note | None) -> Part | None:
    if note is None:
        return None
    try:
        process = psutil.Process(note.pid)
        same = abs(process.create_time() - note.started) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return Part(name, process, note.port) if same else None


def _family(note: Note | None) -> list[psutil.Process]:
    """Everything of a part's session, even when the part itself was killed: its workers would wait for ever."""
    if note is None or (psutil.pid_exists(note.pid) and _alive("", note) is None and not _zombie(note.pid)):
        return []  # the number leads another session now; while one of ours was left it could not have been given out
    return [process for process in psutil.process_iter() if _of_session(process, note)]


def _zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _of_session(process: psutil.Process, note: Note) -> bool:
    try:
        return os.getsid(process.pid) == note.pid and process.create_time() >= note.started - 1
    except (OSError, psutil.NoSuchProcess):
        return False


def _signal(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            os.kill(process.pid, number) if process.is_running() else None
