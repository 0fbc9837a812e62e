"""Amounts of money, from text to exact decimals in yuan.

Plain numbers are cast in bulk; marked ones (万元, ￥, thousands separators, 1e5) once per different text.
What belongs here: how numbers are written. Money is decimal all the way, never binary floating point.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.cells import matches, matches_after
from shuyuan.standards.column import Column, mask_of
from shuyuan.standards.options import Options

AMOUNT: Final = pa.decimal128(20, 6)
UNITS: Final = {
    "分": Decimal("0.01"),
    "角": Decimal("0.1"),
    "元": Decimal(1),
    "百元": Decimal(100),
    "千元": Decimal(1000),
    "万元": Decimal(10**4),
    "十万元": Decimal(10**5),
    "百万元": Decimal(10**6),
    "千万元": Decimal(10**7),
    "亿元": Decimal(10**8),
    "万亿元": Decimal(10**12),
}
"""What a unit is worth in yuan; `unit:` of an item is one of these."""

_LEADING_ZERO: Final = r"^-?0\d|^-[0.]+$"
_GROUPED: Final = r"^¥?-?\d{1,3}(,\d{3})+(\.\d+)?$"
_NUMBER: Final = r"[+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:E[+-]?\d{1,3})?"
_MARKED: Final = re.compile(
    rf"(?:人民币|RMB|CNY|CN¥|¥)?(?P<number>{_NUMBER})(?P<times>万亿|亿|千万|百万|十万|万|千|百)?"
    r"(?P<yuan>元|圆|块|角|分)?(?:整|正)?(?:人民币|RMB|CNY)?",
    re.IGNORECASE | re.ASCII,
)
_FOREIGN: Final = re.compile(
    r"美元|美金|港元|港币|港幣|澳门元|澳元|欧元|英镑|日元|日圆|韩元|加元|新台币|台币|瑞士法郎|卢布|"
    r"USD|US\$|HKD|HK\$|EUR|GBP|JPY|KRW|AUD|CAD|CHF|SGD|TWD|MOP|RUB|[$€£₩]",
    re.IGNORECASE,
)
_BRACKETED: Final = re.compile(r"(?<=\d)\(([^()\d]+)\)$")  # a unit set apart: 5(万元)
_QUANTUM: Final = Decimal("0.000001")
_LIMIT: Final = Decimal(10**14)


_BULK: Final = pa.decimal128(22, 8)
_Read = tuple[Decimal | None, str | None]


def judge_amount(texts: pa.StringArray, options: Options) -> Column:
    """Tidied texts to decimal128(20,6) yuan; more than six decimals are rounded half up."""
    factor = factor_of(options.unit)
    column = Column.empty(len(texts), AMOUNT)
    bulk = matches(texts, _bulk_form(factor))
    column.put(bulk, _cast(texts.filter(pa.array(bulk)), factor))
    if not bulk.all():
        column.put(~bulk, _marked(texts.filter(pa.array(~bulk)), factor))
    column.flag(mask_of(pc.less(column.values, pa.scalar(Decimal(0), AMOUNT))), "amount_negative")
    return column


def factor_of(unit: str | None) -> Decimal:
    """What an unmarked number of this unit is worth in yuan; 元 when none is declared.

    Raises ValueError for a unit that is not in `UNITS`.
    """
    name = unit or "元"
    found = UNITS.get(name) or UNITS.get(name + "元")
    if found is None:
        raise ValueError(f"unit {unit!r} of an amount is not known; write one of {', '.join(UNITS)}")
    return found


def _bulk_form(factor: Decimal) -> str:
    """Numbers whose product with the factor is exact and fits: everything else is read one by one."""
    places = factor.adjusted()
    if places < 0:
        return "$^"
    return rf"^-?\d{{1,{14 - places}}}(\.\d{{1,{min(6 + places, 8)}}})?$"


def _marked(texts: pa.StringArray, factor: Decimal) -> Column:
    """Grouped numbers lose their separators and are cast; the rest is read one by one."""
    grouped = matches(texts, _GROUPED)
    bare = pc.replace_substring_regex(texts.filter(pa.array(grouped)), "[,¥]", "")
    fits = matches(bare, _bulk_form(factor))
    grouped[grouped] = fits
    column = Column.empty(len(texts), AMOUNT)
    column.put(grouped, _cast(bare.filter(pa.array(fits)), factor))
    column.put(~grouped, _each(texts.filter(pa.array(~grouped)), factor))
    column.changed[:] = True
    return column


def _cast(texts: pa.StringArray, factor: Decimal) -> Column:
    if factor == 1:
        return Column.of(texts.cast(AMOUNT), matches_after(texts, b"-0", _LEADING_ZERO))
    product = pc.multiply(texts.cast(_BULK), pa.scalar(factor))
    return Column.of(product.cast(AMOUNT), np.ones(len(texts), np.bool_))


def _each(texts: pa.StringArray, factor: Decimal) -> Column:
    encoded = texts.dictionary_encode()
    read = [_read_amount(text, factor) for text in encoded.dictionary.to_pylist()]
    indices = encoded.indices.to_numpy()
    values = pa.array([value for value, _ in read], AMOUNT).take(encoded.indices)
    column = Column.of(values, np.ones(len(texts), np.bool_))
    for reason in {reason for _, reason in read if reason}:
        column.flag(np.array([said == reason for _, said in read], np.bool_)[indices], reason)
    return column


def _read_amount(text: str, factor: Decimal) -> _Read:
    if _FOREIGN.search(text):
        return None, "amount_foreign_currency"
    found = _MARKED.fullmatch(_BRACKETED.sub(r"\1", text))
    if found is None:
        return None, "amount_unparsable"
    yuan = Decimal(found["number"].replace(",", "")) * _worth(found, factor)
    if abs(yuan) >= _LIMIT - _QUANTUM:
        return None, "amount_out_of_range"
    return yuan.quantize(_QUANTUM, ROUND_HALF_UP), None


def _worth(found: re.Match[str], factor: Decimal) -> Decimal:
    if not found["times"] and not found["yuan"]:
        return factor
    coin = UNITS.get(found["yuan"] or "元", Decimal(1))
    return coin * UNITS.get(f"{found['times'] or ''}元", Decimal(1))
