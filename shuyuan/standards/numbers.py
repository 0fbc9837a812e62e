"""Whole numbers and coordinates, from text to int64 and degrees.

What belongs here: numbers without a unit. Money is in `amounts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.cells import matches, matches_after
from shuyuan.standards.column import Column, mask_of
from shuyuan.standards.options import Options

_INTEGER: Final = r"^-?\d{1,18}$"
_LEADING_ZERO: Final = r"^-?0\d|^-0+$"
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.0*)?")
_BIGGEST: Final = Decimal(2**63 - 1)
_DEGREES: Final = r"^-?\d{1,9}(\.\d{1,17})?$"
_SEXAGESIMAL: Final = re.compile(
    r"[EN]?(?P<d>\d{1,3})[°度](?:(?P<m>\d{1,2}(?:\.\d+)?)['′’分])?(?:(?P<s>\d{1,2}(?:\.\d+)?)(?:[\"″”秒]|′′|''))?[EN]?",
    re.IGNORECASE | re.ASCII,
)
_MARKED_DEGREES: Final = re.compile(r"[EN东经北纬]*(?P<d>\d{1,3}(?:\.\d+)?)[°度]?[EN]?", re.IGNORECASE | re.ASCII)
_SPANS: Final = ((3.0, 54.0), (73.0, 136.0))  # latitude, longitude


def judge_integer(texts: pa.StringArray, options: Options) -> Column:
    """Tidied texts to int64; `12.0`, `1,200` and `1.2E3` are whole numbers, `1.5` is not."""
    column = _read(texts, _INTEGER, pa.int64(), _whole)
    column.changed = ~matches(texts, _INTEGER) | matches_after(texts, b"-0", _LEADING_ZERO)
    column.flag(mask_of(column.values.is_null()), "integer_unparsable")
    return column


def judge_coordinate(texts: pa.StringArray, options: Options) -> Column:
    """Tidied texts to degrees (float64): decimal, or degrees, minutes and seconds. Nothing is reprojected.

    One column does not say whether it is longitude or latitude, so both ranges of China pass.
    """
    column = _read(texts, _DEGREES, pa.float64(), _degrees)
    column.changed = ~matches(texts, _DEGREES)
    column.flag(mask_of(column.values.is_null()), "coordinate_unparsable")
    column.flag(~mask_of(_in_china(column.values)) & mask_of(column.values.is_valid()), "coordinate_out_of_range")
    return column


def _read(
    texts: pa.StringArray, form: str, arrow_type: pa.DataType, odd: Callable[[str], int | float | None]
) -> Column:
    bulk = matches(texts, form)
    column = Column.empty(len(texts), arrow_type)
    column.put(bulk, Column.of(texts.filter(pa.array(bulk)).cast(arrow_type)))
    if not bulk.all():
        encoded = texts.filter(pa.array(~bulk)).dictionary_encode()
        known = pa.array([odd(text) for text in encoded.dictionary.to_pylist()], arrow_type)
        column.put(~bulk, Column.of(known.take(encoded.indices)))
    return column


def _in_china(degrees: pa.Array) -> pa.Array:
    spans = [pc.and_(pc.greater_equal(degrees, low), pc.less_equal(degrees, high)) for low, high in _SPANS]
    return pc.or_(*spans)


def _whole(text: str) -> int | None:
    try:
        number = Decimal(text.replace(",", "") if _GROUPED.fullmatch(text) else text)
        whole = abs(number) <= _BIGGEST and number == number.to_integral_value()
    except ArithmeticError:  # not a number, or one that no decimal holds (a credit code with an E among its digits)
        return None
    return int(number) if whole else None


def _degrees(text: str) -> float | None:
    found = _SEXAGESIMAL.fullmatch(text)
    if found and found["m"]:
        minutes, seconds = float(found["m"]), float(found["s"] or 0)
        return float(found["d"]) + minutes / 60 + seconds / 3600 if minutes < 60 and seconds < 60 else None
    marked = _MARKED_DEGREES.fullmatch(text)
    return float(marked["d"]) if marked else None
