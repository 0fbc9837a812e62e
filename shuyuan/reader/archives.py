"""Zip and gzip opened safely: nothing is written under a name from the archive, every byte is counted while it unfolds."""

from __future__ import annotations

import gzip
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

from shuyuan.reader.books import compound
from shuyuan.reader.books.extents import Extent, Oddities, OdsExtent, XlsbExtent, XlsExtent, XlsxExtent
from shuyuan.reader.errors import Bomb, CorruptFile, ManyMembers
from shuyuan.reader.formats import ARCHIVES, detect

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
_WATCHERS: dict[str, type[Extent]] = {"xlsx": XlsxExtent, "ods": OdsExtent, "xlsb": XlsbExtent}
ZIPPED_BOOKS = frozenset(_WATCHERS)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, UnicodeDecodeError)


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


@dataclass(frozen=True)
class Member:
    """A file in an archive: the name as people read it, its declared size in bytes, and the name the archive knows it by."""

    name: str
    size: int
    entry: str


def members(path: Path, limits: Limits = LIMITS) -> list[Member]:
    """The files of a zip that may be tables, in its order, when every one is safe to unfold. Raises Bomb, CorruptFile."""
    _refuse_crowd(path, limits)
    with zipped(path) as archive:
        return [Member(_readable(m), m.file_size, m.filename) for m in _safe(path, archive, limits)]


@contextmanager
def unfolded(path: Path, member: Member, limits: Limits = LIMITS) -> Iterator[tuple[Path, str]]:
    """(path of the unfolded copy, its name for messages) of one of `members`; the copy lives as long as the context."""
    with tempfile.TemporaryDirectory(prefix="shuyuan-") as folder, zipped(path) as archive:
        entry = next(m for m in _safe(path, archive, limits) if m.filename == member.entry)
        name, target = f"{path.name}!{member.name}", Path(folder) / "member"
        with _guard(name), archive.open(entry) as source, target.open("wb") as sink:
            _pour(source, sink, name, entry.compress_size, limits)
        yield target, name


def check_book(path: Path, file: str, kind: str = "xlsx", limits: Limits = LIMITS) -> Oddities:
    """Refuse a zipped book (xlsx, xlsb, ods) that would explode in the reader; what else was seen in its sheets.

    Raises Bomb, CorruptFile.
    """
    watch, found = _WATCHERS[kind], Oddities()

    def watcher(name: str) -> Sink:
        return watch(file, name, limits.cells, found) if _may_hold_cells(kind, name) else Nowhere()

    unfold(path, file, watcher, limits)
    return found


def check_old_book(path: Path, file: str, limits: Limits = LIMITS) -> Oddities:
    """As `check_book`, for xls. Raises Bomb, CorruptFile."""
    found = Oddities()
    try:
        book = compound.stream(path.read_bytes(), ("Workbook", "Book"))
    except compound.BrokenContainer as error:
        raise CorruptFile(
            file, f"the book does not open ({error})", "open it, save it again and deliver that"
        ) from error
    XlsExtent(file, "of the book", limits.cells, found).write(book or b"")
    return found


def unfold(path: Path, file: str, sink_of: Callable[[str], Sink], limits: Limits = LIMITS, chunk: int = CHUNK) -> None:
    """Show every part of a zipped book to its sink (`sink_of(name)`), counting bytes as they unfold.

    Sheets repeat themselves: more ratio is normal. Raises Bomb, CorruptFile.
    """
    _refuse_crowd(path, limits)
    roomy = replace(limits, grace=max(limits.grace, 64 << 20))
    with zipped(path) as archive:
        _refuse_declared(path.name, archive.infolist(), path.stat().st_size, roomy)
        for member in archive.infolist():
            with _guard(file), archive.open(member) as source:
                _pour(source, sink_of(member.filename), file, member.compress_size, roomy, chunk)


def _may_hold_cells(kind: str, name: str) -> bool:
    """Relations may point anywhere, so every part that is not a picture or a program."""
    return (
        name == "content.xml" if kind == "ods" else not re.search(r"(?:^|/)(?:media|printerSettings)/|vbaProject", name)
    )


class Sink(Protocol):
    """Takes bytes, piece by piece."""

    def write(self, chunk: bytes, /) -> object: ...


class Nowhere:
    """Takes bytes that only have to be counted."""

    def write(self, chunk: bytes, /) -> None:
        """Let it go."""


def _unzip(path: Path, target: Path, limits: Limits) -> str:
    _refuse_crowd(path, limits)
    with zipped(path) as archive:
        member = _the_table(path.name, _safe(path, archive, limits))
        name = f"{path.name}!{_readable(member)}"
        with _guard(name), archive.open(member) as source, target.open("wb") as sink:
            _pour(source, sink, name, member.compress_size, limits)
    return name


def _safe(path: Path, archive: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    """The files in the archive but those that systems leave there; an unsafe one refuses the archive."""
    found = archive.infolist()
    for member in found:
        _refuse_member(path.name, member)
    _refuse_declared(path.name, found, path.stat().st_size, limits)
    return [m for m in found if not m.is_dir() and not _JUNK.search(m.filename)]


def _gunzip(path: Path, target: Path, limits: Limits) -> str:
    name = f"{path.name}!{path.stem}"
    with _guard(name), gzip.open(path) as source, target.open("wb") as sink:
        _pour(source, sink, name, path.stat().st_size, limits)
    return name


@contextmanager
def zipped(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, open; damage met while it is read is a refusal. Raises CorruptFile."""
    with _guard(path.name), zipfile.ZipFile(path) as archive:
        yield archive


@contextmanager
def _guard(name: str) -> Iterator[None]:
    """A library's complaint about damaged bytes becomes our refusal."""
    try:
        yield
    except _DAMAGE as error:
        raise CorruptFile(name, f"the archive is damaged ({error})", "pack and deliver the file again") from error


def _pour(
    source: IO[bytes] | gzip.GzipFile, sink: Sink, name: str, packed: int, limits: Limits, size: int = CHUNK
) -> None:
    """Unfold chunk by chunk; what headers declare is not trusted."""
    total = 0
    while chunk := source.read(size):
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
    with zipped(path) as archive:
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


def _the_table(file: str, tables: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
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
