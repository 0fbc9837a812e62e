"""Dates as departments write them, to Arrow dates.

The usual layouts are read in bulk; odd ones once per different text. What belongs here: layouts and sentinels.
A missing day is never guessed, two-digit years and spreadsheet serials are refused: all three have more than one reading.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.calendar import DayNumbers, dates_of, day_numbers, possible
from shuyuan.standards.cells import matches
from shuyuan.standards.column import Column
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import Bytes, Mask, all_digits, decimal_number, lengths, matrix

_COMPACT, _SEPARATED, _ODD_LAYOUT = np.uint8(1), np.uint8(2), np.uint8(0)
_DAYS: Final = ((_COMPACT, 8, (0, 1, 2, 3, 4, 5, 6, 7)), (_SEPARATED, 10, (0, 1, 2, 3, 5, 6, 8, 9)))
_MARKS: Final = np.frombuffer(b"-/.", np.uint8)
_SEPARATED_TIMED: Final = r"^\d{4}(-\d{2}-|/\d{2}/|\.\d{2}\.)\d{2}[ T]\d{1,2}[:;]\d{2}([:;]\d{2}(\.\d{1,9})?)?$"
_COMPACT_TIMED: Final = r"^\d{8}([01]\d|2[0-4])[0-5]\d([0-5]\d(\.?\d{1,9})?)?$"
_ODD: Final = re.compile(
    r"(?P<y>\d{4})(?:(?P<mark>[-/.])|年)(?P<m>\d{1,2})(?(mark)(?P=mark)|月)(?P<d>\d{1,2})(?(mark)|日?)"
    r"[ T]*(?P<half>上午|下午|AM|PM)?\s*(?:(?P<H>\d{1,2})[:;时](?P<M>\d{1,2})(?:[:;分](?P<S>\d{1,2})(?:\.\d+)?秒?)?分?)?"
    r"\s*(?P<half2>AM|PM)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE | re.ASCII,
)
_LONG_TERM: Final = re.compile(r"长期|永久|无.{0,4}期限|无期|至今")
_CHINA: Final = timezone(timedelta(hours=8))
_UNREAD: Final = -1
_SENTINELS: Final = np.array(
    [0, 10101, 18991230, 18991231, 19000101, 20991231, 29991231, 30001231, 99990909, 99991231], np.int32
)
_FIRST_PLAUSIBLE, _LAST_PLAUSIBLE = 19000101, 21001231


def plain(raw: pa.StringArray) -> Mask:
    """Rows in a layout that is read in bulk."""
    usual: Mask = _layouts(raw) != _ODD_LAYOUT
    return usual


def judge(texts: pa.StringArray, options: Options) -> Column:
    """Tidied texts to date32; sentinels and impossible days are null with their verdict."""
    days = _read(texts)
    valid, sentinel = possible(days), np.isin(days, _SENTINELS) | (days // 10000 == 9999)
    column = Column.of(dates_of(days, valid & ~sentinel), ~_written_as_iso(texts))
    column.flag((days < _FIRST_PLAUSIBLE) | (days > _LAST_PLAUSIBLE), "date_implausible")
    if options.as_of is not None:
        column.flag(days > day_numbers(options.as_of), "date_future")
    column.flag(~valid & ~sentinel, "date_unparsable")
    column.flag(sentinel, "date_sentinel")
    return column


def _written_as_iso(texts: pa.StringArray) -> Mask:
    rows: Mask = lengths(texts) == 10
    heads = _heads(texts, rows, 10)
    rows[rows] = (heads[:, 4] == ord("-")) & (heads[:, 7] == ord("-"))
    return rows


def _layouts(texts: pa.StringArray) -> Bytes:
    """For each row the layout of its day: compact, separated or odd. Whole days are seen by bytes, times by pattern."""
    layouts, sizes = np.full(len(texts), _ODD_LAYOUT, np.uint8), lengths(texts)
    for layout, width, places in _DAYS:
        rows = sizes == width
        digits, marks = _split(_heads(texts, rows, width), places)
        layouts[rows] = np.where(all_digits(digits) & _one_mark(marks), layout, _ODD_LAYOUT)
    timed = sizes > 10
    if timed.any():
        chosen = texts.filter(pa.array(timed))
        compact = np.where(matches(chosen, _COMPACT_TIMED), _COMPACT, _ODD_LAYOUT)
        layouts[timed] = np.where(matches(chosen, _SEPARATED_TIMED), _SEPARATED, compact)
    return layouts


def _read(texts: pa.StringArray) -> DayNumbers:
    days, layouts = np.full(len(texts), _UNREAD, np.int32), _layouts(texts)
    for layout, width, places in _DAYS:
        rows = layouts == layout
        days[rows] = decimal_number(_split(_heads(texts, rows, width), places)[0])
    odd = layouts == _ODD_LAYOUT
    if odd.any():
        days[odd] = _each(texts.filter(pa.array(odd)))
    return days


def _heads(texts: pa.StringArray, rows: Mask, width: int) -> Bytes:
    """The first `width` bytes of the chosen rows."""
    chosen = texts if len(rows) and rows.all() else texts.filter(pa.array(rows))
    sizes = lengths(chosen)
    return matrix(chosen if (sizes == width).all() else pc.utf8_slice_codeunits(chosen, 0, width), width)


def _split(heads: Bytes, places: tuple[int, ...]) -> tuple[Bytes, Bytes]:
    """The digits of the day, and what stands between them."""
    others = [place for place in range(heads.shape[1]) if place not in places]
    return heads[:, places], heads[:, others]


def _one_mark(marks: Bytes) -> Mask:
    ok = np.ones(len(marks), np.bool_)
    if marks.shape[1]:
        ok = np.isin(marks[:, 0], _MARKS) & (marks[:, 0] == marks[:, 1])
    return ok


def _each(texts: pa.StringArray) -> DayNumbers:
    encoded = texts.dictionary_encode()
    known = np.array([_read_odd(text) for text in encoded.dictionary.to_pylist()], np.int32)
    days: DayNumbers = known[encoded.indices.to_numpy()]
    return days


def _read_odd(text: str) -> int:
    if _LONG_TERM.search(text):
        return 99991231
    found = _ODD.fullmatch(text)
    if found is None:
        return _UNREAD
    day = int(found["y"]) * 10000 + int(found["m"]) * 100 + int(found["d"])
    return _in_china(day, found) if found["zone"] and found["H"] else day


def _in_china(day: int, found: re.Match[str]) -> int:
    """An instant of another zone belongs to the day it was in China (GB/T 7408)."""
    zone = "+0000" if found["zone"] in "Zz" else found["zone"].replace(":", "")
    try:
        instant = datetime.strptime(f"{day:08d} {found['H']}:{found['M']} {zone}", "%Y%m%d %H:%M %z")
        return day_numbers(instant.astimezone(_CHINA).date())
    except (ValueError, OverflowError):
        return _UNREAD
