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
from shuyuan.standards.column import Column
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import Bytes, Mask, matrix, products, rows_that, unmarked

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I O Z S V
# First two characters: registering department and class of organisation, GB 32100 table 1 and the later additions we know of.
# From memory of the standard, so a code outside of it stays usable. 54 and 55 are villagers' and residents' committees.
_CLASSES: Final = {
    "1": "1239", "2": "19", "3": "123459", "4": "19", "5": "123459", "6": "129", "7": "129", "8": "19", "9": "1239",
    "A": "19", "N": "1239", "Y": "1",
}  # fmt: skip
_ORG_CODE: Final = r"^[0-9A-Z]{8}-?[0-9X]$"
_TAX_NUMBER: Final = r"^(\d{15}|\d{6}[0-9A-Z]{8}[0-9X])$"
_CROSSED_OUT: Final = r"X{4}"  # X is a letter of the alphabet; four in a row hide something
_FOREIGN: Final = 128  # value of a byte that is not in an alphabet


def _values(alphabet: str) -> Bytes:
    table = np.full(256, _FOREIGN, np.uint8)
    table[np.frombuffer(alphabet.encode(), np.uint8)] = np.arange(len(alphabet))
    return table


def _paired(table: Bytes) -> npt.NDArray[np.uint16]:
    """A table of single bytes as one of pairs: half as many look-ups."""
    pairs = np.arange(65536, dtype=np.uint16).view(np.uint8)
    return table[pairs].view(np.uint16)


def _known() -> Mask:
    """First character times 256 plus second → whether the list names them."""
    table = np.zeros((256, 256), np.bool_)
    for department, classes in _CLASSES.items():
        table[ord(department), [ord(one) for one in classes]] = True
    return table.ravel()


_VALUES: Final = _paired(_values(ALPHABET))
_LETTERS: Final = _values("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ORG_VALUES: Final = _paired(_LETTERS)
_OUTER: Final = np.array([[pow(3, place, 31)] for place in range(17)] + [[1]], np.float32)
_INNER: Final = np.array([[3], [7], [9], [10], [5], [8], [4], [2], [1]], np.float32)
_X_IN_ORG: Final = _LETTERS[ord("X")]
_KNOWN: Final = _known()


def stands(raw: pa.StringArray, options: Options) -> Mask:
    """Rows that are a right code of a known authority as they are written: nothing is to be changed or said."""
    return rows_that(raw, 18, _faultless)


def plain(raw: pa.StringArray) -> Mask:
    """Rows already written as 18 characters of the alphabet; no registering department is 0 (or eighteen zeros would pass both checks)."""
    return rows_that(raw, 18, lambda rows: _well_formed(_taken(_VALUES, rows)))


def judge(texts: pa.StringArray, options: Options) -> Column:
    """Tidied, upper-case texts to codes of 18 characters."""
    whole = plain(texts)
    column = Column.of(texts)
    column.put(whole, _judge_whole(texts.filter(pa.array(whole))))
    column.put(~whole, _judge_odd(texts.filter(pa.array(~whole))))
    return column


def is_uscc(texts: pa.StringArray) -> Mask:
    """Rows that are a code of 18 characters with a right check character."""
    return rows_that(texts, 18, _certain)


def organisation_right(rows: Bytes) -> Mask:
    """Organisation codes of nine characters 0-9, A-Z: whether the last is right (GB 11714-1997: a digit, or X for ten).

    Nine zeros, which would pass, are no code.
    """
    return _organisation(_LETTERS.take(rows)) & ~unmarked(rows - np.uint8(ord("0")))


def _taken(table: npt.NDArray[np.uint16], rows: Bytes) -> Bytes:
    values: Bytes = table.take(np.ascontiguousarray(rows).view(np.uint16)).view(np.uint8)
    return values


def _well_formed(values: Bytes) -> Mask:
    return unmarked(values & np.uint8(_FOREIGN)) & (values[:, 0] > 0)


def _certain(rows: Bytes) -> Mask:
    values = _taken(_VALUES, rows)
    return _well_formed(values) & _outer_right(values)


def _faultless(rows: Bytes) -> Mask:
    values = _taken(_VALUES, rows)
    return _well_formed(values) & _outer_right(values) & _inner_right(rows) & _authority_known(rows)


def _outer_right(values: Bytes) -> Mask:
    ok: Mask = products(values, _OUTER)[:, 0] % 31 == 0
    return ok


def _inner_right(rows: Bytes) -> Mask:
    return _organisation(_taken(_ORG_VALUES, rows)[:, 8:17])


def _organisation(values: Bytes) -> Mask:
    ten = values[:, 8] == _X_IN_ORG
    sums = products(values, _INNER)[:, 0] - (int(_X_IN_ORG) - 10) * ten
    ok: Mask = (sums % 11 == 0) & (ten | (values[:, 8] < 10))
    return ok


def _authority_known(rows: Bytes) -> Mask:
    return _KNOWN.take(rows[:, 0].astype(np.uint16) * np.uint16(256) + rows[:, 1])


def _judge_whole(texts: pa.StringArray) -> Column:
    column, rows = Column.of(texts), matrix(texts, 18)
    outer, inner = _outer_right(_taken(_VALUES, rows)), _inner_right(rows)
    column.flag(~_authority_known(rows), "uscc_authority_unknown")
    column.flag(~inner, "uscc_org_checksum")
    column.flag(~outer, "uscc_checksum")
    wrong: Mask = ~(outer & inner)
    if wrong.any():
        column.flag(~outer & matches(texts, _CROSSED_OUT), "masked")
        wrong[wrong] = is_citizen_id(texts.filter(pa.array(wrong)))
        column.flag(wrong, "uscc_is_citizen_id")
    return column


def _judge_odd(texts: pa.StringArray) -> Column:
    """What is no code, told by what it looks like."""
    column = Column.of(texts)
    long_enough = np.asarray(pc.utf8_length(texts).to_numpy(zero_copy_only=False)) == 18
    column.flag(long_enough, "uscc_charset")
    column.flag(~long_enough, "uscc_length")
    column.flag(matches(texts, _ORG_CODE), "uscc_is_org_code")
    column.flag(matches(texts, _TAX_NUMBER), "uscc_is_tax_number")
    column.flag(is_citizen_id(texts), "uscc_is_citizen_id")
    column.flag(excel_mangled(texts), "excel_mangled")
    return column
