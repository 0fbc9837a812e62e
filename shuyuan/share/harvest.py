"""Direct SQL by analysts, from the server's JSON log into ledger.access, so that no reader escapes the table.

Analysts' logins carry `log_statement = all` and `log_duration = on`: the server writes every statement before it runs and its
duration (or its error) afterwards. Files are read from where the last harvest stopped; the offset moves in the transaction
that inserts the rows, and a row's origin (session and line) is unique, so reading a line twice adds nothing.
Belongs here: files and offsets. Does not belong here: what the lines mean (`server_log`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shuyuan import settings
from shuyuan.db.address import external
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import statement
from shuyuan.ledger.access import harvest_offsets, move_harvest_offset, record_harvested
from shuyuan.share.server_log import Place, Sessions

ROWS_AT_ONCE = 1_000


class NoServerLog(FileNotFoundError):
    """The server's log is not where it should be, so nothing can be harvested."""

    def __init__(self, folder: Path) -> None:
        way_out = (
            "mount the server's log directory there"
            if external()
            else "start the server of this deployment: shuyuan migrate"
        )
        super().__init__(f"{folder}: no server log, so direct SQL of analysts is not audited; {way_out}")


@dataclass(frozen=True)
class _LogFile:
    path: Path
    start: int


def harvest() -> int:
    """Read what the server has logged since the last harvest; returns how many accesses were new.

    A line still being written is left for the next time; so is a statement that is still running, until it ends or its
    session is gone. A file that shrank is read from its beginning.

    Raises:
        NoServerLog: there is no log to read here: direct SQL goes unrecorded.
        PermissionError: the log belongs to another account; run as the account that started the server.
    """
    folder = settings.load().log / "postgres"
    if not folder.is_dir():
        raise NoServerLog(folder)
    with transaction("shuyuan_loader") as connection:
        files = list(_files(folder, harvest_offsets(connection)))
        sessions = Sessions()
        ends: dict[str, int] = {}
        new = 0
        for file in files:
            new += _read(connection, file, sessions, ends)
        new += record_harvested(connection, sessions.abandoned(_live_backends(connection)))
        for name, end in (ends | sessions.held_back()).items():
            move_harvest_offset(connection, name, end)
    return new


def _files(folder: Path, offsets: dict[str, int]) -> Iterator[_LogFile]:
    """The JSON logs with something unread, oldest first; the name holds the time."""
    for path in sorted(folder.glob("postgres-*.json")):
        size, known = path.stat().st_size, offsets.get(path.name, 0)
        if size != known:
            yield _LogFile(path, known if known <= size else 0)


def _read(connection: Connection, file: _LogFile, sessions: Sessions, ends: dict[str, int]) -> int:
    """Take every whole line of one file."""
    new, position = 0, file.start
    with file.path.open("rb") as stream:
        stream.seek(file.start, os.SEEK_SET)
        for line in stream:
            if not line.endswith(b"\n"):
                break
            sessions.take(line, Place(file.path.name, position))
            position += len(line)
            if len(sessions.done) >= ROWS_AT_ONCE:
                new += record_harvested(connection, sessions.finished())
    ends[file.path.name] = position
    return new + record_harvested(connection, sessions.finished())


def _live_backends(connection: Connection) -> set[int]:
    return {int(row[0]) for row in connection.execute(statement("share/live_backends"))}
