"""统一社会信用代码, GB 32100-2015: 2 registration + 6 division + 9 organisation code (GB 11714) + 1 check character.

The first eight characters may be letters (A… military, N… rural collectives, Y… others).
What belongs here: the code itself and what departments write in its place.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.cells import excel_mangled, matches
from shuyuan.standards.citizen import is_citizen_id
from shuyuan.standards.column import Column
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import Bytes, Mask, lengths, matrix, weighted_sums

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I O Z S V
_ORG_CODE: Final = r"^[0-9A-Z]{8}-?[0-9X]$"
_TAX_NUMBER: Final = r"^(\d{15}|\d{6}[0-9A-Z]{8}[0-9X])$"
_CROSSED_OUT: Final = r"X{4}"  # X is a letter of the alphabet; four in a row hide something
_WEIGHTS: Final = np.array([*(pow(3, place, 31) for place in range(17)), 1], np.float32)
_ORG_WEIGHTS: Final = np.array([3, 7, 9, 10, 5, 8, 4, 2], np.float32)


_FOREIGN: Final = 128  # value of a byte that is not in an alphabet
_FOREIGN_BITS: Final = np.uint64(0x8080808080808080)


def _values(alphabet: str) -> Bytes:
    table = np.full(256, _FOREIGN, np.uint8)
    table[np.frombuffer(alphabet.encode(), np.uint8)] = np.arange(len(alphabet))
    return table


_VALUES: Final = _values(ALPHABET)
_ORG_VALUES: Final = _values("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ORG_CHECKS: Final = _values("0123456789X")


def plain(raw: pa.StringArray) -> Mask:
    """Rows already written as 18 characters of the alphabet; no registering department is 0 (or eighteen zeros would pass both checks)."""
    found: Mask = lengths(raw) == 18
    values = _VALUES.take(matrix(raw if found.all() else raw.filter(pa.array(found)), 18))
    words = np.ascontiguousarray(values[:, :16]).view(np.uint64)
    foreign = (words[:, 0] | words[:, 1]) & _FOREIGN_BITS
    found[found] = (foreign == 0) & (values[:, 16] < _FOREIGN) & (values[:, 17] < _FOREIGN) & (values[:, 0] > 0)
    return found


def judge(texts: pa.StringArray, options: Options) -> Column:
    """Tidied, upper-case texts to codes of 18 characters."""
    whole = plain(texts)
    if whole.all():
        return _judge_whole(texts)
    column = Column.of(texts)
    column.put(whole, _judge_whole(texts.filter(pa.array(whole))))
    _flag_form(column, texts, ~whole)
    return column


def _judge_whole(texts: pa.StringArray) -> Column:
    column, rows = Column.of(texts), matrix(texts, 18)
    outer, inner = _checks_ok(rows)
    column.flag(~inner, "uscc_org_checksum")
    column.flag(~outer, "uscc_checksum")
    wrong: Mask = ~(outer & inner)
    if wrong.any():
        column.flag(~outer & matches(texts, _CROSSED_OUT), "masked")
        wrong[wrong] = is_citizen_id(texts.filter(pa.array(wrong)))
        column.flag(wrong, "uscc_is_citizen_id")
    return column


def _checks_ok(rows: Bytes) -> tuple[Mask, Mask]:
    outer: Mask = weighted_sums(_VALUES.take(rows), _WEIGHTS) % 31 == 0
    checks = _ORG_CHECKS.take(rows[:, 16])
    organisation = weighted_sums(_ORG_VALUES.take(rows[:, 8:16]), _ORG_WEIGHTS)
    inner: Mask = (checks < _FOREIGN) & ((organisation + checks) % 11 == 0)
    return outer, inner


def _flag_form(column: Column, texts: pa.StringArray, rows: Mask) -> None:
    long_enough = np.asarray(pc.utf8_length(texts).to_numpy(zero_copy_only=False)) == 18
    column.flag(rows & long_enough, "uscc_charset")
    column.flag(rows & ~long_enough, "uscc_length")
    column.flag(rows & matches(texts, _ORG_CODE), "uscc_is_org_code")
    column.flag(rows & matches(texts, _TAX_NUMBER), "uscc_is_tax_number")
    column.flag(rows & long_enough & is_citizen_id(texts), "uscc_is_citizen_id")
    column.flag(rows & excel_mangled(texts), "excel_mangled")
