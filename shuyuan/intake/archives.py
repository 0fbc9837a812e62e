"""Zip and gzip opened safely: nothing is written under a name from the archive, every byte is counted while it unfolds."""

from __future__ import annotations

import gzip
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

from shuyuan.intake.errors import Bomb, CorruptFile, ManyMembers
from shuyuan.intake.formats import ARCHIVES, detect

CHUNK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What an archive may become: bytes unfolded, unfolded / packed once it is larger than `grace` bytes, number of members;
    `cells` bounds a sheet's rows times columns, which the book reader allocates at once (32 bytes each)."""

    size: int = 4 << 30
    cells: int = 64 << 20
    ratio: int = 100
    grace: int = 1 << 20
    members: int = 1_000


LIMITS = Limits()
_JUNK = re.compile(r"(?:^|/)(?:__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|~\$)")
_ESCAPES = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|\0")
_FILLED_CELL = re.compile(rb"""<(?:\w{1,20}:)?c\s[^>]{0,200}?\br=["']([A-Z]{1,3})(\d{1,7})["'][^>]{0,200}(?<!/)>""")
_REFERENCE = 512  # bytes kept so that a cell's opening tag is seen whole
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)


@contextmanager
def opened(path: Path, kind: str, limits: Limits = LIMITS) -> Iterator[tuple[Path, str, str]]:
    """(path of the one table, its name for messages, its format); the unfolded copy lives as long as the context.

    Raises Bomb, ManyMembers, CorruptFile.
    """
    if kind not in ARCHIVES:
        yield path, path.name, kind
        return
    with tempfile.TemporaryDirectory(prefix="shuyuan-") as folder:
        target = Path(folder) / "member"
        name = _unzip(path, target, limits) if kind == "zip" else _gunzip(path, target, limits)
        inner = detect(target, name)
        if inner in ARCHIVES:
            raise Bomb(
                path.name, f"{name} is itself an archive", "deliver the table directly, or packed once", value=name
            )
        yield target, name, inner


def check_book(path: Path, file: str, limits: Limits = LIMITS) -> None:
    """Refuse a zipped book (xlsx) that would explode in the reader. Sheets repeat themselves: more ratio is normal."""
    _refuse_crowd(path, limits)
    roomy = replace(limits, grace=max(limits.grace, 64 << 20))
    with _zip(path) as archive:
        _refuse_declared(path.name, archive.infolist(), path.stat().st_size, roomy)
        for member in archive.infolist():
            with _guard(file), archive.open(member) as source:
                _pour(source, _Extent(file, member.filename, roomy), file, member.compress_size, roomy)


class _Sink(Protocol):
    def write(self, chunk: bytes, /) -> object: ...


class _Extent:
    """Watches a sheet's XML go by: two filled cells in far corners are a few bytes that span billions of cells."""

    def __init__(self, file: str, member: str, limits: Limits) -> None:
        self._file, self._member, self._limits = file, member, limits
        self._rest = b""
        self._columns, self._rows = 1, 1

    def write(self, chunk: bytes, /) -> None:
        """Look at the cell references in the next piece; a reference cut in two is seen with the next one."""
        data = self._rest + chunk
        found = _FILLED_CELL.findall(data)
        self._rest = data[-_REFERENCE:]
        if found:
            letters, numbers = zip(*found, strict=True)
            self._columns = max(self._columns, *map(_column_number, set(letters)))
            self._rows = max(self._rows, *map(int, set(numbers)))
        if self._columns * self._rows > self._limits.cells:
            size = f"{self._rows} rows by {self._columns} columns"
            problem = f"sheet {self._member} spans {size}, more than {self._limits.cells} cells"
            raise Bomb(self._file, problem, "delete stray cells far from the table, or deliver csv", value=size)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _unzip(path: Path, target: Path, limits: Limits) -> str:
    _refuse_crowd(path, limits)
    with _zip(path) as archive:
        members = archive.infolist()
        for member in members:
            _refuse_member(path.name, member)
        _refuse_declared(path.name, members, path.stat().st_size, limits)
        member = _the_table(path.name, members)
        name = f"{path.name}!{_readable(member)}"
        with _guard(name), archive.open(member) as source, target.open("wb") as sink:
            _pour(source, sink, name, member.compress_size, limits)
    return name


def _gunzip(path: Path, target: Path, limits: Limits) -> str:
    name = f"{path.name}!{path.stem}"
    with _guard(name), gzip.open(path) as source, target.open("wb") as sink:
        _pour(source, sink, name, path.stat().st_size, limits)
    return name


@contextmanager
def _zip(path: Path) -> Iterator[zipfile.ZipFile]:
    with _guard(path.name), zipfile.ZipFile(path) as archive:
        yield archive


@contextmanager
def _guard(name: str) -> Iterator[None]:
    """A library's complaint about damaged bytes becomes our refusal."""
    try:
        yield
    except _DAMAGE as error:
        raise CorruptFile(name, f"the archive is damaged ({error})", "pack and deliver the file again") from error


def _pour(source: IO[bytes] | gzip.GzipFile, sink: _Sink, name: str, packed: int, limits: Limits) -> None:
    """Unfold chunk by chunk; what headers declare is not trusted."""
    total = 0
    while chunk := source.read(CHUNK):
        total += len(chunk)
        _refuse_size(name, total, packed, limits)
        sink.write(chunk)


def _refuse_size(name: str, total: int, packed: int, limits: Limits) -> None:
    if total > limits.size:
        raise Bomb(name, f"it unfolds to more than {limits.size} bytes", "deliver it in parts", value=str(total))
    if total > limits.grace and total > limits.ratio * max(packed, 1):
        problem = f"it unfolds to more than {limits.ratio} times its packed size"
        raise Bomb(name, problem, "deliver the table unpacked", value=f"{total} from {packed} bytes")


def _refuse_crowd(path: Path, limits: Limits) -> None:
    with _zip(path) as archive:
        number = len(archive.infolist())
    if number > limits.members:
        raise Bomb(
            path.name, f"{number} members, at most {limits.members} are opened", "pack one table", value=str(number)
        )


def _refuse_declared(file: str, members: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    """Overlapping members declare more than the archive holds: the sum is held against the whole file."""
    _refuse_size(file, sum(m.file_size for m in members), packed, limits)


def _refuse_member(file: str, member: zipfile.ZipInfo) -> None:
    name = member.filename
    if _ESCAPES.search(name) or _ESCAPES.search(member.orig_filename):
        raise Bomb(file, f"member {name!r} points outside the archive", "pack the table under a plain name", value=name)
    if (member.external_attr >> 16) & 0o170000 == 0o120000:
        raise Bomb(file, f"member {name!r} is a link", "pack the table itself", value=name)
    if member.flag_bits & 0x1:
        raise CorruptFile(file, f"member {name!r} is encrypted", "pack it without a password", value=name)


def _the_table(file: str, members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    tables = [m for m in members if not m.is_dir() and not _JUNK.search(m.filename)]
    if len(tables) != 1:
        names = "、".join(_readable(m) for m in tables[:5]) or "none"
        raise ManyMembers(file, f"{len(tables)} files in the archive ({names})", "pack exactly one table", value=names)
    return tables[0]


def _readable(member: zipfile.ZipInfo) -> str:
    """Names packed on Chinese Windows are GBK that the zip format calls cp437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
