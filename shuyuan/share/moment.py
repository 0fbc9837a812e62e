"""A point in both times of a history: how things were on a day, as it was known at a moment.

Belongs here: what such a point is and how people write one. Does not belong here: the history itself (`sql/steps/create_as_of.sql`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from shuyuan import settings


@dataclass(frozen=True)
class Moment:
    """`valid`: the business date asked about, None for today. `known`: nothing recorded later counts, None for all that is known."""

    valid: date | None = None
    known: datetime | None = None

    @property
    def past(self) -> bool:
        """Whether anything but the present is asked for."""
        return self.valid is not None or self.known is not None

    @property
    def day(self) -> date:
        return self.valid or settings.today()

    def values(self) -> dict[str, object]:
        """The parameters of `history.<library>_as_of(%(_valid)s, %(_known)s)`."""
        return {"_valid": self.day, "_known": self.known}

    def reached(self, day: date, recorded: datetime | None) -> bool:
        """Whether something that speaks of `day` and was recorded at `recorded` counts at this point; a record without time does not."""
        if recorded is None:
            return False
        return day <= self.day and (self.known is None or recorded <= self.known)

    def __str__(self) -> str:
        known = f" known {self.known.astimezone(settings.BEIJING).isoformat()}" if self.known else ""
        return f"as of {self.day}{known}"


NOW = Moment()


def known_at(text: str) -> datetime:
    """A moment written in ISO 8601; without a zone it is Beijing's, a day alone means until its end. Raises ValueError with the way out."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no moment; write it as 2026-11-16T09:30, or 2026-11-16 for the whole day"
        ) from None
    if len(text) == len("2026-11-16"):
        found = datetime.combine(found.date(), time.max)
    return found if found.tzinfo else found.replace(tzinfo=settings.BEIJING)
