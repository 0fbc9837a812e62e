"""Which file name belongs to which resource and date.

Belongs here: `delivery.pattern` → names, names → date and part. Does not belong here: what lies in the inbox (`complete.py`).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from shuyuan.catalog import Resource

CONTROL = ".ok"
NOCHANGE = ".nochange"
_TOKEN = re.compile(r"(\{date\}|\{part\}|[*?])")


def spelled(name: str) -> str:
    """A file name in the form in which names are compared: what was zipped on another system may be decomposed."""
    return unicodedata.normalize("NFC", name)


def is_data(name: str) -> bool:
    """Whether a file of this name can be a delivery: control files, markers and files that are still being written are none."""
    return not name.startswith(".") and not name.endswith((CONTROL, NOCHANGE))


def is_plain(name: str) -> bool:
    """Whether a name from outside is a name and nothing else: no folder, no way up, nothing hidden, no control characters."""
    harmless = name.isprintable() and not any(mark in name for mark in "/\\\0")
    return bool(name) and not name.startswith(".") and harmless and len(name.encode()) <= 240


def named(resource: Resource, business_date: date | None) -> re.Pattern[str]:
    """What the resource's deliveries for a date (None: for any, as group `day`) are called, `spelled`. Groups `part`, `again`.

    In `delivery.pattern` `{date}` is the day, `{part}` a number, `*` and `?` are wildcards.

    Everything else is meant as written: departments put ( ) [ ] + and spaces into file names. A second or corrected delivery keeps the
    stem: `resident_20261118_2.csv`. Without a date in the pattern only `_<number>` may follow the stem, or `penalty.csv` would be said of
    `penalty_detail.csv` too.
    """
    return re.compile(_regex(spelled(resource.delivery.pattern), business_date))


def manifests(resource: Resource, business_date: date | None) -> re.Pattern[str] | None:
    """What the control files of whole deliveries are called; None where the contract has none."""
    manifest = resource.delivery.manifest
    return re.compile(_regex(spelled(manifest), business_date)) if manifest else None


def unchanged(resource: Resource, business_date: date | None) -> re.Pattern[str]:
    """What the markers are called that say "nothing changed": the delivery's name with `.nochange` behind it or in place of its suffix."""
    pattern = spelled(resource.delivery.pattern)
    stem, suffix = _split(pattern)
    wild = _wild(business_date) | {"{part}": r"\d*"}
    ending = f"({_as_regex(suffix, wild)})?{re.escape(NOCHANGE)}"
    return re.compile(_once(_as_regex(stem, wild) + _again(pattern) + ending))


def day_in(found: re.Match[str]) -> date | None:
    """The date in a name that `named(resource, None)` has matched; None where there is none."""
    digits = found.groupdict().get("day")
    try:
        return datetime.strptime(digits, "%Y%m%d").date() if digits else None
    except ValueError:
        return None  # eight digits that are no date: another file's number


def is_dated(resource: Resource) -> bool:
    """Whether the names of its deliveries carry the business date."""
    return "{date}" in resource.delivery.pattern


def filled(pattern: str, business_date: date) -> str:
    """A pattern, folder or path with the business date in place of `{date}` (CCYYMMDD) and `{iso_date}` (CCYY-MM-DD)."""
    return pattern.replace("{date}", f"{business_date:%Y%m%d}").replace("{iso_date}", business_date.isoformat())


def _regex(pattern: str, business_date: date | None) -> str:
    stem, suffix = _split(pattern)
    wild = _wild(business_date)
    return _once(_as_regex(stem, wild) + _again(pattern) + _as_regex(suffix, wild))


def _split(pattern: str) -> tuple[str, str]:
    stem, dot, suffix = pattern.rpartition(".") if "." in pattern else (pattern, "", "")
    return stem, dot + suffix


def _wild(business_date: date | None) -> dict[str, str]:
    day = f"{business_date:%Y%m%d}" if business_date else r"(?P<day>\d{8})"
    return {"*": ".*", "?": ".", "{date}": day, "{part}": r"(?P<part>\d+)"}


def _again(pattern: str) -> str:
    return r"(?P<again>.*)" if "{date}" in pattern else r"(?P<again>(?:_\d+)?)"


def _as_regex(text: str, wild: dict[str, str]) -> str:
    return "".join(wild.get(part, re.escape(part)) for part in _TOKEN.split(text))


def _once(regex: str) -> str:
    """A group that a pattern names twice means the same text both times."""
    for group, digits in (("day", r"\d{8}"), ("part", r"\d+")):
        head, mark, rest = regex.partition(f"(?P<{group}>{digits})")
        regex = head + mark + rest.replace(mark, f"(?P={group})") if mark else head
    return regex
