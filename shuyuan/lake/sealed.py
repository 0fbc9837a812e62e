"""Seals: a file of the lake carries the checksum of its own bytes, so that a bit that has changed is refused instead of believed.

Without it most flipped bits of a Parquet file are read as another value, without a word. Belongs here: sealing, verifying, and the words for
what is damaged. Does not belong here: how a file gets its name (`durable`), how the lake is written anew (`flow/mend.py`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import lru_cache
from io import BufferedIOBase
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from zlib_ng.zlib_ng import crc32

from shuyuan import settings
from shuyuan.lake import durable

CHECKSUM = "crc32:00000000"
KEY = "shuyuan.seal"
OPTION = f"KV_METADATA {{'{KEY}': '{CHECKSUM}'}}"
"""Of DuckDB's COPY: leaves the place in the footer where the checksum is put, which itself counts as zeros."""
MAGIC = b"PAR1"
DIGITS = 8
CHUNK = 1 << 18
EXTENSION = b"\x08\xfe\xff\x03"
"""Head of a binary field 32767 of a Thrift struct: what Parquet keeps for others than its own; readers pass over it (BinaryProtocolExtensions.md)."""
STOP = b"\x00"
NAMED = 2
"""Parts of a lake path that say whose it is: `source/<resource>/…`, `library/<library>/…`."""


class Damaged(Exception):
    """A file of the lake is not what was written; names the file, what is wrong and the way out."""

    def __init__(self, path: Path, what: str, way_out: str = "") -> None:
        super().__init__(f"{path}: {what}; {way_out or _way_out(path)}")
        self.path, self.what = path, what


def _way_out(path: Path) -> str:
    lake = settings.load().lake
    parts = path.relative_to(lake).parts if path.is_relative_to(lake) else ()
    if len(parts) > NAMED and parts[0] == "staged":
        return f"`shuyuan read {parts[1]} --again` writes it anew from the archived delivery; then run the step again"
    whose = parts[1].replace("__", ".", 1) if len(parts) > NAMED and parts[0] in ("source", "library") else "NAME"
    return f"put it back from a backup, or `shuyuan mend {whose}` writes it anew from the database; then run the step again"


def seal(path: Path) -> None:
    """Put the checksum of a Parquet file, written with OPTION, into its footer."""
    with path.open("r+b") as file:
        place = _place(file)
        if place is None:
            raise Damaged(path, "has no place for a checksum; write it with sealed.OPTION")
        checksum = _checksum(file, place)
        file.seek(place)
        file.write(checksum)


def make_room(path: Path) -> None:
    """Give a Parquet file of an engine that knows nothing of seals the place for a checksum, at the end of its footer."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        length = int.from_bytes(_tail(file, 2 * len(MAGIC))[:4], "little")
        if size < length + 3 * len(MAGIC) or _tail(file, 2 * len(MAGIC) + 1)[:1] != STOP:
            raise Damaged(path, "does not end as a Parquet file does")
        words = f"{KEY} {CHECKSUM}".encode()
        added = EXTENSION + bytes([len(words)]) + words + STOP
        file.seek(size - 2 * len(MAGIC) - len(STOP))
        file.write(added + (length + len(added) - len(STOP)).to_bytes(4, "little") + MAGIC)


class Writer:
    """A Parquet file written by pyarrow that counts its checksum while its bytes pass: nothing is read a second time."""

    def __init__(self, path: Path, schema: pa.Schema, **options: Any) -> None:
        """`options` of pyarrow's ParquetWriter."""
        self._sink = _Sink(path)
        self._parquet = pq.ParquetWriter(self._sink, schema.remove_metadata(), **options)

    def write(self, table: pa.Table) -> None:
        """Append a row group."""
        self._parquet.write_table(table)

    def close(self) -> None:
        """Write the footer and the seal."""
        self._parquet.add_key_value_metadata({KEY: CHECKSUM})
        self._parquet.close()
        self._sink.close()


def write_table(table: pa.Table, path: Path, **options: Any) -> None:
    """Write a whole table, sealed. `options` of pyarrow's ParquetWriter."""
    writer = Writer(path, table.schema, **options)
    writer.write(table)
    writer.close()


class _Sink:
    """What pyarrow writes to. The checksum's own digits pass as zeros, as they count."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)
        self._found = 0

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, data: bytes | memoryview) -> int:
        self._found = crc32(data, self._found)
        written, left = 0, memoryview(data)
        while written < len(left):
            written += self._file.write(left[written:])
        return written

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        with self._file as file:
            place = _place(file)
            if place is not None:
                file.seek(place)
                file.write(f"{self._found:08x}".encode())


def verify(paths: Iterable[Path], *, strict: bool = False) -> None:
    """Read files through and compare them to their seals. Raises Damaged.

    Files that never got one (of earlier versions) are only looked at from outside; with `strict` they are damaged too.
    """
    for path in paths:
        try:
            found = path.stat()
        except FileNotFoundError:
            raise Damaged(path, "is missing") from None
        if not _verify(path, found.st_ino, found.st_size, found.st_mtime_ns) and strict:
            raise Damaged(path, "has no seal any more")


@lru_cache(maxsize=1 << 16)
def _verify(path: Path, _inode: int, size: int, _changed: int) -> bool:
    """Once per file and process: files of the lake never change. → whether it has a seal."""
    with path.open("rb") as file:
        if size < 3 * len(MAGIC) or _tail(file, len(MAGIC)) != MAGIC:
            raise Damaged(path, f"has been cut off at {size} bytes")
        place = _place(file)
        if place is not None and _said(file, place) != _checksum(file, place):
            raise Damaged(
                path, f"holds other bytes than were written (sealed {_said(file, place).decode(errors='replace')})"
            )
        return place is not None


def _tail(file: BinaryIO, length: int) -> bytes:
    file.seek(-length, os.SEEK_END)
    return file.read(length)


def _place(file: BinaryIO) -> int | None:
    """Where the digits of the checksum stand; None in a file that was written without."""
    size = file.seek(0, os.SEEK_END)
    length = min(size, int.from_bytes(_tail(file, 2 * len(MAGIC))[:4], "little") + 2 * len(MAGIC))
    footer = _tail(file, length)
    key = footer.rfind(KEY.encode())
    colon = footer.find(b":", key) if key >= 0 else -1
    return size - length + colon + 1 if colon >= 0 else None


def _said(file: BinaryIO, place: int) -> bytes:
    file.seek(place)
    return file.read(DIGITS)


def _checksum(file: BufferedIOBase, place: int) -> bytes:
    file.seek(0)
    found, chunk = 0, memoryview(bytearray(CHUNK))
    while read := file.readinto(chunk[: min(CHUNK, place - file.tell())]):
        found = crc32(chunk[:read], found)
    found = crc32(b"0" * DIGITS, found)
    file.seek(place + DIGITS)
    while read := file.readinto(chunk):
        found = crc32(chunk[:read], found)
    return f"{found:08x}".encode()


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a small document with its checksum, whole or not at all."""
    durable.write_text(path, json.dumps(document | {"seal": _seal_of(document)}, indent=1))


def read_json(path: Path) -> dict[str, Any]:
    """A document as it was written. Raises Damaged."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise Damaged(path, "is missing") from None
    except ValueError as error:
        raise Damaged(path, f"cannot be read ({error})") from None
    if not isinstance(document, dict) or document.pop("seal", None) not in (None, _seal_of(document)):
        raise Damaged(path, "holds other words than were written")
    return document


def _seal_of(document: dict[str, Any]) -> str:
    return f"{crc32(json.dumps(document, sort_keys=True).encode()):08x}"
