"""The code list of a column that repeats itself: one of the catalog's, or a first list of what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from shuyuan import standards
from shuyuan.catalog import Catalog
from shuyuan.survey.report import Column

ENOUGH: Final = 0.9  # share of the cells whose values a list must name
_ALIKE: Final = 2  # characters that a list's title and a header must share where the values are bare numbers


@dataclass(frozen=True)
class Listed:
    """The list of a column. `new`: its values, where none of the catalog's fits. `strangers`: values seen that the list does not name."""

    codes: str
    crosswalk: str | None
    why: str
    new: Mapping[str, str] | None = None
    strangers: tuple[str, ...] = ()


def match(column: Column, catalog: Catalog, department: str) -> Listed | None:
    """The catalog's list that names most of what was seen, through a crosswalk where that helps."""
    if not column.values:
        return None
    offers = [_offer(column, catalog, name, None) for name in catalog.codes]
    words = not any(
        text.isascii() for text in column.values
    )  # another office's codes mean other things, its words the same
    ways = [c for c in catalog.crosswalks.values() if c.department == department or words]
    offers += [_offer(column, catalog, c.codes, c.id) for c in ways]
    good = [(share, listed) for share, listed in offers if listed is not None and share >= ENOUGH]
    return max(good, key=lambda o: (o[0], _nearness(o[1], catalog, department)))[1] if good else None


def _nearness(listed: Listed, catalog: Catalog, department: str) -> int:
    """The list itself, then the department's own crosswalk, then another one's."""
    if listed.crosswalk is None:
        return 2
    return int(catalog.crosswalks[listed.crosswalk].department == department)


def _offer(column: Column, catalog: Catalog, name: str, crosswalk: str | None) -> tuple[float, Listed | None]:
    assert column.values is not None  # noqa: S101 - the caller looked
    codes = catalog.codes[name]
    mapped = catalog.crosswalks[crosswalk].map if crosswalk else None
    texts = list(column.values)
    found = (
        standards.parse("code", pa.array(texts, pa.string()), codes=codes.values, crosswalk=mapped)
        .values.is_valid()
        .to_pylist()
    )
    strangers = tuple(text for text, known in zip(texts, found, strict=True) if not known)
    cells = sum(number for (_, number), known in zip(column.values.items(), found, strict=True) if known)
    if not _is_about(column, codes.title, texts):
        return 0.0, None
    by = f" through {crosswalk} of {catalog.crosswalks[crosswalk].department}" if crosswalk else ""
    why = f"{cells:,} of {column.nonempty:,} cells are in {name} ({codes.title}){by}"
    return cells / column.nonempty, Listed(name, crosswalk, why, strangers=strangers)


def _is_about(column: Column, title: str, texts: list[str]) -> bool:
    """Words name what they mean; bare numbers fit every list, so the header must say the same as the list's title."""
    shared = set(column.label) & set(title) - set("代码类别的")
    return len(shared) >= _ALIKE or (len(texts) > 1 and not any(text.isascii() for text in texts))


def new(column: Column, name: str) -> Listed | None:
    """A first list of the values seen, each standing for itself."""
    if not column.values:
        return None
    tidy = standards.parse("code", pa.array(list(column.values), pa.string())).values.drop_null().to_pylist()
    values = {text: text for text in sorted(set(tidy))}
    return (
        Listed(name, None, f"{len(values)} values seen; ask the department for the whole list", new=values)
        if values
        else None
    )
