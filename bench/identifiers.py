"""Values per second of every identifier and code type, clean and with one cell in ten spoiled, on one thread and on two.

`floor` is what pyarrow alone needs to find the column's form by a pattern, without any check digit; `stdnum` is python-stdnum, cell by cell.
Usage: python bench/identifiers.py [rows]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from stdnum import luhn
from stdnum.cn import ric, uscc

from shuyuan.standards import parse

BAR = 8.0
ROUNDS = 5
AS_OF = date(2026, 11, 20)
CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SEX = {"codes": {"0": "未知", "1": "男性", "2": "女性", "9": "未说明"}, "crosswalk": {"M": "1", "F": "2"}}
PATTERNS = {"citizen_id": r"^\d{17}[\dX]$", "uscc": r"^[0-9A-HJ-NPQRTUWXY]{18}$"}
Rows = npt.NDArray[np.uint8]


def citizen_ids(size: int, draw: np.random.Generator) -> pa.StringArray:
    """Right numbers of invented people."""
    divisions = draw.choice([110105, 310101, 440303, 650104, 320583], size)
    days = draw.integers(0, 32000, size).astype("M8[D]") + np.datetime64("1932-01-01").astype(int)
    born = np.array([int(str(day).replace("-", "")) for day in np.unique(days)])[
        np.unique(days, return_inverse=True)[1]
    ]
    body = _digits(divisions * 10**11 + born * 1000 + draw.integers(1, 1000, size), 17)
    weights = [pow(2, 17 - place, 11) for place in range(17)]
    return _texts(np.hstack([body + 48, _chosen("10X98765432", body @ weights % 11)]))


def credit_codes(size: int, draw: np.random.Generator) -> pa.StringArray:
    """Right codes of invented enterprises."""
    head = np.tile(np.frombuffer(b"91440300MA", np.uint8), (size, 1))
    body = np.hstack([head, _chosen(CREDIT, draw.integers(0, 31, size * 6)).reshape(size, 6)])
    inner = _values(LETTERS)[body[:, 8:]] @ [3, 7, 9, 10, 5, 8, 4, 2]
    body = np.hstack([body, _chosen("0X987654321", inner % 11)])
    outer = _values(CREDIT)[body] @ [pow(3, place, 31) for place in range(17)]
    return _texts(np.hstack([body, _chosen(CREDIT, -outer % 31)]))


def bank_cards(size: int, draw: np.random.Generator) -> pa.StringArray:
    """Right card numbers of 19 digits."""
    body = _digits(622202 * 10**12 + draw.integers(0, 10**12, size), 18)
    doubled = body[:, 1::2] * 2
    total = body[:, ::2].sum(axis=1) + (doubled - 9 * (doubled > 9)).sum(axis=1)
    return _texts(np.hstack([body + 48, _chosen("0123456789", -total % 10)]))


def spoiled(texts: pa.StringArray) -> pa.StringArray:
    """Every tenth cell as departments send them: blanks, lower case, full width, masked, empty, a digit off."""
    ways = (str.lower, lambda t: f" {t}\t", lambda t: t[:6] + "*" * 8 + t[14:], lambda _: None, lambda t: t[::-1])
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    cells = texts.to_pylist()
    for number, at in enumerate(range(0, len(cells), 10)):
        cells[at] = ways[number % 6](cells[at]) if number % 6 < 5 else cells[at].translate(wide)
    return pa.array(cells, pa.string())


def figures(rows: int = 1_000_000) -> dict[str, Any]:
    """Millions of values a second. `met`: clean citizen numbers and credit codes reach `BAR`, by one call or by two at once."""
    draw = np.random.default_rng(11643)
    columns = {
        "citizen_id": citizen_ids(rows, draw),
        "uscc": credit_codes(rows, draw),
        "bank_card": bank_cards(rows, draw),
    }
    columns["org_code"] = pc.utf8_slice_codeunits(columns["uscc"], 8, 17)
    columns["tax_no"] = columns["uscc"]
    columns["division"] = pc.utf8_slice_codeunits(columns["citizen_id"], 0, 6)
    columns["code"] = pa.array(["1", "2", "M", "女性"]).take(pa.array(draw.integers(0, 4, rows)))
    found = {name: _rates(name, texts) for name, texts in columns.items()}
    least = min(max(found[name]["one_thread"], found[name]["two_threads"]) for name in ("citizen_id", "uscc"))
    return {"rows": rows, "million_per_second": found, "least": least, "bar": BAR, "met": least >= BAR}


def _rates(item_type: str, texts: pa.StringArray) -> dict[str, float]:
    settings = (
        SEX if item_type == "code" else {"codes": pc.unique(texts).to_pylist()} if item_type == "division" else {}
    )
    read = partial(parse, item_type, as_of=AS_OF, **settings)
    dirty, size = spoiled(texts), len(texts)
    rates = {
        "one_thread": _rate(lambda: read(texts), size),
        "two_threads": _rate(lambda: _halves(read, texts), size),
        "spoiled": _rate(lambda: read(dirty), size),
        "spoiled_two_threads": _rate(lambda: _halves(read, dirty), size),
    }
    if item_type in PATTERNS:
        rates["floor"] = _rate(lambda: pc.match_substring_regex(texts, PATTERNS[item_type]), size)
    return rates | _stdnum(item_type, texts[:20_000].to_pylist())


def _stdnum(item_type: str, cells: list[str]) -> dict[str, float]:
    valid: dict[str, Callable[[str], bool]] = {
        "citizen_id": ric.is_valid,
        "uscc": uscc.is_valid,
        "bank_card": luhn.is_valid,
    }
    if item_type not in valid:
        return {}
    return {"stdnum": _rate(lambda: [valid[item_type](cell) for cell in cells], len(cells), rounds=2)}


def _rate(work: Callable[[], object], size: int, rounds: int = ROUNDS) -> float:
    """Millions a second of the quickest of some rounds."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return round(size / min(times) / 1e6, 2)


def _halves(read: Callable[[pa.Array], object], texts: pa.StringArray) -> None:
    half = len(texts) // 2
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(read, (texts[:half], texts[half:])))


def _digits(numbers: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.int64]:
    return np.stack([numbers // 10 ** (width - 1 - place) % 10 for place in range(width)], axis=1)


def _chosen(alphabet: str, places: npt.NDArray[np.int64]) -> Rows:
    return np.frombuffer(alphabet.encode(), np.uint8)[places][:, None]


def _values(alphabet: str) -> npt.NDArray[np.int64]:
    table = np.zeros(256, np.int64)
    table[np.frombuffer(alphabet.encode(), np.uint8)] = np.arange(len(alphabet))
    return table


def _texts(rows: npt.NDArray[Any]) -> pa.StringArray:
    size, width = rows.shape
    offsets = pa.py_buffer(np.arange(0, (size + 1) * width, width, dtype=np.int32))
    return pa.StringArray.from_buffers(size, offsets, pa.py_buffer(np.ascontiguousarray(rows.astype(np.uint8))))


if __name__ == "__main__":
    print(json.dumps(figures(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000), ensure_ascii=False))
