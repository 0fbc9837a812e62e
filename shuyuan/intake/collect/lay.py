"""Lay what was fetched into the inbox: whole or not at all, and never in the place of other bytes.

Belongs here: temporary names, final names, the limit of bytes. Does not belong here: where bytes come from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from shuyuan.intake.collect.errors import TooLarge
from shuyuan.intake.file_names import CONTROL
from shuyuan.intake.receive import fingerprint

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Piece:
    """Bytes that were fetched and lie under a temporary name beside their place."""

    path: Path
    sha256: str
    size: int


@contextmanager
def piece_of(folder: Path) -> Iterator[Path]:
    """A temporary file in the inbox that no pattern takes for a delivery; gone afterwards unless it was laid."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{uuid4().hex}.part"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def pour(chunks: Iterable[bytes], path: Path, where: str, limit: int) -> Piece:
    """Write chunks to disk, hashed and counted on the way. Raises TooLarge beyond `limit` megabytes."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as sink:
        for chunk in chunks:
            size += len(chunk)
            refuse_size(where, size, limit)
            digest.update(chunk)
            sink.write(chunk)
        _settle(sink)
    return Piece(path, digest.hexdigest(), size)


def refuse_size(where: str, size: int, limit: int) -> None:
    """Raise TooLarge when `size` bytes are more than `limit` megabytes."""
    if size > limit * MEGABYTE:
        raise TooLarge(where, f"more than {limit} MB", "ask for it in parts, or raise the connector's `limit`")


def measured(path: Path) -> Piece:
    """The piece that a writer has left at a path."""
    with path.open("rb+") as written:
        _settle(written)
    return Piece(path, fingerprint(path), path.stat().st_size)


def _settle(sink: BinaryIO) -> None:
    sink.flush()
    os.fsync(sink.fileno())


def lay(piece: Piece, name: str, promise: bytes | None = None) -> Path:
    """Give a piece its name in the inbox. → where it lies now.

    Where other bytes lie under that name it becomes a second delivery: `x_20261118_2.csv`. The same bytes are not laid twice. `promise` is the
    text of its control file, which is there before it, so that nobody takes the one without the other.
    """
    for target in _places(piece.path.with_name(name)):
        if target.exists() and fingerprint(target) != piece.sha256:
            continue
        if promise is not None:
            replace(target.with_name(target.name + CONTROL), promise)
        if _link(piece.path, target):
            return target
    raise RuntimeError("there is always another name")


def replace(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all. A control file may be corrected by its department as long as nobody has understood it."""
    with piece_of(path.parent) as part:
        part.write_bytes(content)
        part.replace(path)


def _places(target: Path) -> Iterator[Path]:
    yield target
    stem, dot, suffix = target.name.rpartition(".") if "." in target.name else (target.name, "", "")
    number = 1
    while True:
        number += 1
        yield target.with_name(f"{stem}_{number}{dot}{suffix}")


def _link(part: Path, target: Path) -> bool:
    """Let `target` name these bytes. False when somebody else took the name in between."""
    if target.exists():
        return True
    try:
        target.hardlink_to(part)
    except FileExistsError:
        return fingerprint(target) == fingerprint(part)
    except OSError:  # a file system without links: the collector is alone with its resource, see flow.collect
        part.rename(target)
    return True
