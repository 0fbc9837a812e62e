"""Receive: find a delivery in the department's inbox, fingerprint it, keep it byte for byte."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from shuyuan import settings
from shuyuan.catalog import Resource
from shuyuan.intake.errors import ReadError

CHUNK = 1 << 20


@dataclass(frozen=True)
class Delivery:
    """One file in the inbox. `control_rows`: data rows its `.ok` control file promises, None where none is asked for."""

    path: Path
    sha256: str
    size: int
    control_rows: int | None


class BadControl(ReadError):
    """The `.ok` control file does not hold a row count."""

    code = "bad_control"


def deliveries(resource: Resource, business_date: date, inbox: Path) -> Iterator[Delivery]:
    """The complete deliveries of a resource for a date, by name. One whose control file has not come yet is not complete.

    Raises BadControl naming the first control file that holds no number, after everything else: it holds up nobody.
    """
    names = named(resource, business_date)
    bad: BadControl | None = None
    for path in _complete(resource, inbox):
        if not names.fullmatch(spelled(path.name)):
            continue
        try:
            yield Delivery(path, fingerprint(path), path.stat().st_size, _control_rows(_control(path)))
        except BadControl as error:
            bad = bad or error
    if bad is not None:
        raise bad


def dated(resource: Resource, inbox: Path) -> Iterator[tuple[date, Path]]:
    """The complete deliveries of a resource for any date, with the date in their names; none when its pattern has no date."""
    names = named(resource, None)
    for path in _complete(resource, inbox) if names.groups else ():
        found = names.fullmatch(spelled(path.name))
        if found and (day := _day(found["day"])):
            yield day, path


def _day(digits: str) -> date | None:
    try:
        return datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None  # eight digits that are no date: another file's number


def _complete(resource: Resource, inbox: Path) -> Iterator[Path]:
    folder = inbox / resource.department
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not resource.delivery.control or _control(path).exists():
            yield path


def _control(path: Path) -> Path:
    return path.with_name(path.name + ".ok")


def named(resource: Resource, business_date: date | None) -> re.Pattern[str]:
    """What the resource's deliveries for a date (None: for any, as group `day`) are called, `spelled`.

    In `delivery.pattern` `{date}` is the day, `*` and `?` are wildcards.

    Everything else is meant as written: departments put ( ) [ ] + and spaces into file names. A second or corrected delivery keeps the
    stem: `resident_20261118_2.csv`. Without a date in the pattern only `_<number>` may follow the stem, or `penalty.csv` would be said of
    `penalty_detail.csv` too.
    """
    pattern = spelled(resource.delivery.pattern)
    stem, dot, suffix = pattern.rpartition(".") if "." in pattern else (pattern, "", "")
    day = business_date.strftime("%Y%m%d") if business_date else r"(?P<day>\d{8})"
    wild = {"*": ".*", "?": ".", "{date}": day}
    again = ".*" if "{date}" in pattern else r"(_\d+)?"
    parts = [_as_regex(part, wild) for part in (stem, dot + suffix)]
    return re.compile(again.join(parts))


def spelled(name: str) -> str:
    """A file name in the form in which names are compared: what was zipped on another system may be decomposed."""
    return unicodedata.normalize("NFC", name)


def _as_regex(text: str, wild: dict[str, str]) -> str:
    return "".join(wild.get(part, re.escape(part)) for part in re.split(r"(\{date\}|[*?])", text))


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _control_rows(control: Path) -> int | None:
    if not control.exists():
        return None
    text = control.read_text(encoding="utf-8", errors="replace").strip()
    if not text.isdecimal():
        way_out = "ask for a control file that holds the number of data rows and nothing else"
        raise BadControl(str(control), "the control file holds no row count", way_out, line=1, value=text)
    return int(text)


def archived(sha256: str) -> Path:
    """Where a delivery is kept byte for byte."""
    return settings.load().archive / sha256[:2] / sha256


@contextmanager
def as_delivered(sha256: str, name: str) -> Iterator[Path]:
    """The archived bytes under the name they came with: messages then speak of the department's file."""
    with TemporaryDirectory(prefix="shuyuan-read-") as folder:
        link = Path(folder) / name
        link.symlink_to(archived(sha256))
        yield link


def archive(delivery: Delivery) -> Path:
    """Copy a delivery into the archive, once. Raises BadCopy when the file changed while it was read."""
    target = archived(delivery.sha256)
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Workers on several machines share the archive, and their process numbers may be the same.
    part = target.with_name(f"{target.name}.{uuid4().hex}.part")
    _copy(delivery.path, part)
    if fingerprint(part) != delivery.sha256:
        part.unlink()
        raise BadCopy(f"{delivery.path}: changed while it was received; the next run takes it when it rests")
    part.replace(target)
    return target


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(CHUNK):
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())


class BadCopy(Exception):
    """The delivery changed under our hands; try again later."""
