"""How fast cells are judged: every item type of names, dates, amounts and texts, clean and as departments write them. Single thread, CPU time.

    python bench/values.py [--rows 1000000] [--repeat 5] [--json]

Printed beside each other in one run: million cells a second, and the time as a multiple of the floor, which is one look at every byte of
the column (its largest) and at every length. The cells are made here from a fixed seed; `dirty` spoils every fifth.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from shuyuan.standards import parse
from shuyuan.standards.addresses import split
from shuyuan.standards.rawbytes import lengths
from shuyuan.standards.traces import traces

SYLLABLES = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超"
SURNAMES = "王李张刘陈杨黄赵周吴"
CITIES = ("广东省深圳市南山区", "宁夏回族自治区银川市兴庆区", "北京市朝阳区", "浙江省杭州市余杭区")
DISTINCT = 50_000  # different cells of a column

Maker = Callable[[random.Random], str]


def _word(chance: random.Random, size: int) -> str:
    return "".join(chance.choices(SYLLABLES, k=size))


def _day(chance: random.Random) -> str:
    return f"{chance.randint(1950, 2025)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"


CLEAN: dict[str, Maker] = {
    "person_name": lambda c: c.choice(SURNAMES) + _word(c, c.randint(1, 2)),
    "org_name": lambda c: f"深圳市{_word(c, 4)}科技有限公司",
    "address": lambda c: (
        f"{c.choice(CITIES)}{_word(c, 3)}路{c.randint(1, 999)}号{c.randint(1, 30)}栋{c.randint(101, 2500)}"
    ),
    "identifier": lambda c: f"GZ{c.randint(10**9, 10**10)}",
    "text": lambda c: "，".join(_word(c, 8) for _ in range(4)),
    "phone": lambda c: f"13{c.randint(10**8, 10**9 - 1)}",
    "date": _day,
    "amount": lambda c: f"{c.randint(1, 10**7)}.{c.randint(0, 99):02}",
}
SPOILED: dict[str, Callable[[str], str]] = {
    "person_name": lambda cell: f"{cell[0]}　{cell[1:]}",
    "org_name": lambda cell: cell.replace("深圳市", "") + "（深圳）",
    "address": lambda cell: cell + "（自主申报）",
    "identifier": lambda cell: f" {cell}",
    "text": lambda cell: f"{cell}\u200b",
    "phone": lambda cell: f"+86 {cell[:3]}-{cell[3:7]}-{cell[7:]}",
    "date": lambda cell: cell.replace("-", "年", 1).replace("-", "月") + "日",
    "amount": lambda cell: f"￥{float(cell):,.2f}",
}


def columns(rows: int) -> dict[str, tuple[str, pa.Array]]:
    """Name → item type and cells."""
    chance, found = random.Random(7), {}
    for name, make in CLEAN.items():
        cells = [make(chance) for _ in range(DISTINCT)]
        spoiled = [SPOILED[name](cell) if at % 5 == 0 else cell for at, cell in enumerate(cells)]
        for state, some in (("clean", cells), ("dirty", spoiled)):
            found[f"{name} {state}"] = name, pa.array([some[at % DISTINCT] for at in range(rows)])
    return found


def floor(texts: pa.Array) -> None:
    """One look at every byte and every length."""
    np.frombuffer(texts.buffers()[2], np.uint8).max()
    lengths(texts).max()


def seconds(work: Callable[[], Any], repeat: int) -> float:
    """The least CPU time of this thread: what a busy machine adds is not the work's."""
    found = []
    for _ in range(repeat):
        began = time.thread_time()
        work()
        found.append(time.thread_time() - began)
    return min(found)


def measure(rows: int, repeat: int) -> list[dict[str, Any]]:
    found = []
    for name, (item_type, cells) in columns(rows).items():
        works: dict[str, Callable[[], Any]] = {name: lambda kind=item_type, texts=cells: parse(kind, texts)}
        if name.endswith("clean"):
            works[f"{name}, traces"] = lambda texts=cells: traces(texts)
        if name == "address clean":
            works["address split"] = lambda texts=cells: split(texts)
        least = seconds(lambda texts=cells: floor(texts), repeat)
        for label, work in works.items():
            took = seconds(work, repeat)
            found.append({"what": label, "million_per_second": rows / took / 1e6, "of_floor": took / least})
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.rows, asked.repeat)
    if asked.json:
        json.dump(found, sys.stdout, ensure_ascii=False, indent=1)
        return 0
    print(f"{'':28} {'M cells/s':>10} {'x floor':>8}")
    for row in found:
        print(f"{row['what']:28} {row['million_per_second']:>10.1f} {row['of_floor']:>8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
