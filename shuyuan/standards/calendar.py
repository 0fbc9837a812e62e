"""Days as numbers CCYYMMDD (GB/T 7408) and their way to Arrow dates.

What belongs here: which days exist. How departments write them is in `dates`.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shuyuan.standards.rawbytes import Mask

DayNumbers = npt.NDArray[np.int32]
_MONTH_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] + [0] * 87, np.int32)


def day_numbers(day: date) -> int:
    """2019-04-04 as 20190404."""
    return day.year * 10000 + day.month * 100 + day.day


def possible(days: DayNumbers) -> Mask:
    """Whether each CCYYMMDD is a day of the Gregorian calendar."""
    years, months, month_days = days // 10000, days // 100 % 100, days % 100
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    last = _MONTH_DAYS[np.where(days < 0, 0, months)] + (leap & (months == 2))
    ok: Mask = (years >= 1) & (month_days >= 1) & (month_days <= last)
    return ok


def dates_of(days: DayNumbers, valid: Mask) -> pa.Array:
    """CCYYMMDD as date32, null where not `valid`."""
    known = np.where(valid, days, 19700101)
    months = (known // 10000 - 1970).astype("M8[Y]").astype("M8[M]") + (known // 100 % 100 - 1)
    since_1970 = (months.astype("M8[D]") + (known % 100 - 1)).astype(np.int32)
    return pa.array(since_1970, pa.int32(), mask=~valid).view(pa.date32())
