"""A delivery in parts, read as one: the parts in their order, lines counted through all of them, one account of every physical row.

Belongs here: parts → one reading. Does not belong here: how a part is read (`read.py`), which parts there are (`receive.py`, the ledger).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.intake import file_names
from shuyuan.reader import archives, formats
from shuyuan.reader.errors import Bomb, ManyMembers
from shuyuan.reader.read import Account, Note, Reading, Reject

Open = Callable[[Path], AbstractContextManager[Reading]]


@dataclass(frozen=True)
class Piece:
    """One part: its name and size as delivered, and what makes its bytes a file under that name for a while."""

    name: str
    size: int
    opened: Callable[[], AbstractContextManager[Path]]


def of_files(paths: Sequence[Path]) -> list[Piece]:
    """Parts that lie as files of their own."""
    return [Piece(path.name, path.stat().st_size, partial(_as_it_is, path)) for path in paths]


def of_archive(path: Path, parts: int | str) -> list[Piece]:
    """The members of a zip as parts, in the order of the numbers in their names; anything else is one part.

    Raises ManyMembers when they are not as many as the contract says, Bomb and CorruptFile when the archive is not safe.
    """
    if formats.detect(path, path.name) != "zip":
        members = [Piece(path.name, path.stat().st_size, partial(_as_it_is, path))]
    else:
        members = [
            Piece(member.name, member.size, partial(_unfolded, path, member))
            for member in sorted(archives.members(path), key=lambda member: _natural(member.name))
        ]
    if not members or (parts != "any" and len(members) != parts):
        told = "、".join(piece.name for piece in members[:5]) or "none"
        promised = f"the contract says {parts} parts" if parts != "any" else "there is none"
        raise ManyMembers(
            path.name, f"{len(members)} files in the archive, {promised}", "pack every part once", value=told
        )
    return members


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """`part2` before `part10`."""
    return tuple((int(digits or 0), text) for text, digits in re.findall(r"(\D*)(\d*)", name))


@contextmanager
def _as_it_is(path: Path) -> Iterator[Path]:
    yield path


@contextmanager
def _unfolded(path: Path, member: archives.Member) -> Iterator[Path]:
    with archives.unfolded(path, member) as (copy, name), TemporaryDirectory(prefix="shuyuan-") as folder:
        if formats.detect(copy, name) in formats.ARCHIVES:
            raise Bomb(path.name, f"{name} is itself an archive", "pack the tables once", value=member.name)
        base = member.name.replace("\\", "/").rpartition("/")[2]
        link = Path(folder) / (base if file_names.is_plain(base) else "member")
        link.symlink_to(copy)
        yield link


@contextmanager
def stream(pieces: Sequence[Piece], name: str, opened: Open) -> Iterator[InParts]:
    """Read parts as one delivery called `name`. `opened` reads one of them, as `read.stream` with the contract's columns and hints does.

    Every part has its own header, encoding and form. Errors name the part's file.
    """
    with ExitStack() as stack:
        yield InParts(pieces, name, lambda piece: stack.enter_context(opened(stack.enter_context(piece.opened()))))


class InParts(Reading):
    """Several readings one behind the other. A line of a part is counted on from the last of the part before."""

    def __init__(self, pieces: Sequence[Piece], name: str, enter: Callable[[Piece], Reading]) -> None:
        self.pieces = pieces
        self._name, self._enter = name, enter
        self._accounts: list[Account] = []
        self._lines: list[int] = []
        self._rejects: list[Reject] = []
        self._columns: tuple[str, ...] = ()
        self._now: Reading | None = None
        self._last, self._taken = 0, 0

    @property
    def lines(self) -> list[int]:
        """How many line numbers each part takes up; of all parts, once they have been read."""
        return self._lines

    @property
    def columns(self) -> tuple[str, ...]:
        return self._columns

    def batches(self) -> Iterator[pa.Table]:
        for piece in self.pieces:
            self._now, self._last, before = self._enter(piece), 0, sum(self._lines)
            self._columns = self._now.columns
            for table in self._now.batches():
                yield self._shifted(table, before)
            self._rejects += self._ripe(self._now.take_rejects())
            account = self._now.account()
            self._rejects += self._ripe(list(account.rejects))
            self._accounts.append(replace(account, rejects=(), notes=self._told(piece, account.notes)))
            self._lines.append(max(self._last, account.physical))
            self._now = None

    def take_rejects(self) -> list[Reject]:
        ripe = self._rejects + (self._ripe(self._now.take_rejects()) if self._now else [])
        self._rejects, self._taken = [], self._taken + len(ripe)
        return ripe

    def account(self) -> Account:
        done = self._accounts
        first, rows = done[0], sum(account.rows for account in done)
        notes = [note for account in done for note in account.notes if not (rows and note.kind == "header_only")]
        return replace(
            first,
            file=self._name,
            rows=rows,
            rejected=sum(account.rejected for account in done),
            rejects=tuple(self._rejects),
            physical=sum(account.physical for account in done),
            blank=sum(account.blank for account in done),
            preamble=sum(account.preamble for account in done),
            notes=tuple(notes),
        )

    def _shifted(self, table: pa.Table, before: int) -> pa.Table:
        if not table.num_rows:
            return table
        lines = table["_line"]
        self._last = max(self._last, pc.max(lines).as_py())
        return table.set_column(table.column_names.index("_line"), "_line", pc.add(lines, before))

    def _ripe(self, rejects: list[Reject]) -> list[Reject]:
        self._last = max([self._last, *(reject.line for reject in rejects)])
        before = sum(self._lines)
        return [replace(reject, line=reject.line + before) for reject in rejects]

    def _told(self, piece: Piece, notes: Sequence[Note]) -> tuple[Note, ...]:
        return tuple(replace(note, message=f"{piece.name}: {note.message}") for note in notes)
