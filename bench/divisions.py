"""How often `History.today` gives the exact set of codes, against an oracle that does not read the table `History` reads.

The oracle follows the yearly lists and the yearly `area-diff` files of the areacodes data set, in which relations are written by name; the
history table is the data set's own summary by code. That a code was in force at all is asked of a third list, the ministry's (cn/GB2260).
Every code of every year is compared, not a sample. Usage: python bench/divisions.py [folder of cn_divisions]
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from shuyuan.standards.divisions import History

BAR = 0.995
_LINE = re.compile(r"([-+=])(\d{6}) ([^<>]+)(?:([<>])(.*))?")
Table = dict[int, str]
Pair = tuple[int, int]


class Step:
    """What happened to the codes between 31 December of `year - 1` and of `year`, as its diff file tells."""

    def __init__(self, before: Table, after: Table, diff: str) -> None:
        self.before, self.after = before, after
        self.moves: dict[int, set[int]] = defaultdict(set)
        self.gone: set[int] = set()
        self.unresolved: list[str] = []
        for line in diff.splitlines():
            if found := _LINE.fullmatch(line.strip()):
                self._read(*found.groups())

    def targets(self, code: int) -> set[int]:
        """The codes that hold the territory of `code` after the step."""
        stays = {code} if code not in self.gone and code in self.after else set()
        return stays | self.moves[code]

    def _read(self, sign: str, digits: str, name: str, arrow: str | None, selectors: str | None) -> None:
        code = int(digits)
        if sign == "-":
            self.gone.add(code)
        own, other = (self.before, self.after) if sign == "-" or arrow == ">" else (self.after, self.before)
        for selector in (selectors or "").split(",") if arrow else []:
            chosen = self._chosen(selector, code, name, own, other)
            if chosen is None:
                self.unresolved.append(f"{sign}{digits} {name}{arrow}{selector}")
            elif chosen:
                source, target = (code, chosen) if own is self.before else (chosen, code)
                self.moves[source].add(target)

    def _chosen(self, selector: str, code: int, name: str, own: Table, other: Table) -> int | None:
        """The code a record selector names in the other table; 0 for one that is switched off, None if it names none or many."""
        if selector.endswith("?"):
            return 0
        value = selector.removesuffix("!")
        if value in (".", ".."):
            wanted = code if value == "." else _parent(code, own)
            return wanted if wanted in other else 0 if wanted == code else None  # a province's parent is the country
        return _named(name if value == "_" else value, own.get(_parent(code, own), ""), other)


def _parent(code: int, table: Table) -> int:
    prefecture = code // 100 * 100
    return prefecture if code % 100 and prefecture in table else code // 10000 * 10000


def _named(value: str, parent: str, table: Table) -> int | None:
    """The record of that name; a name that several have is preceded by the name of its parent."""
    exact = [code for code, name in table.items() if name == value]
    if len(exact) == 1:
        return exact[0]
    value = f"{parent}{value}" if exact else value
    found = {
        code
        for code, name in table.items()
        if value.endswith(name) and name != value and table.get(_parent(code, table)) == value.removesuffix(name)
    }
    return found.pop() if len(found) == 1 else None


class Oracle:
    """Today's codes by walking from year to year."""

    def __init__(self, folder: Path) -> None:
        self.tables = {int(path.stem): _table(path) for path in sorted((folder / "data").glob("*.txt"))}
        self.last = max(self.tables)
        self.steps = {year: self._step(folder, year) for year in self.tables if year - 1 in self.tables}
        self.today = lru_cache(maxsize=None)(self._today)

    def _step(self, folder: Path, year: int) -> Step:
        text = (folder / "diff" / f"{year - 1}-{year}.diff").read_text("utf-8")
        return Step(self.tables[year - 1], self.tables[year], text)

    def _today(self, code: int, year: int) -> frozenset[int]:
        """An abolished prefecture that hands on nothing itself counts as the counties it had in `year`."""
        found: set[int] = set()
        for later in range(year + 1, self.last + 1):
            targets = self.steps[later].targets(code)
            for other in targets - {code}:
                found |= self.today(other, later)
            if code not in targets:
                continues = code in self.tables[later] and not targets
                return frozenset(found | (self.today(code, later) if continues else self._members(code, year, targets)))
            if code in self.steps[later].gone:  # another name: the walk begins anew
                return frozenset(found | self.today(code, later))
        return frozenset(found | {code})

    def _members(self, code: int, year: int, targets: set[int]) -> set[int]:
        if code % 100 or targets:
            return set()
        counties = [one for one in self.tables[year] if one // 100 == code // 100 and one % 100]
        return {one for county in counties for one in self.today(county, year)}


def _table(path: Path) -> Table:
    return {int(line[:6]): line[7:].strip() for line in path.read_text("utf-8").splitlines() if line.strip()}


def _ministry(folder: Path) -> dict[int, set[int]]:
    """Year → codes in the ministry's own list."""
    lists = {}
    for path in sorted(folder.glob("*12.tsv")):
        rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()[1:]]
        lists[int(path.stem[:4])] = {int(row[2]) for row in rows if len(row) > 2}
    return lists


def compared(folder: Path) -> Iterator[tuple[str, Pair, frozenset[int], frozenset[int] | None]]:
    """Every code of every year: its level, the pair, what the oracle says and what `History` says."""
    oracle, history = Oracle(folder / "areacodes"), History.load(folder / "areacodes" / "result.csv")
    for year, table in oracle.tables.items():
        ours = history.today(pa.array([f"{code:06d}" for code in table]), date(year, 12, 31)).to_pylist()
        for code, found in zip(table, ours, strict=True):
            said = None if found is None else frozenset(map(int, found))
            yield _level(code), (code, year), oracle.today(code, year), said


def _level(code: int) -> str:
    return "county" if code % 100 else "prefecture" if code % 10000 else "province"


def existence(folder: Path) -> dict[str, object]:
    """(code, year) in which `History` and the ministry's lists differ, by the reason that the data set's errata give."""
    history = History.load(folder / "areacodes" / "result.csv")
    corrected = {
        int(code) for code in re.findall(r"\b\d{6}\b", (folder / "areacodes" / "errata.md").read_text("utf-8"))
    }
    every, classes = 0, Counter[str]()
    for year, codes in _ministry(folder / "gb2260_mca").items():
        known = {int(code) for code in np.flatnonzero(history.ever) if history.in_force(int(code), year)}
        if known:
            every += len(codes | known)
            classes.update(_difference(code, year, corrected) for code in codes ^ known)
    return {"listed_pairs": every, "alike": round(1 - sum(classes.values()) / every, 5), "differences": dict(classes)}


def _difference(code: int, year: int, corrected: set[int]) -> str:
    if code in corrected or code in (710000, 810000, 820000):
        return "named in the errata"
    if 1990 <= year <= 1994 and (code // 100 % 100 >= 80 or code % 100 > 80):
        return "counties under a province, 1990 to 1994 (errata)"
    return "lists before the standard of 1982 was in use" if year <= 1982 else "other"


def figures(folder: Path, show: int = 0) -> dict[str, object]:
    """Agreement over all pairs and by level; prints the first `show` disagreements."""
    pairs, exact, wrong, moved = Counter[str](), Counter[str](), [], 0
    for level, pair, said, ours in compared(folder):
        pairs[level] += 1
        exact[level] += said == ours
        moved += said != {pair[0]}
        if said != ours:
            wrong.append((level, pair, sorted(said - (ours or frozenset())), sorted((ours or frozenset()) - said)))
    for level, (code, year), missing, extra in wrong[:show]:
        print(f"{level} {code} as of {year}: oracle also {missing}, we also {extra}")
    total = sum(exact.values()) / sum(pairs.values())
    by_level = {level: {"pairs": pairs[level], "exact": round(exact[level] / pairs[level], 5)} for level in pairs}
    every = sum(pairs.values())
    return {
        "pairs": every,
        "not_just_itself": moved,
        "exact": round(total, 5),
        "bar": BAR,
        "met": total >= BAR,
        "by_level": by_level,
    }


if __name__ == "__main__":
    root = (
        Path(sys.argv[1])
        if len(sys.argv) > 1
        else Path(__file__).parents[1].parent / "shared" / "data" / "cn_divisions"
    )
    print(json.dumps(figures(root, show=40) | existence(root), ensure_ascii=False))
