"""Dates as departments write them, to Arrow dates.

The usual layouts are read in bulk from their bytes, all others once per different text (`date_words`). What belongs here: the bulk path
and what a day means to a register: sentinels, plausibility, the future.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards import date_words
from shuyuan.standards.calendar import DayNumbers, dates_of, day_numbers, possible
from shuyuan.standards.cells import matches
from shuyuan.standards.column import Column, Ranks, mask_of
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import Mask
from shuyuan.standards.reasons import REASONS
from shuyuan.standards.words import Places, Rows, Words, are_digits, pairs

UNKNOWN: Final = (0, 10101, 18991230, 18991231, 19000101)
"""Days CCYYMMDD that stand for "not known": zeros, and where the day counts of spreadsheets and databases begin."""
LONG_TERM: Final = (20991231, 29991231, 30001231)
"""Days that stand for 长期, as does every day of the year 9999."""

_FIRST_PLAUSIBLE, _LAST_PLAUSIBLE = 19000101, 21001231
_MARKS: Final = tuple(np.uint64((mark << 56) | (mark << 32)) for mark in b"-/.")
_MARK_BYTES: Final = np.uint64(0xFF0000FF00000000)
_YEAR: Final = np.uint64(0x00000000FFFFFFFF)
_MONTH: Final = np.uint64(0x0000FFFF00000000)
_DAY: Final = np.uint64(0xFFFF000000000000)
_TIMED: Final = r"^(\d{4}(-\d{2}-|/\d{2}/|\.\d{2}\.)\d{2}[ T]\d{1,2}[:;]\d{2}([:;]\d{2}(\.\d{1,9})?)?|\d{8}([01]\d|2[0-4])[0-5]\d([0-5]\d(\.?\d{1,9})?)?)$"
_CLOCK_AT_END: Final = r"[ T]+\d{1,2}[:;]\d{1,2}([:;]\d{1,2}(\.\d{1,9})?)?$"
_FIRST_REFUSAL: Final = min(reason.severity_rank for reason in REASONS.values() if not reason.usable)
_BLOCK: Final = 1 << 14  # rows
_MONTHS: Final = 3000 * 100  # months CCYYMM that the tables know
_NO_DAY: Final = np.iinfo(np.int32).max


def swift(raw: pa.StringArray, options: Options) -> tuple[Column, Mask]:
    """The plain dates of a column in the usual layouts, nulls and empty texts; and the rows that are left to `judge`."""
    rows = Rows.of(raw)
    read, iso = _read_usual(rows, _usual(raw, rows))
    left: Mask = (read == _NO_DAY) & (rows.lengths > 0)
    values = pa.array(read, pa.int32(), mask=read == _NO_DAY).view(pa.date32())
    column = Column(values, _future(read, options), ~iso & (read != _NO_DAY))
    return column, left


def judge(texts: pa.StringArray, options: Options) -> Column:
    """Tidied texts to date32; sentinels and impossible days are null with their verdict."""
    bare = pc.replace_substring_regex(texts, _CLOCK_AT_END, "")
    encoded = bare.dictionary_encode()
    known = [date_words.read(text) for text in encoded.dictionary.to_pylist()]
    at = encoded.indices.to_numpy(zero_copy_only=False)
    column = _judged(np.array([day for day, _ in known], np.int32)[at], options)
    for reason in {reason for _, reason in known if reason}:
        column.flag(np.array([said == reason for _, said in known], np.bool_)[at], reason)
    column.flag((column.ranks < _FIRST_REFUSAL) & mask_of(column.values.is_null()), "date_unparsable")
    column.changed = ~mask_of(pc.equal(column.values.cast(pa.string()), texts))
    return column


def _judged(days: DayNumbers, options: Options) -> Column:
    valid = possible(days)
    long_term = np.isin(days, LONG_TERM) | (days // 10000 == 9999)
    unknown = np.isin(days, UNKNOWN)
    column = Column.of(dates_of(days, valid & ~long_term & ~unknown))
    column.flag((days < _FIRST_PLAUSIBLE) | (days > _LAST_PLAUSIBLE), "date_implausible")
    if options.as_of is not None:
        column.flag(days > day_numbers(options.as_of), "date_future")
    column.flag(unknown, "date_sentinel")
    column.flag(long_term, "date_long_term")
    return column


def _future(days: npt.NDArray[np.int32], options: Options) -> Ranks:
    if options.as_of is None:
        return np.zeros(len(days), np.uint8)
    late = (days > (options.as_of - date(1970, 1, 1)).days) & (days != _NO_DAY)
    ranks: Ranks = late.astype(np.uint8) * np.uint8(REASONS["date_future"].severity_rank)
    return ranks


def _usual(texts: pa.StringArray, rows: Rows) -> Mask:
    """Rows that begin with a day in eight or ten bytes and hold nothing else, or a time of day."""
    usual: Mask = (rows.lengths == 8) | (rows.lengths == 10)
    timed = rows.lengths > 10
    if timed.any():
        timed[timed] = matches(texts.filter(pa.array(timed)), _TIMED)
    return usual | timed


def _read_usual(rows: Rows, usual: Mask) -> tuple[npt.NDArray[np.int32], Mask]:
    """Days since 1970 of the `usual` rows, `_NO_DAY` for all others; and which rows are written as ISO days."""
    read = np.full(len(usual), _NO_DAY, np.int32)
    iso = np.zeros(len(usual), np.bool_)
    for start in range(0, len(usual), _BLOCK):
        part = slice(start, start + _BLOCK)
        at = np.flatnonzero(usual[part]) + start
        if len(at):
            read[at], dashed = _read_block(rows, at)
            iso[at] = dashed & (rows.lengths[at] == 10)
    return read, iso


def _read_block(rows: Rows, at: Places) -> tuple[npt.NDArray[np.int32], Mask]:
    starts = rows.starts[at]
    heads = rows.word(starts)
    marks = heads & _MARK_BYTES
    dashed, slashed, dotted = (marks == mark for mark in _MARKS)
    separated: Mask = dashed | slashed | dotted
    digits = np.where(separated, _closed_up(heads, rows.word(starts + 2)), heads)
    return _since_1970(digits), dashed


def _closed_up(heads: Words, tails: Words) -> Words:
    """`CCYY-MM-` and `YY-MM-DD` as CCYYMMDD."""
    closed: Words = (heads & _YEAR) | ((heads >> np.uint64(8)) & _MONTH) | (tails & _DAY)
    return closed


def _since_1970(digits: Words) -> npt.NDArray[np.int32]:
    twos = pairs(digits)
    months, days = twos & np.uint64(0xFFFF), (twos >> np.uint64(48)).astype(np.int32)
    for shift in (16, 32):
        months = months * np.uint64(100) + ((twos >> np.uint64(shift)) & np.uint64(0xFFFF))
    known, lengths = _calendar()
    index = np.where(are_digits(digits) & (months < _MONTHS), months, 0).astype(np.int64)
    plain = (days >= 1) & (days <= lengths[index])
    return np.where(plain, known[index] + days, np.int32(_NO_DAY))


@cache
def _calendar() -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """For each month CCYYMM: the day before its first, since 1970; and its days, none where a sentinel or implausible day lies in it."""
    before, lengths = np.zeros(_MONTHS, np.int32), np.zeros(_MONTHS, np.int32)
    for year in range(_FIRST_PLAUSIBLE // 10000, _LAST_PLAUSIBLE // 10000 + 1):
        for month in range(1, 13):
            first = date(year, month, 1)
            following = date(year + month // 12, month % 12 + 1, 1)
            before[year * 100 + month] = (first - date(1970, 1, 1)).days - 1
            lengths[year * 100 + month] = (following - first).days
    lengths[[day // 100 for day in (*UNKNOWN, *LONG_TERM) if day // 100 < _MONTHS]] = 0
    return before, lengths
