"""Control files: what a department promises about the file beside it, or about all files of one delivery.

Understood are a bare number (data rows), a bare checksum, `rows=1234` with `sha256=`, `md5=`, `size=`, `parts=` and `nochange` in any order,
the lines of `sha256sum` and `md5sum`, and the same as a JSON object, where `files` lists `{"file": …, "rows": …, "sha256": …}`.
Belongs here: their text → a promise, and whether bytes keep it. Does not belong here: which file they speak of (`complete.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shuyuan.reader.errors import ReadError

LARGEST = 1 << 20  # bytes; a larger "control file" is something else
MOST = 10**15  # rows or bytes: no delivery has more, and the sum of thousands of parts still fits into a bigint
WAY_OUT = "ask for one that holds the number of data rows, or rows=…, sha256=…, size=…"
_HEX = {64: "sha256", 32: "md5"}
_SUM = re.compile(r"(?P<sum>[0-9a-fA-F]{64}|[0-9a-fA-F]{32})(?:[ \t]+\*?(?P<file>\S.*))?")
_WORD = re.compile(r"(?P<key>\w+)[ \t]*[=:][ \t]*(?P<value>[^\s,;]+)|(?P<flag>nochange)", re.IGNORECASE)
_KEYS = {"行数": "rows", "记录数": "rows", "count": "rows", "bytes": "size", "字节数": "size", "份数": "parts"}
_NUMBERS = ("rows", "size", "parts")
_SUMS = ("sha256", "md5")


class BadControl(ReadError):
    """A control file does not say what it is there to say."""

    code = "bad_control"


@dataclass(frozen=True)
class Promise:
    """What a control file says; None: nothing. `parts` is how many files, `files` which ones and what of each; `nochange`: none, on purpose."""

    rows: int | None = None
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    parts: int | None = None
    files: tuple[tuple[str, Promise], ...] = ()
    nochange: bool = False

    def broken_by(self, path: Path, size: int, sha256: str) -> tuple[str, str] | None:
        """The code and the words of what a file's bytes do not keep: `truncated` or `checksum`; None when all is as promised."""
        if self.size is not None and self.size != size:
            return "truncated", f"{path.name}: {size} bytes, but its control file promises {self.size}"
        if self.sha256 is not None and self.sha256 != sha256:
            return "checksum", f"{path.name}: its SHA-256 is {sha256}, but its control file promises {self.sha256}"
        if self.md5 is not None and (found := _md5(path)) != self.md5:
            return "checksum", f"{path.name}: its MD5 is {found}, but its control file promises {self.md5}"
        return None


NOTHING = Promise()


def read(path: Path) -> Promise:
    """What a control file promises. Raises BadControl naming the file and what stands in it."""
    if path.stat().st_size > LARGEST:
        raise BadControl(str(path), "the control file is larger than 1 MB", WAY_OUT)
    text = path.read_text(encoding="utf-8-sig", errors="replace").strip()
    try:
        promise = _json(json.loads(text)) if text.startswith("{") else _lines(text)
    except RecursionError as error:
        raise BadControl(str(path), "the control file is nested too deeply", WAY_OUT, value=text) from error
    except ValueError as error:
        raise BadControl(str(path), f"the control file cannot be understood: {error}", WAY_OUT, value=text) from error
    if promise == NOTHING:
        raise BadControl(str(path), "the control file holds no row count", WAY_OUT, line=1, value=text)
    if promise.nochange and (promise.rows or promise.files):
        raise BadControl(str(path), "the control file promises rows and says `nochange`", "leave one of them out")
    return promise


def marker(path: Path) -> Promise:
    """What a `.nochange` marker says: it may be empty. Raises BadControl when it promises rows."""
    if not path.read_bytes().strip():
        return Promise(rows=0, nochange=True)
    said = read(path)
    if said.rows or said.files:
        raise BadControl(str(path), "a marker that says `nochange` promises rows", "leave one of them out")
    return Promise(rows=0, nochange=True)


def _json(said: Mapping[str, Any]) -> Promise:
    parts = said.get("parts")
    files = said.get("files", parts if isinstance(parts, list) else None)
    if not isinstance(files, list | None):
        raise ValueError(f"`files` is {str(files)[:80]!r}, not a list")
    words = {key: value for key, value in said.items() if not isinstance(value, list | dict)}
    return _promise(words, tuple(map(_listed, files or ())))


def _listed(entry: object) -> tuple[str, Promise]:
    """An entry of `files`: a name, or an object with the name and what is promised of the file."""
    if isinstance(entry, str):
        return entry, NOTHING
    name = (entry.get("file") or entry.get("name")) if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(name, str):
        raise ValueError(f"an entry of `files` names no file: {str(entry)[:80]!r}")
    return name, _promise(entry)


def _lines(text: str) -> Promise:
    if text.isdecimal() and len(text) not in _HEX:
        return Promise(rows=_number("rows", text))
    words: dict[str, Any] = {}
    files: list[tuple[str, Promise]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if found := _SUM.fullmatch(line):
            _take_sum(found, words, files)
        else:
            words |= _words(line)
    only = vars(files[0][1]) if len(files) == 1 else {}  # of one file: the line names the file that it stands beside
    return _promise({key: value for key, value in only.items() if key in _SUMS} | words, tuple(files))


def _take_sum(found: re.Match[str], words: dict[str, Any], files: list[tuple[str, Promise]]) -> None:
    value = {_HEX[len(found["sum"])]: found["sum"].lower()}
    if found["file"]:
        files.append((found["file"].strip(), Promise(sha256=value.get("sha256"), md5=value.get("md5"))))
    else:
        words |= value


def _words(line: str) -> dict[str, Any]:
    """`rows=3, sha256=…` → its words. A line with anything else in it is not understood: a guess would be no promise."""
    if rest := _WORD.sub("", line).strip(" \t,;"):
        raise ValueError(repr(rest[:40]))
    return dict(_pair(found) for found in _WORD.finditer(line))


def _pair(found: re.Match[str]) -> tuple[str, Any]:
    return ("nochange", True) if found["flag"] else (found["key"].lower(), found["value"])


def _promise(words: Mapping[str, Any], files: tuple[tuple[str, Promise], ...] = ()) -> Promise:
    """Words → promise; what is not ours (a date, a sender) is left aside."""
    said = {_KEYS.get(str(key).lower(), str(key).lower()): value for key, value in words.items() if value is not None}
    values: dict[str, Any] = {key: _number(key, said[key]) for key in _NUMBERS if key in said}
    values |= {key: _sum(key, str(said[key])) for key in _SUMS if key in said}
    return Promise(**values, files=files, nochange=_is_true(said.get("nochange", False)))


def _number(key: str, value: object) -> int:
    text = str(value).strip()
    if not text.isdecimal():
        raise ValueError(f"`{key}` is {text[:40]!r}, not a number")
    if int(text) > MOST:  # of more than 4300 digits int() itself raises ValueError
        raise ValueError(f"`{key}` is {text[:40]!r}, more than any delivery has")
    return int(text)


def _sum(key: str, value: str) -> str:
    if _HEX.get(len(value)) != key or not re.fullmatch("[0-9a-fA-F]+", value):
        raise ValueError(f"`{key}` is {value!r}, not a checksum of that kind")
    return value.lower()


def _is_true(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes")


def _md5(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
