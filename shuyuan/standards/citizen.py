"""公民身份号码, GB 11643-1999: 6 division + 8 birth date + 3 sequence + 1 check character (ISO 7064 MOD 11-2).

Numbers of residents from Hong Kong, Macao and Taiwan (81/82/83) and of foreigners (9) have the same form and are valid.
What belongs here: the number itself. Whether it agrees with a sex or birth-date item is a cross-check, not a verdict.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.calendar import day_numbers, possible
from shuyuan.standards.cells import excel_mangled, matches
from shuyuan.standards.column import Column
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import (
    Bytes,
    Mask,
    Numbers,
    all_digits,
    decimal_number,
    lengths,
    matrix,
    texts_of,
    weighted_sums,
)

_LEGACY: Final = r"^\d{15}$"
# An 18-digit number typed into a spreadsheet keeps 15 digits; the last three become zeros.
_ROUNDED: Final = r"^\d{15}000$"
_WEIGHTS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1], np.float32)
_CHECK_CHARACTERS: Final = np.frombuffer(b"10X98765432", np.uint8)
_ZEROS: Final = int(48 * _WEIGHTS.sum())  # what the code points of the digits add to a sum of values
_X_FOR_TEN: Final = ord("X") - ord("0") - 10
_PROVINCES: Final = np.zeros(100, np.bool_)
_PROVINCES[[11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46]] = True
_PROVINCES[[50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83, *range(90, 100)]] = True
_FIRST_YEAR, _LAST_YEAR = 1800, 2199
_OLDEST: Final = 130
_X: Final = np.uint8(ord("X"))


def plain(raw: pa.StringArray) -> Mask:
    """Rows already written as 18 characters."""
    found: Mask = lengths(raw) == 18
    rows = matrix(raw if found.all() else raw.filter(pa.array(found)), 18)
    last = rows[:, 17]
    found[found] = (
        all_digits(rows[:, :8]) & all_digits(rows[:, 8:16]) & _digit(rows[:, 16]) & (_digit(last) | (last == _X))
    )
    return found


def judge(texts: pa.StringArray, options: Options) -> Column:
    """Tidied, upper-case texts to numbers of 18 characters; a 15-digit number of before 1999 is upgraded."""
    column = Column.of(texts)
    whole, legacy = plain(texts), matches(texts, _LEGACY)
    if whole.all():
        return _judge_whole(texts, options)
    column.put(whole, _judge_whole(texts.filter(pa.array(whole)), options))
    column.put(legacy, _judge_legacy(texts.filter(pa.array(legacy)), options))
    _flag_form(column, texts, ~(whole | legacy))
    return column


def check_ok(rows: Bytes) -> Mask:
    """Whether the check character of each 18-byte row is right."""
    sums = weighted_sums(rows, _WEIGHTS) - _ZEROS - _X_FOR_TEN * (rows[:, 17] == _X)
    ok: Mask = sums % 11 == 1
    return ok


def is_citizen_id(texts: pa.StringArray) -> Mask:
    """Rows that are a number of 18 characters with a right check character and a possible birth date."""
    found = plain(texts)
    rows = matrix(texts.filter(pa.array(found)), 18)
    found[found] = check_ok(rows) & _birth_possible(_births(rows))
    return found


def _digit(column: Bytes) -> Mask:
    ok: Mask = column - np.uint8(48) < 10
    return ok


def _judge_whole(texts: pa.StringArray, options: Options) -> Column:
    column, rows = Column.of(texts), matrix(texts, 18)
    wrong, births = ~check_ok(rows), _births(rows)
    impossible = ~_birth_possible(births)
    column.flag(wrong, "id_checksum")
    column.flag(impossible, "id_birth_date")
    if wrong.any():
        column.flag(wrong & ~impossible & matches(texts, _ROUNDED), "excel_mangled")
    column.flag(~_PROVINCES[decimal_number(rows[:, :2])], "id_region_unknown")
    column.flag(_birth_implausible(births, options.as_of) & ~impossible, "id_birth_implausible")
    return column


def _judge_legacy(texts: pa.StringArray, options: Options) -> Column:
    column = _judge_whole(_upgraded(matrix(texts, 15)), options)
    column.changed[:] = True
    column.flag(np.ones(len(texts), np.bool_), "id_15_digits")
    return column


def _upgraded(rows: Bytes) -> pa.StringArray:
    century = np.broadcast_to(np.frombuffer(b"19", np.uint8), (len(rows), 2))
    body = np.hstack([rows[:, :6], century, rows[:, 6:]])
    remainders = (weighted_sums(body, _WEIGHTS[:17]) - _ZEROS + 48) % 11
    return texts_of(np.hstack([body, _CHECK_CHARACTERS[remainders][:, None]]))


def _births(rows: Bytes) -> Numbers:
    return decimal_number(rows[:, 6:14])


def _birth_possible(births: Numbers) -> Mask:
    years = births // 10000
    return possible(births) & (years >= _FIRST_YEAR) & (years <= _LAST_YEAR)


def _birth_implausible(births: Numbers, as_of: date | None) -> Mask:
    oldest, latest = 19000101, 21991231
    if as_of is not None:
        latest = day_numbers(as_of)
        oldest = max(oldest, latest - _OLDEST * 10000)
    return (births < oldest) | (births > latest)


def _flag_form(column: Column, texts: pa.StringArray, rows: Mask) -> None:
    lengths = np.asarray(pc.utf8_length(texts).to_numpy(zero_copy_only=False))
    right = (lengths == 18) | (lengths == 15)
    column.flag(rows & right, "id_charset")
    column.flag(rows & ~right, "id_length")
    column.flag(rows & excel_mangled(texts), "excel_mangled")
