"""Receive: fingerprint what lies complete in the department's inbox, keep it byte for byte.

Belongs here: bytes, their hashes, the archive. Does not belong here: which files make up a delivery (`complete.py`), the ledger.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from shuyuan import settings
from shuyuan.catalog import Resource
from shuyuan.intake import file_names
from shuyuan.intake.complete import Found, found
from shuyuan.intake.control import BadControl, Promise

__all__ = [
    "BadControl",
    "BadCopy",
    "Delivery",
    "File",
    "archive",
    "archived",
    "as_delivered",
    "dated",
    "deliveries",
    "fingerprint",
]

CHUNK = 1 << 20


@dataclass(frozen=True)
class File:
    """One file of a delivery, and what its control file promises of it."""

    path: Path
    sha256: str
    size: int
    promise: Promise


@dataclass(frozen=True)
class Delivery:
    """What one batch is made of: one file, the parts of one table in their order, or the marker that says that nothing changed.

    `control_rows`: data rows that control files promise of all of it together, None where none is promised.
    """

    name: str
    files: tuple[File, ...]
    control_rows: int | None
    nochange: bool = False

    @property
    def path(self) -> Path:
        """The first file."""
        return self.files[0].path

    @property
    def sha256(self) -> str:
        """Of one file its own; of several the SHA-256 of the list of theirs, in order: what is not touched by how files are called."""
        return self.files[0].sha256 if len(self.files) == 1 else hashlib.sha256(self.list_of_parts).hexdigest()

    @property
    def list_of_parts(self) -> bytes:
        """The SHA-256 of each file, a line each."""
        return "".join(f"{file.sha256}\n" for file in self.files).encode()

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def broken_promise(self) -> tuple[str, str] | None:
        """The code and the words of the first file whose bytes are not as its control file promises; None when all are."""
        return next(filter(None, (f.promise.broken_by(f.path, f.size, f.sha256) for f in self.files)), None)


def deliveries(resource: Resource, business_date: date, inbox: Path) -> Iterator[Delivery]:
    """The complete deliveries of a resource for a date, by name. What waits for a control file or a part is not complete.

    Raises BadControl naming the first control file that cannot be understood, after everything else: it holds up nobody.
    """
    bad: BadControl | None = None
    for lying in found(resource, inbox, business_date):
        if lying.problem is None:
            yield _delivery(lying)
        bad = bad or lying.problem
    if bad is not None:
        raise bad


def _delivery(lying: Found) -> Delivery:
    files = tuple(File(path, fingerprint(path), path.stat().st_size, said) for path, said in lying.files)
    return Delivery(lying.name, files, lying.promise.rows, lying.nochange)


def dated(resource: Resource, inbox: Path) -> Iterator[tuple[date, Path]]:
    """Every file of the complete deliveries of a resource for any date, with the date in their names; none when its pattern has no date."""
    for lying in found(resource, inbox, None) if file_names.is_dated(resource) else ():
        for path, _ in lying.files if lying.day else ():
            yield lying.day, path  # type: ignore[misc]  # the line above has asked


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def archived(sha256: str) -> Path:
    """Where a delivery is kept byte for byte."""
    return settings.load().archive / sha256[:2] / sha256


@contextmanager
def as_delivered(sha256: str, name: str) -> Iterator[Path]:
    """The archived bytes under the name they came with: messages then speak of the department's file."""
    with all_as_delivered([(sha256, name)]) as (path,):
        yield path


@contextmanager
def all_as_delivered(files: Sequence[tuple[str, str]]) -> Iterator[list[Path]]:
    """The archived bytes of several files, (SHA-256, name) each, under the names they came with."""
    with TemporaryDirectory(prefix="shuyuan-read-") as folder:
        links = [Path(folder) / name for _, name in files]
        for link, (sha256, _) in zip(links, files, strict=True):
            link.symlink_to(archived(sha256))
        yield links


def archive(delivery: Delivery) -> None:
    """Copy every file of a delivery into the archive, once; of several also the list of their hashes, under the delivery's own.

    Raises BadCopy when a file changed while it was read.
    """
    for file in delivery.files:
        _keep(file)
    if len(delivery.files) > 1:
        target = archived(delivery.sha256)
        if not target.exists():
            part = _beside(target)
            part.write_bytes(delivery.list_of_parts)
            part.replace(target)


def _keep(file: File) -> None:
    target = archived(file.sha256)
    if target.exists():
        return
    part = _beside(target)
    _copy(file.path, part)
    if fingerprint(part) != file.sha256:
        part.unlink()
        raise BadCopy(f"{file.path}: changed while it was received; the next run takes it when it rests")
    part.replace(target)


def _beside(target: Path) -> Path:
    """A name of this worker's own: workers on several machines share the archive, and their process numbers may be the same."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f"{target.name}.{uuid4().hex}.part")


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(CHUNK):
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())


class BadCopy(Exception):
    """The delivery changed under our hands; try again later."""
