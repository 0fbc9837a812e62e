"""Telephone numbers: mobile, landline with area code and extension, hotlines, abroad, one spelling each.

What belongs here: numbers and how they are written. Whose number it is, is personal data.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.cells import excel_mangled
from shuyuan.standards.column import Column, mask_of
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import Mask
from shuyuan.standards.screen import empty_as_null
from shuyuan.standards.words import Rows, are_digits

_DIGITS: Final = 11
_DASHES: Final = str.maketrans("‐‑‒–—―−~", "--------")
_EXTENSION: Final = r"(?:-|转|分机|#|ext\.?)(?P<ext>\d{1,6})"
_PHONE: Final = re.compile(
    r"(?:\(?\+?86\)?-?|0086-?)?(?:(?P<mobile>1[3-9]\d-?\d{4}-?\d{4})(?:\.0)?"
    rf"|\(?(?P<area>0?(?:10|2\d|[3-9]\d{{2}}))\)?-?(?P<local>[2-9]\d{{6,7}})(?:{_EXTENSION})?)",
    re.IGNORECASE | re.ASCII,
)
_LOCAL: Final = re.compile(
    rf"(?P<local>[2-9]\d{{6,7}})(?:{_EXTENSION})?|(?P<short>1\d{{2,4}}|9[56]\d{{3,6}})", re.IGNORECASE | re.ASCII
)
_HOTLINE: Final = re.compile(rf"([48]00)-?(\d{{3}})-?(\d{{4}})(?:{_EXTENSION})?", re.IGNORECASE | re.ASCII)
_ABROAD: Final = re.compile(r"(?:\+|00)(?!86)([1-9]\d{5,14})", re.ASCII)
_BETWEEN: Final = re.compile(r"[、,;/|\\]|或者?|和|及")
_TWO_MOBILES: Final = re.compile(r"(?:1[3-9]\d{9}){2,}", re.ASCII)


def swift(raw: pa.StringArray, options: Options) -> tuple[Column, Mask]:
    """Mobile numbers as they are written, nulls and empty texts; and the rows that are left to `judge`."""
    rows = Rows.of(raw)
    mobile = rows.lengths == _DIGITS
    at = np.flatnonzero(mobile)
    heads, tails = rows.word(rows.starts[at]), rows.word(rows.starts[at] + _DIGITS - 8)
    first, second = heads & np.uint64(0xFF), (heads >> np.uint64(8)) & np.uint64(0xFF)
    mobile[at] = are_digits(heads) & are_digits(tails) & (first == ord("1")) & (second >= ord("3"))
    return Column.of(empty_as_null(raw)), ~mobile & (rows.lengths > 0)


def judge(texts: pa.StringArray, options: Options) -> Column:
    """`13800138000`, `0755-12345678`, `0755-12345678-801`, `4008001234`, `+85212345678`, or a local number."""
    encoded = texts.dictionary_encode()
    written = encoded.dictionary.to_pylist()
    read = [_phone(text.translate(_DASHES)) for text in written]
    several = [number is None and _are_several(text) for number, text in zip(read, written, strict=True)]
    many = np.array(several, np.bool_)[encoded.indices.to_numpy()]
    column = Column.of(pa.array(read, pa.string()).take(encoded.indices))
    column.changed = mask_of(pc.not_equal(column.values, texts))
    column.flag(many, "phone_several")
    column.flag(mask_of(column.values.is_null()) & ~many, "phone_malformed")
    column.flag(excel_mangled(texts), "excel_mangled")
    return column


def _are_several(text: str) -> bool:
    """Two or more numbers in one cell: which of them counts is not for us to say."""
    parts = [part for part in _BETWEEN.split(text.translate(_DASHES)) if part]
    return bool(_TWO_MOBILES.fullmatch(text)) or (len(parts) > 1 and all(_phone(part) for part in parts))


def _phone(text: str) -> str | None:
    hotline, abroad = _HOTLINE.fullmatch(text), _ABROAD.fullmatch(text)
    if hotline:
        return _joined("".join(hotline.groups()[:3]), hotline["ext"])
    return f"+{abroad[1]}" if abroad else _local(text) or _chinese(text)


def _local(text: str) -> str | None:
    found = _LOCAL.fullmatch(text)
    return found and (found["short"] or _joined(found["local"], found["ext"]))


def _chinese(text: str) -> str | None:
    found = _PHONE.fullmatch(text)
    if found is None:
        return None
    if found["mobile"]:
        return found["mobile"].replace("-", "")
    area = found["area"] if found["area"].startswith("0") else f"0{found['area']}"
    return _joined(area, found["local"], found["ext"])


def _joined(*parts: str | None) -> str:
    return "-".join(part for part in parts if part)
