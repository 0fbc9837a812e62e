"""The register of Ningxia's enterprises: every registered capital is a value or has a reason; every credit code's verdict has a second opinion.

    python bench/ningxia.py [DIR] [--json]

DIR holds the yearly CSV files (default: ../shared/data/enterprise_ningxia_masked beside the project). The files are read with Python's
csv, not with our reader. Second opinion: python-stdnum where it is right, and GB 32100-2015 written out once more here for the codes it
cannot judge (its first eight characters must be digits) and for the organisation code inside, which it does not look at.
Exit code 1 unless both shares are 100 %.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from stdnum.cn import uscc

from shuyuan.standards import REASONS, Parsed, parse
from shuyuan.standards.amounts import currency_of
from shuyuan.standards.cells import NULL_TOKENS

DEFAULT = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "enterprise_ningxia_masked"
CAPITAL, CODE = "注册资金", "统一社会信用代码"

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
OURS = {None: "right", "uscc_authority_unknown": "right", "uscc_org_checksum": "inner check wrong"}
OURS |= {"uscc_checksum": "check wrong", "uscc_charset": "charset", "uscc_length": "length"}


def columns(folder: Path) -> dict[str, list[str]]:
    """Capital and code of every record of every file, in order."""
    found: dict[str, list[str]] = {CAPITAL: [], CODE: []}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for record in csv.DictReader(lines):
                for name, cells in found.items():
                    cells.append(record[name] or "")
    return found


def capital(cells: Sequence[str]) -> dict[str, Any]:
    """How every capital ends: in yuan, as nothing, or with a reason; and what ends in none of these ways."""
    read = parse("amount", pa.array(cells))
    ends: Counter[str] = Counter()
    unexplained: Counter[str] = Counter()
    misread: Counter[str] = Counter()
    foreign: Counter[str] = Counter()
    for cell, value, verdict in zip(cells, read.values.to_pylist(), read.verdicts.to_pylist(), strict=True):
        if verdict is None and value is None and cell.strip() not in NULL_TOKENS | {""}:
            unexplained[cell] += 1
            continue
        ends[verdict or ("nothing stated" if value is None else "yuan")] += 1
        if value is not None and value != stated(cell):
            misread[cell] += 1
        if verdict == "amount_foreign_currency":
            foreign[currency_of(cell) or "?"] += 1
    return {
        "rows": len(cells),
        "explained": 1 - sum((unexplained + misread).values()) / len(cells),
        "ends": dict(ends.most_common()),
        "foreign": dict(foreign.most_common()),
        "unexplained": unexplained.most_common(20),
        "misread": misread.most_common(20),
        "yuan_total": str(pc.sum(read.values.cast(pa.decimal128(38, 6))).as_py()),
    }


def stated(cell: str) -> Decimal:
    """Second opinion on an amount: in this register every number comes first and every unit is 万."""
    figures = re.match(r"[\d,]+(\.\d+)?", cell)
    return Decimal(figures[0].replace(",", "")) * (10_000 if "万" in cell else 1) if figures else Decimal("NaN")


def credit_codes(cells: Sequence[str]) -> dict[str, Any]:
    """Our verdicts against the second opinion, row by row."""
    verdicts = parse("uscc", pa.array(cells))
    opinions = [opinion(cell) for cell in cells]
    pairs = Counter(zip(_ours(verdicts), opinions, strict=True))
    differing = [cell for cell, ours, theirs in zip(cells, _ours(verdicts), opinions, strict=True) if ours != theirs]
    return {
        "rows": len(cells),
        "agreement": 1 - len(differing) / len(cells),
        "verdicts": {ours: count for (ours, theirs), count in pairs.most_common() if ours == theirs},
        "by_stdnum": sum(judged_by_stdnum(cell) for cell in cells),
        "differing": [(cell, opinion(cell)) for cell in differing[:20]],
    }


def _ours(read: Parsed) -> Iterable[str]:
    return (OURS.get(verdict, str(verdict)) for verdict in read.verdicts.to_pylist())


def judged_by_stdnum(code: str) -> bool:
    """Whether python-stdnum can be asked: it refuses letters among the first eight characters, which the standard allows."""
    return len(code) == 18 and code[:8].isascii() and code[:8].isdigit()


def opinion(cell: str) -> str:
    """What GB 32100-2015 says of a code, in the words of `OURS`; small letters are the same letters."""
    code = cell.strip().upper()
    if len(code) != 18:
        return "length"
    if any(character not in ALPHABET for character in code) or code[0] == "0":
        return "charset"
    total = sum(ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(code[:17]))
    right = ALPHABET[-total % 31] == code[17]
    if judged_by_stdnum(code) and uscc.is_valid(code) != right:
        return "the two oracles differ"
    if not right:
        return "check wrong"
    return "right" if organisation_right(code[8:17]) else "inner check wrong"


def organisation_right(code: str) -> bool:
    """GB 11714-1997, from its own definition: letters count on from ten, X in the last place is ten."""
    total = sum(int(c, 36) * weight for c, weight in zip(code[:8], (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return "0123456789X0"[11 - total % 11] == code[8]


def measure(folder: Path) -> dict[str, Any]:
    found = columns(folder)
    return {"capital": capital(found[CAPITAL]), "credit_codes": credit_codes(found[CODE])}


def show(result: dict[str, Any]) -> None:
    money, codes = result["capital"], result["credit_codes"]
    print(f"registered capital: {money['rows']:,} rows, normalised or explained {money['explained']:.2%}")
    for end, rows in money["ends"].items():
        words = f"{REASONS[end].zh} / {REASONS[end].en}" if end in REASONS else ""
        print(f"  {rows:>8,}  {end}  {words}")
    print(
        f"  foreign currencies: {money['foreign']}; unexplained: {money['unexplained'] or 'none'}; misread: {money['misread'] or 'none'}"
    )
    print(f"credit codes: {codes['rows']:,} rows, agreement with the second opinion {codes['agreement']:.2%}")
    for verdict, rows in codes["verdicts"].items():
        print(f"  {rows:>8,}  {verdict}")
    print(f"  of them judged by python-stdnum too: {codes['by_stdnum']:,}; differing: {codes['differing'] or 'none'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=DEFAULT)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not any(asked.folder.glob("*.csv")):
        print(f"no CSV files in {asked.folder}; name the folder of the register", file=sys.stderr)
        return 2
    result = measure(asked.folder)
    if asked.json:
        json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
    else:
        show(result)
    return 0 if result["capital"]["explained"] == result["credit_codes"]["agreement"] == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
