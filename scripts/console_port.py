"""Says whether the console's port is free before anything is started; runs in `.venv` (psutil).

    .venv/bin/python scripts/console_port.py        checks SHUYUAN_PORT, 8080 by default

Exit code 0: free, or held by this very deployment; 1: taken, with the holder's name and the way out on stderr.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path

import psutil

from shuyuan.demo import daemons

HOME = Path(os.environ.get("SHUYUAN_HOME", Path(__file__).resolve().parent.parent / ".shuyuan")).resolve()


def taken(port: int) -> bool:
    """Whether something listens on `port` of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("0.0.0.0", port))  # noqa: S104 - only asked, nothing is served here
        except OSError as error:
            return error.errno in {errno.EADDRINUSE, errno.EACCES}
    return False


def holder(port: int) -> psutil.Process | None:
    """The process that listens on `port`; None when this user may not see it."""
    try:
        listening = [
            c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port == port
        ]
    except psutil.AccessDenied:  # macOS shows foreign connections to root only
        return None
    return next((psutil.Process(connection.pid) for connection in listening if connection.pid), None)


def ours(port: int) -> bool:
    """Whether this very deployment's console listens there. By its own note: Airflow overwrites its command line and environment."""
    server = daemons.running(HOME).get("api-server")
    return server is not None and server.port == port


def main() -> int:
    asked = os.environ.get("SHUYUAN_PORT", "8080")
    if not asked.isdigit() or not 0 < int(asked) < 65536:
        print(f"shuyuan: SHUYUAN_PORT={asked!r} is not a port; use a number from 1 to 65535.", file=sys.stderr)
        return 1
    if not taken(int(asked)):
        return 0
    if ours(int(asked)):
        return 0
    process = holder(int(asked))
    who = f"{process.name()} (process {process.pid})" if process else "another user's program"
    print(f"shuyuan: port {asked}, where the console is to listen, is taken by {who}.", file=sys.stderr)
    print(f"  Way out: stop it, or choose another port: make demo SHUYUAN_PORT={free_port()}", file=sys.stderr)
    return 1


def free_port() -> int:
    """A port that is free now, to suggest."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
