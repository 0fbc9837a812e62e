"""Working days of the People's Republic: what the State Council has announced, and Monday to Friday, marked, where it has not yet.

The package knows the years whose notice is out (2004–2026 in version 1.11) and raises for any other; the notice for next year comes out
around November. Belongs here: rows of `catalog.workday_calendar`. Counting days is SQL: `catalog.add_working_days`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import chinese_calendar

from shuyuan import settings

FIRST = date(2004, 1, 1)
YEARS_AHEAD = 2
ANNOUNCED = "国务院办公厅节假日安排(chinesecalendar)"
ASSUMED = "尚无国务院通知,按周一至周五推定"

Row = tuple[date, bool, str, str, bool]


def rows(today: date | None = None) -> list[Row]:
    """(day, is_workday, kind, source, confirmed) for every day from 2004 to the end of the second year after `today`."""
    last = date((today or settings.today()).year + YEARS_AHEAD, 12, 31)
    return [_row(day) for day in _days(FIRST, last)]


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=i) for i in range((last - first).days + 1))


def _row(day: date) -> Row:
    try:
        return (day, chinese_calendar.is_workday(day), _kind(day), ANNOUNCED, True)
    except NotImplementedError:  # the notice for that year is not out
        return (day, day.weekday() < 5, "workday" if day.weekday() < 5 else "weekend", ASSUMED, False)


def _kind(day: date) -> str:
    """`workday`, `weekend`, `make_up_workday` (调休上班), or the holiday's name."""
    off, holiday = chinese_calendar.get_holiday_detail(day)
    if off:
        return str(holiday) if holiday else "weekend"
    return "make_up_workday" if day.weekday() >= 5 else "workday"
