"""统一社会信用代码, GB 32100-2015: 2 registration + 6 division + 9 organisation code (GB 11714) + 1 check character.

The first eight characters may be letters (A… military, N… rural collectives, Y… others).
What belongs here: the code itself and what departments write in its place.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.cells import excel_mangled, matches
from shuyuan.standards.citizen import is_citizen_id
from shuyuan.standards.column import Column, Mask, byte_rows
from shuyuan.standards.options import Options

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I O Z S V
# No registering department is 0; without this rule eighteen zeros would pass both checks.
_WHOLE: Final = rf"^[1-9A-HJ-NPQRTUWXY][{ALPHABET}]{{17}}$"
_ORG_CODE: Final = r"^[0-9A-Z]{8}-?[0-9X]$"
_TAX_NUMBER: Final = r"^(\d{15}|\d{6}[0-9A-Z]{8}[0-9X])$"
_WEIGHTS: Final = np.array([*(pow(3, place, 31) for place in range(17)), 1], np.float32)
_ORG_WEIGHTS: Final = np.array([3, 7, 9, 10, 5, 8, 4, 2], np.float32)
_BLOCK: Final = 1 << 15


def _values(alphabet: str) -> npt.NDArray[np.float32]:
    table = np.zeros(256, np.float32)
    table[np.frombuffer(alphabet.encode(), np.uint8)] = np.arange(len(alphabet))
    return table


_VALUES: Final = _values(ALPHABET)
_ORG_VALUES: Final = _values("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ORG_CHECKS: Final = np.full(256, np.nan, np.float32)  # a check character other than 0-9 X fails any comparison
_ORG_CHECKS[np.frombuffer(b"0123456789X", np.uint8)] = np.arange(11)


def plain(raw: pa.StringArray) -> Mask:
    """Rows already written as 18 characters of the alphabet."""
    return matches(raw, _WHOLE)


def judge(texts: pa.StringArray, options: Options) -> Column:
    """Tidied, upper-case texts to codes of 18 characters."""
    whole = matches(texts, _WHOLE)
    if whole.all():
        return _judge_whole(texts)
    column = Column.of(texts)
    column.put(whole, _judge_whole(texts.filter(pa.array(whole))))
    _flag_form(column, texts, ~whole)
    return column


def _judge_whole(texts: pa.StringArray) -> Column:
    column, rows = Column.of(texts), byte_rows(texts, 18)
    outer, inner = _checks_ok(rows)
    column.flag(~inner, "uscc_org_checksum")
    column.flag(~outer, "uscc_checksum")
    if not (outer & inner).all():
        column.flag(~(outer & inner) & is_citizen_id(texts), "uscc_is_citizen_id")
    return column


def _checks_ok(rows: npt.NDArray[np.uint8]) -> tuple[Mask, Mask]:
    outer, inner = np.empty(len(rows), np.bool_), np.empty(len(rows), np.bool_)
    for start in range(0, len(rows), _BLOCK):
        block, here = rows[start : start + _BLOCK], slice(start, start + _BLOCK)
        outer[here] = (_VALUES[block] @ _WEIGHTS).astype(np.int32) % 31 == 0
        organisation = _ORG_VALUES[block[:, 8:16]] @ _ORG_WEIGHTS
        inner[here] = (organisation + _ORG_CHECKS[block[:, 16]]) % 11 == 0
    return outer, inner


def _flag_form(column: Column, texts: pa.StringArray, rows: Mask) -> None:
    long_enough = np.asarray(pc.utf8_length(texts).to_numpy(zero_copy_only=False)) == 18
    column.flag(rows & long_enough, "uscc_charset")
    column.flag(rows & ~long_enough, "uscc_length")
    column.flag(rows & matches(texts, _ORG_CODE), "uscc_is_org_code")
    column.flag(rows & matches(texts, _TAX_NUMBER), "uscc_is_tax_number")
    column.flag(rows & long_enough & is_citizen_id(texts), "uscc_is_citizen_id")
    column.flag(rows & excel_mangled(texts), "excel_mangled")
