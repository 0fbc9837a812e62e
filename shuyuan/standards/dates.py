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
from shuyuan.standards.column import Column, Mask, byte_rows, decimal_number
from shuyuan.standards.options import Options

_ISO: Final = r"^\d{4}-\d{2}-\d{2}$"
_SEPARATED: Final = r"^\d{4}[-/.]\d{2}[-/.]\d{2}([ T]\d{1,2}[:;]\d{2}([:;]\d{2}(\.\d{1,9})?)?)?$"
_COMPACT: Final = r"^\d{8}(([01]\d|2[0-4])[0-5]\d([0-5]\d(\.?\d{1,9})?)?)?$"
_ODD: Final = re.compile(
    r"(?P<y>\d{4})(?P<s>[-/.年])(?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
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
    return matches(raw, _SEPARATED) | matches(raw, _COMPACT)


def judge(texts: pa.StringArray, options: Options) -> Column:
    """Tidied texts to date32; sentinels and impossible days are null with their verdict."""
    days = _read(texts)
    valid, sentinel = possible(days), np.isin(days, _SENTINELS) | (days // 10000 == 9999)
    column = Column.of(dates_of(days, valid & ~sentinel), ~matches(texts, _ISO))
    column.flag((days < _FIRST_PLAUSIBLE) | (days > _LAST_PLAUSIBLE), "date_implausible")
    if options.as_of is not None:
        column.flag(days > day_numbers(options.as_of), "date_future")
    column.flag(~valid & ~sentinel, "date_unparsable")
    column.flag(sentinel, "date_sentinel")
    return column


def _read(texts: pa.StringArray) -> DayNumbers:
    days = np.full(len(texts), _UNREAD, np.int32)
    separated, compact = matches(texts, _SEPARATED), matches(texts, _COMPACT)
    days[separated] = _bulk(texts, separated, 10, (0, 1, 2, 3, 5, 6, 8, 9))
    days[compact] = _bulk(texts, compact, 8, (0, 1, 2, 3, 4, 5, 6, 7))
    odd = ~(separated | compact)
    if odd.any():
        days[odd] = _each(texts.filter(pa.array(odd)))
    return days


def _bulk(texts: pa.StringArray, rows: Mask, width: int, digits: tuple[int, ...]) -> DayNumbers:
    chosen = texts if rows.all() else texts.filter(pa.array(rows))
    heads = pc.utf8_slice_codeunits(chosen, 0, width)
    return decimal_number(byte_rows(heads, width)[:, digits])


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
