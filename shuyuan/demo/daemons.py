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
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from shuyuan.demo import airflow

# In the order in which they stop: no new work, then the server that takes the last words of running tasks.
PARTS = {
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "api-server": ("api-server",),
}
PATIENCE = 30.0  # seconds a part may take to end what it is doing


class AirflowError(RuntimeError):
    """Airflow did not do what was asked; the message holds its last words and the way out."""


@dataclass(frozen=True)
class Part:
    """One running part: its process and the port that the deployment was started with."""

    name: str
    process: psutil.Process
    port: int


def running(home: Path) -> dict[str, Part]:
    """The parts of this deployment that are alive, by name; notes of dead ones are swept away."""
    found = {}
    for name in PARTS:
        note = _note(home, name)
        part = _alive(name, note)
        if part is None:
            note.unlink(missing_ok=True)
        else:
            found[name] = part
    return found


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
    for name, part in running(home).items():
        family = [part.process, *_descendants(part.process)]
        _signal(family[:1], signal.SIGTERM)
        psutil.wait_procs(family[:1], timeout=PATIENCE)
        _signal(family, signal.SIGKILL)
        psutil.wait_procs(family, timeout=10)
        _note(home, name).unlink(missing_ok=True)


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


def _alive(name: str, note: Path) -> Part | None:
    try:
        known = json.loads(note.read_text("utf-8"))
        process = psutil.Process(known["pid"])
        same = abs(process.create_time() - known["started"]) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return None
    return Part(name, process, int(known["port"])) if same else None


def _descendants(process: psutil.Process) -> Iterator[psutil.Process]:
    """Everything a part has started; a running task leads a process group of its own, so the group is not enough."""
    with suppress(psutil.NoSuchProcess):
        yield from process.children(recursive=True)


def _signal(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            os.kill(process.pid, number) if process.is_running() else None
