"""A folder of an SFTP server as a Transport."""

from __future__ import annotations

import posixpath
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from shuyuan.intake.collect.connections import SftpClient
from shuyuan.intake.collect.errors import AccessRefused, BadReply, Unreachable
from shuyuan.intake.collect.files import Remote

CHUNK = 1 << 18
AHEAD = 64  # requests under way at once: 2 MB, whatever the file's size


class SftpFolder:
    """`folder` of an open session. A folder that is not there yet is empty."""

    def __init__(self, client: SftpClient, connection: str, folder: str, timeout: float) -> None:
        self._client, self._connection, self._folder = client, connection, folder
        client.get_channel().settimeout(timeout)

    def listing(self, wanted: Callable[[str], bool], expected: Iterable[str]) -> Iterable[Remote]:
        """The regular files; links and folders are left alone."""
        try:
            with self._told(self._folder):
                entries = [entry for entry in self._client.listdir_iter(self._folder) if _is_file(entry)]
                return [_remote(entry.filename, entry) for entry in entries if wanted(entry.filename)]
        except FileNotFoundError:
            return []

    def look(self, name: str) -> Remote | None:
        try:
            with self._told(name):
                return _remote(name, self._client.stat(self._path(name)))
        except FileNotFoundError:
            return None

    @contextmanager
    def read(self, name: str) -> Iterator[Iterator[bytes]]:
        with self._told(name):
            source = self._client.open(self._path(name), "rb")
        with source:
            yield self._chunks(name, source)

    def _chunks(self, name: str, source: Any) -> Iterator[bytes]:
        with self._told(name):
            source.prefetch(source.stat().st_size, AHEAD)
        while True:
            with self._told(name):  # not around the caller's own work: a full disk is no broken connection
                chunk = source.read(CHUNK)
            if not chunk:
                return
            yield chunk

    def _path(self, name: str) -> str:
        return posixpath.join(self._folder, name)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """A failure of the session in our words."""
        try:
            yield
        except PermissionError as error:
            where = f"{self._connection}, {what}"
            raise AccessRefused(where, "the server does not let us read it", "ask for the right to read") from error
        except FileNotFoundError:
            raise
        except UnicodeDecodeError as error:  # the client gives up the whole listing, so the name cannot be left out
            shown = error.object[:80].decode(errors="backslashreplace")
            problem = f"a file name is not UTF-8: {shown!r}"
            raise BadReply(f"{self._connection}, {what}", problem, "ask for names in UTF-8") from error
        except (OSError, EOFError) as error:
            problem = f"the connection broke off ({error or type(error).__name__})"
            raise Unreachable(f"{self._connection}, {what}", problem, "try again") from error


def _is_file(entry: Any) -> bool:
    return stat.S_ISREG(entry.st_mode or 0)


def _remote(name: str, entry: Any) -> Remote:
    rested = None if entry.st_mtime is None else time.time() - entry.st_mtime
    return Remote(name, entry.st_size, None if entry.st_mtime is None else str(entry.st_mtime), rested)
