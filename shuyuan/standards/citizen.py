"""公民身份号码, GB 11643-1999: 6 division + 8 birth date + 3 sequence + 1 check character (ISO 7064 MOD 11-2).

Numbers of residents from Hong Kong, Macao and Taiwan (81/82/83) and of foreigners (9) have the same form and are valid.
What belongs here: the number itself. Whether it agrees with a sex or birth-date item is a cross-check, not a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.calendar import dates_of, day_numbers, possible
from shuyuan.standards.cells import excel_mangled, matches
from shuyuan.standards.column import Column
from shuyuan.standards.divisions import History
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import (
    Bytes,
    Mask,
    Numbers,
    matrix,
    products,
    rows_that,
    texts_of,
    unmarked,
)

_LEGACY: Final = r"^\d{15}$"
# An 18-digit number typed into a spreadsheet keeps 15 digits; the last three become zeros.
_ROUNDED: Final = r"^\d{15}000$"
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1)
_CHECK_CHARACTERS: Final = np.frombuffer(b"10X98765432", np.uint8)
_X: Final = np.uint8(ord("X"))
_ZERO: Final = np.uint8(ord("0"))
_X_FOR_TEN: Final = int(_X) - int(_ZERO) - 10
# Two-digit province codes of GB/T 2260; 81, 82, 83 also begin the residence numbers of people from Hong Kong, Macao and Taiwan.
_PROVINCES: Final = (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71)
_OUTSIDE: Final = (81, 82, 83, *range(90, 100))  # not born of a division's code; 9: foreigners' permanent residence
_FIRST_YEAR, _LAST_YEAR = 1800, 2199
_OLDEST: Final = 130


def _powers(first: int, last: int) -> list[int]:
    """Weights that read the digits from `first` to `last` as a number."""
    return [10 ** (last - place) if first <= place <= last else 0 for place in range(18)]


# One product of a block with this matrix gives weighted sum, division, year, and month with day of every number.
_FIGURES: Final = np.array([_WEIGHTS, _powers(0, 5), _powers(6, 9), _powers(10, 13)], np.float32).T.copy()
_ZEROS: Final = (int(_ZERO) * _FIGURES.sum(axis=0)).astype(np.int32)  # what the code points of the digits add


def _days() -> Bytes:
    """MMDD → 0 no day, 1 a day of every year, 2 a day of leap years."""
    days = np.zeros(10000, np.uint8)
    numbers = np.arange(10000, dtype=np.int32)
    days[possible(20000000 + numbers)] = 2
    days[possible(19990000 + numbers)] = 1
    return days


def _years() -> Bytes:
    """CCYY → 0 no year of birth, 1 a common year, 2 a leap year."""
    leap = possible(np.arange(10000, dtype=np.int32) * 10000 + 229)
    years = leap.astype(np.uint8) + np.uint8(1)
    years[:_FIRST_YEAR] = years[_LAST_YEAR + 1 :] = 0
    return years


def _right_sums() -> Mask:
    """Weighted sum → whether the check character that is in it is right."""
    return np.equal(np.arange(10 * sum(_WEIGHTS) + 2) % 11, 1)


def _regions(provinces: tuple[int, ...]) -> Mask:
    """Six digits → whether they begin with one of `provinces`."""
    return np.repeat(np.isin(np.arange(100), provinces), 10000)


_DAYS: Final = _days()
_YEARS: Final = _years()
_RIGHT: Final = _right_sums()
_USUAL: Final = _regions((*_PROVINCES, *_OUTSIDE))
_BEYOND: Final = _regions(_OUTSIDE)


@lru_cache(maxsize=4)
def _known_regions(history: History | None) -> Mask:
    return _USUAL if history is None else history.ever | _BEYOND


@dataclass(frozen=True)
class _Numbers:
    """What the digits of a block of numbers say; of rows that are not 17 digits and a digit or X nothing follows."""

    sums: Numbers
    divisions: Numbers
    years: Numbers
    days: Numbers

    @classmethod
    def of(cls, rows: Bytes) -> _Numbers:
        """Read a block of 18-byte rows."""
        figures = products(rows, _FIGURES) - _ZEROS
        figures[:, 0] -= _X_FOR_TEN * (rows[:, 17] == _X)
        return cls(*figures.T)

    @property
    def right(self) -> Mask:
        """Whether the check character is right (ISO 7064 MOD 11-2)."""
        return _RIGHT.take(self.sums, mode="clip")

    @property
    def possible(self) -> Mask:
        """Whether the birth date is a day of the calendar in the years 1800 to 2199."""
        days = _DAYS.take(self.days, mode="clip") - np.uint8(1)  # no day: 255, later than any year allows
        return days < _YEARS.take(self.years, mode="clip")

    @property
    def births(self) -> Numbers:
        """Birth dates as CCYYMMDD."""
        return self.years * 10000 + self.days

    def plausible(self, as_of: date | None) -> Mask:
        """Whether the birth date is neither before 1900 nor over 130 years before `as_of` nor after it."""
        oldest, latest = 19000101, 21991231
        if as_of is not None:
            latest = day_numbers(as_of)
            oldest = max(oldest, latest - _OLDEST * 10000)
        return (self.births >= oldest) & (self.births <= latest)

    def located(self, history: History | None) -> Mask:
        """Whether the first six digits were ever a division; without a history, whether the first two are a province."""
        return _known_regions(history).take(self.divisions, mode="clip")


def stands(raw: pa.StringArray, options: Options) -> Mask:
    """Rows that are a right and plausible number as they are written: nothing is to be changed or said."""
    return rows_that(raw, 18, lambda rows: _faultless(rows, options))


def plain(raw: pa.StringArray) -> Mask:
    """Rows already written as 18 characters."""
    return rows_that(raw, 18, _well_formed)


def judge(texts: pa.StringArray, options: Options) -> Column:
    """Tidied, upper-case texts to numbers of 18 characters; a 15-digit number of before 1999 is upgraded."""
    column, whole = Column.of(texts), plain(texts)
    column.put(whole, _judge_whole(texts.filter(pa.array(whole)), options))
    column.put(~whole, _judge_odd(texts.filter(pa.array(~whole)), options))
    return column


def is_citizen_id(texts: pa.StringArray) -> Mask:
    """Rows that are a number of 18 characters with a right check character and a possible birth date."""
    return rows_that(texts, 18, _certain)


def sex_of(values: pa.StringArray) -> pa.StringArray:
    """Sex by the 17th digit (odd: male) as GB/T 2261.1 codes `1` and `2`, one per value.

    Null where the value is not a number of 18 characters with a right check character and a possible birth date.
    """
    certain = is_citizen_id(values)
    codes = np.zeros(len(values), np.int8)
    codes[certain] = 1 - matrix(values.filter(pa.array(certain)), 18)[:, 16] % 2
    return pa.array(["1", "2"]).take(pa.array(codes, mask=~certain))


def birth_of(values: pa.StringArray) -> pa.Date32Array:
    """Birth date inside each number as date32; null under the same conditions as `sex_of`."""
    certain = is_citizen_id(values)
    births = np.zeros(len(values), np.int32)
    births[certain] = _Numbers.of(matrix(values.filter(pa.array(certain)), 18)).births
    return dates_of(births, certain)


def _well_formed(rows: Bytes) -> Mask:
    odd = (rows - _ZERO) > 9
    odd[:, 17] &= rows[:, 17] != _X
    return unmarked(odd)


def _certain(rows: Bytes) -> Mask:
    numbers = _Numbers.of(rows)
    return _well_formed(rows) & numbers.right & numbers.possible


def _faultless(rows: Bytes, options: Options) -> Mask:
    numbers = _Numbers.of(rows)
    fits = _well_formed(rows) & numbers.right & numbers.possible
    return fits & numbers.plausible(options.as_of) & numbers.located(options.history)


def _judge_whole(texts: pa.StringArray, options: Options) -> Column:
    column, numbers = Column.of(texts), _Numbers.of(matrix(texts, 18))
    wrong, impossible = ~numbers.right, ~numbers.possible
    column.flag(wrong, "id_checksum")
    column.flag(impossible, "id_birth_date")
    if wrong.any():
        column.flag(wrong & ~impossible & matches(texts, _ROUNDED), "excel_mangled")
    column.flag(~numbers.located(options.history), "id_region_unknown")
    column.flag(~numbers.plausible(options.as_of) & ~impossible, "id_birth_implausible")
    return column


def _judge_odd(texts: pa.StringArray, options: Options) -> Column:
    column, legacy = Column.of(texts), matches(texts, _LEGACY)
    sizes = np.asarray(pc.utf8_length(texts).to_numpy(zero_copy_only=False))
    right = (sizes == 18) | (sizes == 15)
    column.flag(right, "id_charset")
    column.flag(~right, "id_length")
    column.flag(excel_mangled(texts), "excel_mangled")
    column.put(legacy, _judge_legacy(texts.filter(pa.array(legacy)), options))
    return column


def _judge_legacy(texts: pa.StringArray, options: Options) -> Column:
    column = _judge_whole(_upgraded(matrix(texts, 15)), options)
    column.changed[:] = True
    column.flag(np.ones(len(texts), np.bool_), "id_15_digits")
    return column


def _upgraded(rows: Bytes) -> pa.StringArray:
    century = np.broadcast_to(np.frombuffer(b"19", np.uint8), (len(rows), 2))
    blank = np.broadcast_to(_ZERO, (len(rows), 1))
    whole = np.hstack([rows[:, :6], century, rows[:, 6:], blank])
    whole[:, 17] = _CHECK_CHARACTERS[_Numbers.of(whole).sums % 11]
    return texts_of(whole)
