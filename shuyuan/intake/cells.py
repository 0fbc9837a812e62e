"""Typed cells as the text they stand for, the same for every format that has types."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

MANGLED = 1e15  # a double holds 15 digits: from here on Excel has rounded, and the text must say so


def render(value: object) -> str:
    """A cell as text: integers without point, other numbers by shortest round trip, from 1e15 in E notation, dates ISO."""
    if isinstance(value, str):
        return value
    if type(value) is float:
        return number(value)
    return next(spell(value) for kind, spell in _SPELLINGS if isinstance(value, kind))


def number(value: float) -> str:
    """`1.10105E+17` for what Excel has rounded, so that it is never mistaken for an identifier; `7`, `0.1` otherwise."""
    if not math.isfinite(value):
        return repr(value)
    if abs(value) >= MANGLED:
        sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
        text = "".join(map(str, digits))
        mantissa = f"{text[0]}.{text[1:]}" if len(text) > 1 else text
        return f"{'-' if sign else ''}{mantissa}E+{int(exponent) + len(text) - 1:02d}"
    return str(int(value)) if float(value).is_integer() else repr(value)


def compact(value: Any) -> str:
    """A nested value as JSON without spaces; what JSON has no word for is rendered as text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=render)


def _moment(value: dt.datetime) -> str:
    return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")


_SPELLINGS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (type(None), lambda _: ""),
    (bool, lambda v: "TRUE" if v else "FALSE"),
    (int, str),
    (float, number),
    (dt.datetime, _moment),
    ((dt.date, dt.time), lambda v: v.isoformat()),
    (bytes, lambda v: v.decode("utf-8", "surrogateescape")),
    ((dict, list), compact),
    (object, str),
)
