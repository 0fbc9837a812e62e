"""Typed cells as the text they stand for, the same for every format that has types."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MANGLED = 1e15  # a double holds 15 digits: from here on Excel has rounded, and the text must say so


def render(value: object) -> str:
    """A cell as text: integers without point, other numbers by shortest round trip, from 1e15 in E notation, dates ISO."""
    if isinstance(value, str):
        return value
    if type(value) is float:
        return number(value)
    exact = _EXACT.get(type(value))
    return (
        exact(value)
        if exact is not None
        else next(spell(value) for kind, spell in _SPELLINGS if isinstance(value, kind))
    )


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


def texts(values: Sequence[Any]) -> pa.Array:
    """A column of cells as text, null where empty: `render` of each, by ways that cost less where all are of one kind.

    Raises UnicodeEncodeError when a text holds lone surrogates, which no Arrow string can.
    """
    kinds = set(map(type, values))
    if kinds == {str}:
        return no_empty(pa.array(values, pa.string()))
    if kinds <= {float, str} and all(type(v) is float or not v for v in values):
        return numbers(pa.array([v if type(v) is float else None for v in values], pa.float64()))
    if kinds <= _APART:
        words = {v: render(v) or None for v in set(values)}
        return pa.array(map(words.__getitem__, values), pa.string(), size=len(values))
    return no_empty(pa.array(list(map(render, values)), pa.string()))


def no_empty(texts: pa.Array) -> pa.Array:
    """Text with null for empty."""
    empty = pc.equal(pc.binary_length(texts), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts


def numbers(values: pa.Array) -> pa.Array:
    """Doubles as text, as `number` writes them: whole ones by Arrow, the others one by one."""
    plain = pc.fill_null(values, 0.0).to_numpy()
    whole = (np.abs(plain) < MANGLED) & (plain == np.floor(plain))
    integers = pa.array(np.where(whole, plain, 0).astype(np.int64))
    text = pc.if_else(pc.is_valid(values), integers.cast(pa.string()), pa.scalar(None, pa.string()))
    if whole.all():
        return text
    return pc.replace_with_mask(text, pa.array(~whole), pa.array(map(number, plain[~whole].tolist()), pa.string()))


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
# Kinds of which no two are equal unless their text is the same: 1.0 == True, but no date equals a text.
_APART = {str, dt.date, dt.datetime, dt.time, dt.timedelta, type(None)}
_EXACT = {kind: spell for kinds, spell in _SPELLINGS[:-1] for kind in (kinds if isinstance(kinds, tuple) else (kinds,))}
