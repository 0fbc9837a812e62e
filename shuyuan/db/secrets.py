"""The passwords of a deployment: generated once, kept in `<home>/secrets.json` (mode 0600), never in git or a log.

Belongs here: reading, generating and storing a role's password. Does not belong here: what a role may do.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "secrets.json"


def password(home: Path, role: str) -> str:
    """The password of `role` in the deployment at `home`, generated on first use.

    SHUYUAN_PASSWORD_<ROLE> (role in upper case) comes first: a compose deployment keeps its secrets in `.env`.

    Raises:
        PermissionError: `secrets.json` belongs to another user of the machine.
        ValueError: `secrets.json` is damaged.
    """
    return os.environ.get(variable(role)) or _stored(home, role)


def variable(role: str) -> str:
    """The environment variable that may hold the password of `role`."""
    return f"SHUYUAN_PASSWORD_{role.upper()}"


def _stored(home: Path, role: str) -> str:
    known = _read(home)
    if role in known:
        return known[role]
    make_home(home)
    with locked(home / ".secrets.lock"):
        known = _read(home)
        if role not in known:
            known[role] = secrets.token_urlsafe(24)
            _write(home, known)
        return known[role]


def make_home(home: Path) -> None:
    """Create `home` for its owner only; an existing directory keeps its mode."""
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` among the processes of this machine; released even when the holder is killed."""
    with path.open("a") as handle:
        path.chmod(0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _read(home: Path) -> dict[str, str]:
    path = home / FILE
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except PermissionError as error:
        raise PermissionError(f"{path} belongs to another user; run as the user who started this deployment") from error
    try:
        return {str(role): str(value) for role, value in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{path} is not a JSON object of passwords; restore it from your backup ({error})") from error


def _write(home: Path, known: dict[str, str]) -> None:
    """Replace the file in one step, so that a crash leaves the old passwords or the new ones, never half a file."""
    new = home / f".{FILE}.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        json.dump(known, handle, indent=1, sort_keys=True)
        handle.flush()
        os.fsync(handle.fileno())
    new.replace(home / FILE)
