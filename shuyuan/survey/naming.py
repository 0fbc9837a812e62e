"""Names for what has only a Chinese title: items, the resource, the pattern of its deliveries."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

from shuyuan.catalog import Catalog
from shuyuan.survey import words
from shuyuan.survey.report import Column

_DAY: Final = re.compile(r"(?<!\d)20\d{6}(?!\d)")
_PERIOD: Final = re.compile(
    r"(?<!\d)20\d\d(?:[-_.年](?:1[0-2]|0?[1-9])(?:[-_.月](?:3[01]|[12]\d|0?[1-9])日?|月)?|年度?|(?:1[0-2]|0[1-9])(?!\d)|(?!\d))"
)
_COPY: Final = re.compile(r"\s*[(（]\d+[)）]$|[-_+\s]*副本$|\+$")
_CYCLES: Final = (
    ("annual", ("年度", "年")),
    ("quarterly", ("季度",)),
    ("monthly", ("月",)),
    ("weekly", ("周报",)),
    ("daily", ("日报",)),
)


def item_names(columns: Sequence[Column], catalog: Catalog, department: str) -> list[str]:
    """A name per column, unique: what the catalog calls that header, else the dictionary's words, else `column_<number>`."""
    known = _known_labels(catalog, department)
    taken: set[str] = set()
    names = []
    for column in columns:
        name = (
            known.get((words.normal(column.label), column.type))
            or words.hint(column.label).name
            or f"column_{column.position + 1}"
        )
        names.append(free(name, taken))
        taken.add(names[-1])
    return names


def _known_labels(catalog: Catalog, department: str) -> Mapping[tuple[str, str], str]:
    """(header text, type) → item name; the department's own resources before those of others."""
    resources = sorted(catalog.resources.values(), key=lambda r: r.department != department)
    found: dict[tuple[str, str], str] = {}
    for resource in resources:
        for item in resource.items:
            for text in (item.label, *item.aliases):
                found.setdefault((words.normal(text), item.type), item.name)
    return found


def free(name: str, taken: Collection[str]) -> str:
    """`name`, or `name_2`, … : the first that is not taken, and never too long."""
    number, found = 2, name[: words.LONGEST_NAME].rstrip("_")
    while found in taken:
        found = f"{name[: words.LONGEST_NAME - 3].rstrip('_')}_{number}"
        number += 1
    return found


def title(file: str) -> str:
    """The file's name without dates, copies' marks and suffix."""
    stem = _COPY.sub("", _undated(_stem(file), "")).strip("-_+. 　")
    return stem or _stem(file)


def resource_name(file: str, catalog: Catalog, department: str) -> str:
    """A free name for the resource, from the words of the file's name that are known."""
    name = words.slug(title(file)) or words.english(title(file)) or "feed"
    return free(name, {r.id.split(".")[1] for r in catalog.resources.values() if r.department == department})


def pattern(file: str) -> tuple[str, str]:
    """(delivery pattern, why): a day in the name is the business date, other dates vary from delivery to delivery."""
    name = Path(file).name
    day = next((m for m in _DAY.finditer(name) if _is_day(m[0])), None)
    if day:
        rest = name[: day.start()], name[day.end() :]
        return "{date}".join(_undated(part, "*") for part in rest), f"{day[0]} in the name is a day"
    undated = _undated(name, "*")
    return (
        undated,
        "no day in the name" if undated == name else "the dates in the name change from delivery to delivery",
    )


def business_day(file: str) -> date | None:
    """The day in a file's name."""
    day = next((m[0] for m in _DAY.finditer(Path(file).name) if _is_day(m[0])), None)
    return datetime.strptime(day, "%Y%m%d").date() if day else None


def cycle(file: str) -> tuple[str, str]:
    """(update cycle, why)."""
    name = Path(file).name
    if business_day(name):
        return "daily", "a day in the file's name; ask the department"
    for found, marks in _CYCLES:
        mark = next((m for m in marks if m in _stem(name)), None)
        if mark:
            return found, f"{mark} in the file's name; ask the department"
    return "irregular", "nothing says how often; ask the department"


def _stem(file: str) -> str:
    return Path(file).name.rpartition(".")[0] or Path(file).name


def _undated(text: str, by: str) -> str:
    return _PERIOD.sub(by, _DAY.sub(lambda m: by if _is_day(m[0]) else m[0], text))


def _is_day(digits: str) -> bool:
    try:
        datetime.strptime(digits, "%Y%m%d")
    except ValueError:
        return False
    return True
