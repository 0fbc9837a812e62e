"""dBase tables (dBase III to IV, FoxPro, Visual FoxPro): records of one length, so columns are cut out of a block of records at once.

Values come as the file spells them: a number keeps its zeros and its decimals, a date becomes ISO only because eight digits are its form.
Records marked as deleted are rejects, not rows: the department's program no longer shows them.
"""

from __future__ import annotations

import codecs
import datetime as dt
import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shuyuan.reader import blocks, placed
from shuyuan.reader.batched import Batched, Tally
from shuyuan.reader.cells import number, texts
from shuyuan.reader.errors import CorruptFile
from shuyuan.reader.rows import BLANK, Contract, Fault, Head, Note, judge, reject

BLOCK = 65_536  # records
# Language driver byte → codec; simplified Chinese is 0x4D, traditional 0x4E and 0x78. Others than these are read as GB18030, noted.
_DRIVERS = {0x4D: "gb18030", 0x7A: "gb18030", 0x4E: "big5", 0x78: "big5", 0x01: "cp437", 0x02: "cp850", 0x03: "cp1252"}
_MEMO = frozenset("MGPW")
_DELETED = Fault("deleted_record", None, None, "the record is marked as deleted; undelete or pack the table")
_SHIFTED = Fault(
    "shifted_row",
    None,
    None,
    "the record does not begin with a blank or *, as every record does: bytes are missing above, and its cells are shifted; export again",
)
_LIVE = np.frombuffer(b" \0", np.uint8)  # some writers leave a NUL
_JULIAN = dt.date(2000, 1, 1).toordinal() - 2451545  # ordinal of a date less its Julian day

Records = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Field:
    """One column: name, type letter, where in a record it lies, decimals."""

    name: str
    kind: str
    start: int
    width: int
    decimals: int


@dataclass(frozen=True)
class _Table:
    file: str
    data: mmap.mmap
    body: int
    length: int
    declared: int
    fields: tuple[Field, ...]
    codec: str
    notes: tuple[Note, ...]

    @property
    def held(self) -> int:
        """Whole records that the file has room for."""
        return (len(self.data) - self.body) // self.length


def rows(path: Path, file: str, contract: Contract) -> Batched:
    """Every record that is not deleted; `_line` is the record's number from 1.

    Raises CorruptFile, HeaderNotFound, MissingColumn, AmbiguousColumn.
    """
    table = _open(path, file, contract.encoding)
    names = [f.name for f in table.fields]
    plain = Contract(contract.columns, constants=contract.constants)
    head = placed.by_keys(file, names, plain)
    tally = Tally(physical=table.held, notes=list(table.notes))
    if table.declared != table.held:
        counts = f"the header says {table.declared} records, the file holds {table.held}"
        if table.declared > table.held:
            raise CorruptFile(file, counts, "the table is cut off: deliver it again", value=str(table.declared))
        tally = Tally(
            physical=table.declared, notes=[*tally.notes, Note("record_count", counts + "; the header is followed")]
        )
    return Batched(head, _batches(table, tally.physical, head, tally), tally)


def fields(path: Path, file: str) -> list[str]:
    """The names of the fields. Raises CorruptFile."""
    return [f.name for f in _open(path, file).fields]


def _open(path: Path, file: str, hint: str | None = None) -> _Table:
    with path.open("rb") as handle:
        data = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    declared, body, length = (int.from_bytes(data[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    if len(data) < 33 or body < 33 or length < 2 or body > len(data):
        raise CorruptFile(file, "the header of the dBase table is damaged", "export and deliver the table again")
    codec, notes = _codec(path, data[29], hint)
    found = tuple(_fields(data[32:body], codec))
    if not found or found[-1].start + found[-1].width > length:
        raise CorruptFile(file, "the fields do not fit into a record", "export and deliver the table again")
    memo = "、".join(f.name for f in found if f.kind in _MEMO)
    if memo:
        notes.append(Note("memo_absent", f"texts of memo columns lie in another file and were not delivered: {memo}"))
    return _Table(file, data, body, length, declared, found, codec, tuple(notes))


def _codec(path: Path, driver: int, hint: str | None) -> tuple[str, list[Note]]:
    """The code page: a .cpg file beside the table, else the driver byte, else the contract's word, else GB18030."""
    beside = path.with_suffix(".cpg")
    if beside.is_file() and (codec := _known(beside.read_text("latin-1").strip())):
        return codec, []
    if driver in _DRIVERS:
        return _DRIVERS[driver], []
    codec = _known(hint or "") or "gb18030"
    return codec, [Note("encoding_assumed", f"language driver {driver:#04x} names no code page: read as {codec}")]


def _known(word: str) -> str | None:
    """The codec of that name or number, GB18030 for its older parts."""
    for name in (word, f"cp{word}"):
        try:
            codec = codecs.lookup(name).name
        except LookupError:
            continue
        return "gb18030" if codec in {"gbk", "gb2312"} else codec
    return None


def _fields(head: bytes, codec: str) -> Iterator[Field]:
    """The field descriptors: 32 bytes each up to a carriage return; hidden system columns are passed over."""
    at, start = 0, 1
    while at + 32 <= len(head) and head[at] not in (0x0D, 0x00):
        raw = head[at : at + 32]
        name = raw[:11].split(b"\0")[0].decode(codec, "replace").strip()
        kind, width, decimals = chr(raw[11]), raw[16], raw[17]
        if kind == "C":  # FoxPro and Clipper keep the high byte of a text's width where a number has its decimals
            width, decimals = width + 256 * decimals, 0
        if kind != "0":
            yield Field(name, kind, start, width, decimals)
        at, start = at + 32, start + width


def _batches(table: _Table, count: int, head: Head, tally: Tally) -> Iterator[pa.Table]:
    for first in range(0, count, BLOCK):
        height = min(BLOCK, count - first)
        low = table.body + first * table.length
        raw = np.frombuffer(table.data[low : low + height * table.length], np.uint8).reshape(height, table.length)
        lines = np.arange(first + 1, first + height + 1)
        live = np.isin(raw[:, 0], _LIVE)
        _set_aside(table, raw[~live], lines[~live].tolist(), tally)
        yield _admit(table, raw[live], lines[live], head, tally)


def _set_aside(table: _Table, raw: Records, lines: list[int], tally: Tally) -> None:
    for line, record in zip(lines, raw, strict=True):
        deleted = record[0] == ord("*")
        shown = record[int(deleted) :].tobytes().decode(table.codec, "surrogateescape")
        tally.rejects.append(reject(line, shown, _DELETED if deleted else _SHIFTED))


def _admit(table: _Table, raw: Records, lines: npt.NDArray[np.int64], head: Head, tally: Tally) -> pa.Table:
    cells = [_column(raw[:, f.start : f.start + f.width], f, table.codec) for f in table.fields]
    bad = np.zeros(len(raw), bool)
    for column in cells:
        if not "".join(column).isprintable():
            bad |= np.fromiter((any("\ud800" <= c <= "\udfff" for c in v) for v in column), bool, len(raw))
    for at in np.flatnonzero(bad):
        row = [c[at] for c in cells]
        tally.rejects.append(reject(int(lines[at]), "\t".join(row), judge(row, head) or BLANK))
    sound = np.flatnonzero(~bad)
    columns = [texts(c if len(sound) == len(c) else [c[i] for i in sound]) for c in cells]
    return blocks.admit(columns, pa.array(lines[sound], pa.int64()), head, tally)


def _column(raw: Records, field: Field, codec: str) -> list[str]:
    """The cells of one field as text. Trailing blanks and NULs are padding; everything else stays."""
    width = raw.shape[1]
    if not width:
        return [""] * len(raw)
    cells: list[bytes] = np.ascontiguousarray(raw).view(f"S{width}").ravel().tolist()  # S drops trailing NULs
    if field.kind in _BINARY and width in _BINARY[field.kind][0]:
        read = _BINARY[field.kind][1]
        return [read(c.ljust(width, b"\0")) for c in cells]
    if field.kind in _MEMO:
        return [""] * len(cells)
    if field.kind == "C" or field.kind not in "NFDL":
        return [c.decode(codec, "surrogateescape").rstrip(" ") for c in cells]
    spell = _SPELLINGS[field.kind]
    return [spell(c.decode(codec, "surrogateescape").strip(" \0")) for c in cells]


def _date(text: str) -> str:
    if len(text) == 8 and text.isdigit() and text.isascii():
        return "" if text == "00000000" else f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text


def _moment(raw: bytes) -> str:
    """Julian day and milliseconds; zero is no value."""
    day, milliseconds = int.from_bytes(raw[:4], "little", signed=True), int.from_bytes(raw[4:], "little", signed=True)
    if not day:
        return ""
    try:
        moment = dt.datetime.fromordinal(day + _JULIAN) + dt.timedelta(milliseconds=milliseconds)
    except (ValueError, OverflowError):
        return f"{day}:{milliseconds}"
    return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat(" ")


def _integer(raw: bytes) -> str:
    return str(int.from_bytes(raw, "little", signed=True))


def _currency(raw: bytes) -> str:
    """A whole number of ten-thousandths."""
    value = int.from_bytes(raw, "little", signed=True)
    return f"{'-' if value < 0 else ''}{abs(value) // 10_000}.{abs(value) % 10_000:04d}"


def _double(raw: bytes) -> str:
    return number(float(np.frombuffer(raw, "<f8")[0]))


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "N": str,
    "F": str,
    "D": _date,
    "L": lambda text: "" if text == "?" else text,
}
_BINARY: dict[str, tuple[frozenset[int], Callable[[bytes], str]]] = {
    "I": (frozenset({4}), _integer),
    "Y": (frozenset({8}), _currency),
    "T": (frozenset({8}), _moment),
    "B": (frozenset({8}), _double),
}
