"""Fetch files as they lie on the other side: what belongs to the resource, is complete and is not known yet.

Belongs here: which files, in which order, and that nothing is fetched twice or half. Does not belong here: protocols (`sftp.py`, `web.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, Protocol

from shuyuan.catalog import Resource
from shuyuan.catalog.delivery import FileConnector
from shuyuan.intake import file_names
from shuyuan.intake.collect.errors import Unreachable, UnsafeName
from shuyuan.intake.collect.lay import Piece, lay, piece_of, pour, refuse_size, replace

Kind = Literal["data", "control"]


@dataclass(frozen=True)
class Remote:
    """A file on the other side. `modified`: how old it is, in the server's own words; `rested`: seconds since then. None: it does not say."""

    name: str
    size: int | None = None
    modified: str | None = None
    rested: float | None = None


@dataclass(frozen=True)
class Collected:
    """A file that was fetched. `path`: where it lies in the inbox; None when the same bytes were fetched before."""

    remote: Remote
    path: Path | None
    sha256: str
    size: int


class Transport(Protocol):
    """A folder on the other side. Every method may raise Unreachable or AccessRefused."""

    def listing(self, wanted: Callable[[str], bool], expected: Iterable[str]) -> Iterable[Remote]:
        """The wanted files there; a server that shows no list is asked for the `expected` names."""

    def look(self, name: str) -> Remote | None:
        """One file as it is now, None when it is gone."""

    def read(self, name: str) -> AbstractContextManager[Iterator[bytes]]:
        """Its bytes in chunks."""


@dataclass(frozen=True)
class Memory:
    """What was fetched before. `has`: this very file, by name, size and age. `bytes_of`: the hashes it has had. `laid`: its name in the inbox."""

    has: Callable[[Remote], bool]
    bytes_of: Callable[[str], frozenset[str]]
    laid: Callable[[str], str | None]


def fetch(
    resource: Resource, connector: FileConnector, day: date, transport: Transport, inbox: Path, memory: Memory
) -> Iterator[Collected]:
    """Fetch what is new for a business date and for corrections of the days before it; each file is laid before the next is asked for.

    A file that waits for its control file, or may still be growing, is left for the next time. Raises UnsafeName, after everything else, for
    a name that would leave the inbox.
    """
    round_ = _Round(resource, connector, transport, inbox / resource.department, memory)
    kinds: dict[str, Kind | None] = {}

    def wanted(name: str) -> bool:
        kinds[name] = belongs(resource, name, day, connector.back)
        return kinds[name] is not None

    listed = {
        remote.name: remote for remote in transport.listing(wanted, expected(resource, day)) if wanted(remote.name)
    }
    mine = {name: kinds[name] for name in sorted(listed)}
    unsafe = [name for name in mine if not file_names.is_plain(name)]
    kinds_in_turn: tuple[Kind, ...] = ("data", "control")
    for kind in kinds_in_turn:
        for name in (name for name, of in mine.items() if of == kind and name not in unsafe):
            yield from round_.take(listed[name], kind, listed)
    if unsafe:
        raise UnsafeName(connector.connection, f"a file is called {unsafe[0]!r}", "ask for plain file names")


def expected(resource: Resource, day: date) -> list[str]:
    """The names to ask for where a server shows no list: the delivery, its control file, the marker that nothing changed."""
    name = file_names.filled(resource.delivery.pattern, day)
    return [name, name + file_names.CONTROL, name.rpartition(".")[0] + file_names.NOCHANGE, name + file_names.NOCHANGE]


def belongs(resource: Resource, name: str, day: date, back: int) -> Kind | None:
    """What a file is to a resource whose deliveries from `back` days before a date up to it are wanted; None: nothing."""
    spelled = file_names.spelled(name)
    patterns: list[tuple[Kind, str, bool]] = [("control", spelled.removesuffix(file_names.CONTROL), spelled.endswith(file_names.CONTROL)),
                                              ("data", spelled, file_names.is_data(spelled.rpartition("/")[2]))]  # fmt: skip
    for kind, base, could in patterns:
        found = file_names.named(resource, None).fullmatch(base) if could else None
        if found:
            return kind if _is_wanted(resource, file_names.day_in(found), day, back) else None
    for pattern in (file_names.unchanged(resource, None), file_names.manifests(resource, None)):
        found = pattern.fullmatch(spelled) if pattern else None
        if found:
            return "control" if _is_wanted(resource, file_names.day_in(found), day, back) else None
    return None


def _is_wanted(resource: Resource, of: date | None, day: date, back: int) -> bool:
    if of is None:
        return not file_names.is_dated(resource)
    return day - timedelta(days=back) <= of <= day


@dataclass(frozen=True)
class _Round:
    """One look at one folder."""

    resource: Resource
    connector: FileConnector
    transport: Transport
    folder: Path
    memory: Memory

    def take(self, remote: Remote, kind: Kind, listed: Mapping[str, Remote]) -> Iterator[Collected]:
        if self.memory.has(remote):
            return
        if kind == "control":
            yield self._control(remote)
        elif not self._waits(remote, listed):
            with piece_of(self.folder) as path:
                piece = self._whole(remote, path)
                if piece is not None:
                    yield from self._laid(remote, piece, listed.get(remote.name + file_names.CONTROL))

    def _waits(self, remote: Remote, listed: Mapping[str, Remote]) -> bool:
        """Whether a file is not complete: its control file has not come, or it has none and may still be growing."""
        if remote.name + file_names.CONTROL in listed:
            return False
        if self.resource.delivery.control:
            return True
        manifest = self.resource.delivery.manifest is not None
        return not manifest and remote.rested is not None and remote.rested < self.connector.settle

    def _whole(self, remote: Remote, path: Path) -> Piece | None:
        """The bytes of a file, None when it changed while it was fetched. Raises Unreachable when fewer came than were announced."""
        refuse_size(self._where(remote), remote.size or 0, self.connector.limit)
        with self.transport.read(remote.name) as chunks:
            piece = pour(chunks, path, self._where(remote), self.connector.limit)
        now = self.transport.look(remote.name)
        if now is None or (now.size, now.modified) != (remote.size, remote.modified):
            return None
        if remote.size is not None and piece.size != remote.size:
            raise Unreachable(self._where(remote), f"{piece.size} of {remote.size} bytes came", "try again")
        return piece

    def _laid(self, remote: Remote, piece: Piece, control: Remote | None) -> Iterator[Collected]:
        """Lay a file; its control file is there before it, so that nobody takes the one without the other."""
        promise = self._small(control) if control and not self.memory.has(control) else None
        known = piece.sha256 in self.memory.bytes_of(remote.name)
        path = None if known else lay(piece, remote.name, promise)
        if control and promise is not None and path is not None:
            yield self._collected(control, path.with_name(path.name + file_names.CONTROL), promise)
        yield Collected(remote, path, piece.sha256, piece.size)

    def _control(self, remote: Remote) -> Collected:
        """A control file, a manifest or a marker: laid beside the file that it speaks of, under that file's name in the inbox."""
        of_file = remote.name.removesuffix(file_names.CONTROL)
        name = (self.memory.laid(of_file) or of_file) + remote.name.removeprefix(of_file)
        content = self._small(remote)
        replace(self.folder / name, content)
        return self._collected(remote, self.folder / name, content)

    def _small(self, remote: Remote) -> bytes:
        """The bytes of a control file."""
        content = bytearray()
        with self.transport.read(remote.name) as chunks:
            for chunk in chunks:
                content += chunk
                refuse_size(self._where(remote), len(content), 1)
        return bytes(content)

    def _collected(self, remote: Remote, path: Path, content: bytes) -> Collected:
        return Collected(remote, path, hashlib.sha256(content).hexdigest(), len(content))

    def _where(self, remote: Remote) -> str:
        return f"{self.connector.connection}, {remote.name}"
