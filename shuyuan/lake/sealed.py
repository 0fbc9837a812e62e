"""Seals: a file of the lake carries the checksum of its own bytes, so that a bit that has changed is refused instead of believed.

Without it most flipped bits of a Parquet file are read as another value, without a word. Belongs here: sealing, verifying, and the words for
what is damaged. Does not belong here: how a file gets its name (`durable`), how the lake is written anew (`flow/mend.py`).
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from shuyuan import settings
from shuyuan.lake import durable

CHECKSUM = "crc32:00000000"
KEY = "shuyuan.seal"
OPTION = f"KV_METADATA {{'{KEY}': '{CHECKSUM}'}}"
"""Of DuckDB's COPY: leaves the place in the footer where the checksum is put, which itself counts as zeros."""
MAGIC = b"PAR1"
DIGITS = 8
CHUNK = 1 << 20
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


def verify(paths: Iterable[Path]) -> None:
    """Read files through and compare them to their seals. Raises Damaged. Files that never got one (other engines') are only looked at from outside."""
    for path in paths:
        try:
            found = path.stat()
        except FileNotFoundError:
            raise Damaged(path, "is missing") from None
        _verify(path, found.st_ino, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _verify(path: Path, _inode: int, size: int, _changed: int) -> None:
    """Once per file and process: files of the lake never change."""
    with path.open("rb") as file:
        if size < 3 * len(MAGIC) or _tail(file, len(MAGIC)) != MAGIC:
            raise Damaged(path, f"has been cut off at {size} bytes")
        place = _place(file)
        if place is not None and _said(file, place) != _checksum(file, place):
            raise Damaged(
                path, f"holds other bytes than were written (sealed {_said(file, place).decode(errors='replace')})"
            )


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


def _checksum(file: BinaryIO, place: int) -> bytes:
    file.seek(0)
    found, left = 0, place
    while left and (chunk := file.read(min(CHUNK, left))):
        found, left = zlib.crc32(chunk, found), left - len(chunk)
    found = zlib.crc32(b"0" * DIGITS, found)
    file.seek(place + DIGITS)
    while chunk := file.read(CHUNK):
        found = zlib.crc32(chunk, found)
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
    return f"{zlib.crc32(json.dumps(document, sort_keys=True).encode()):08x}"
