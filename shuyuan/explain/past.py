"""What the tables still know about a moment that has passed, and where they say nothing about it. Pure.

The library keeps every version. A department's rows are kept only as they are now; so a claim of the past is known when its row has not
been replaced since, or when it was on record as a disagreement. Anything else is not known, and is said to be so: never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shuyuan.share.moment import Moment

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Former:
    """A value that an item had: from which business date on, recorded when and by which run. `gone`: the entity had left the library."""

    value: Any
    valid_from: date
    recorded_at: datetime
    run: int
    gone: bool = False


def former(versions: Sequence[Row], item: str) -> tuple[Former, ...]:
    """The values of an item in the order of recording, each where it began; the last one is the newest."""
    found: list[Former] = []
    for row in versions:
        gone = row["_op"] in ("D", b"D")
        value = None if gone else row[item]
        if not found or (found[-1].value, found[-1].gone) != (value, gone):
            found.append(Former(value, row["valid_from"], row["recorded_at"], row["_run"], gone))
    return tuple(found)


def still_known(moment: Moment, row: Row | None, batch: Row | None) -> bool:
    """Whether a source row, as it is now, was already so at the moment: it speaks of that day or before and was let in by then."""
    return row is not None and batch is not None and moment.reached(row["_as_of"], batch["admitted_at"])


def open_at(moment: Moment, discrepancy: Row) -> bool:
    """Whether a discrepancy was on record and open at the moment."""
    if not moment.past:
        return discrepancy["closed_run"] is None
    if not moment.reached(discrepancy["opened_for"], discrepancy["opened_at"]):
        return False
    ended = discrepancy["closed_run"] is not None
    return not (ended and moment.reached(discrepancy["closed_for"], discrepancy["closed_at"]))
