"""What an item's declaration adds to its type: code list, crosswalk, unit, business date, history of divisions.

What belongs here: the settings `parse` passes to the module of a type.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from shuyuan.standards.divisions import History


@dataclass(frozen=True)
class Options:
    """Settings of one call; see `parse`."""

    codes: Collection[str] | None = None
    crosswalk: Mapping[str, str] | None = None
    unit: str | None = None
    as_of: date | None = None
    history: History | None = None
