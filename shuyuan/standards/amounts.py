"""Amounts of money, from text to exact decimals in yuan.

Plain numbers are read from their bytes, long and grouped ones are cast in bulk, all other forms are read once per different text
(`amount_words`). What belongs here: units and the bulk paths. Money is decimal all the way, never binary floating point.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards import amount_words
from shuyuan.standards.amount_words import currency_of
from shuyuan.standards.cells import matches, matches_after
from shuyuan.standards.column import Column, mask_of
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import Mask
from shuyuan.standards.words import Places, Rows, Words, are_digits, first_byte_at, number

__all__ = ["AMOUNT", "UNITS", "currency_of", "factor_of", "judge_amount", "swift"]

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
_BULK: Final = pa.decimal128(22, 8)
_BLOCK: Final = 1 << 14  # rows
_WIDEST: Final = 16  # characters that two words hold
_EXACT: Final = 18  # digits that a signed word holds
_POINT, _ZERO = np.uint8(ord(".")), np.uint8(ord("0"))
_ALL_ZEROS: Final = np.uint64(0x3030303030303030)
_POWERS: Final = np.array([10**power for power in range(_EXACT + 1)], np.int64)


def swift(raw: pa.StringArray, options: Options) -> tuple[Column, Mask]:
    """The plain positive numbers of a column, nulls and empty texts; and the rows that are left to `judge_amount`."""
    rows, exponent = Rows.of(raw), factor_of(options.unit).adjusted()
    micros, left = np.zeros((len(raw), 2), np.int64), rows.lengths > 0
    for start in range(0, len(raw), _BLOCK):
        at = np.flatnonzero(left[start : start + _BLOCK] & (rows.lengths[start : start + _BLOCK] <= _WIDEST)) + start
        if len(at):
            micros[at, 0], left[at] = _micro_yuan(rows, at, exponent)
    read = (rows.lengths > 0) & ~left
    validity = pa.py_buffer(np.packbits(read, bitorder="little"))
    values = pa.Array.from_buffers(AMOUNT, len(raw), [validity, pa.py_buffer(micros)])
    return Column.of(values, read if exponent else np.zeros(len(raw), np.bool_)), left


def _micro_yuan(rows: Rows, at: Places, exponent: int) -> tuple[npt.NDArray[np.int64], Mask]:
    """Rows of at most sixteen characters in millionths of a yuan, and which of them are no plain number after all."""
    lengths = rows.lengths[at]
    ends = rows.starts[at] + lengths
    low, high = rows.word_before(ends, lengths), rows.word_before(ends - 8, lengths - 8)
    low, high, decimals = _without_point(low, high)
    whole = lengths - decimals - (decimals > 0)
    shift = 6 - decimals + exponent
    plain = are_digits(low) & are_digits(high) & (whole >= 1) & (whole + decimals + shift <= _EXACT) & (shift >= 0)
    plain &= ~(_begins_with_zero(rows, at) & (whole > 1))
    digits = number(high) * np.uint64(10**8) + number(low)
    return digits.astype(np.int64) * _POWERS[np.clip(shift, 0, _EXACT)] * plain, ~plain


def _without_point(low: Words, high: Words) -> tuple[Words, Words, Places]:
    """Sixteen characters without the first point among the last eight, and how many digits stand behind it."""
    place = first_byte_at(low, _POINT)
    pointed = place < 8
    bits = (np.minimum(place, 7) * 8).astype(np.uint64)
    before = (np.uint64(1) << bits) - np.uint64(1)
    behind = ~(before | (np.uint64(0xFF) << bits))
    closed = (low & behind) | ((low & before) << np.uint64(8)) | (high >> np.uint64(56))
    moved = (high << np.uint64(8)) | np.uint64(_ZERO)
    decimals = np.where(pointed & (place < 7), 7 - place, 0)
    low = np.where(pointed & (place < 7), closed, low)  # a point at the very end stays, and is no digit
    return low, np.where(pointed & (place < 7), moved, high), decimals


def _begins_with_zero(rows: Rows, at: Places) -> Mask:
    zero: Mask = (rows.word(rows.starts[at]) & np.uint64(0xFF)) == _ZERO
    return zero


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
    read = [amount_words.read(text, factor) for text in encoded.dictionary.to_pylist()]
    indices = encoded.indices.to_numpy()
    values = pa.array([value for value, _ in read], AMOUNT).take(encoded.indices)
    column = Column.of(values, np.ones(len(texts), np.bool_))
    for reason in {reason for _, reason in read if reason}:
        column.flag(np.array([said == reason for _, said in read], np.bool_)[indices], reason)
    return column
