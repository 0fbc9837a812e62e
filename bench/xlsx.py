"""How fast a book of 12 columns becomes rows of text, against calamine handing over its cells and nothing else.

    python bench/xlsx.py [--rows 200000] [--rounds 3] [--json]

Two books with the same cells: texts shared, as spreadsheet programs write them, and texts in the cells, as exporters stream them.
Every measurement runs in a process of its own, so that its peak memory is its own too. Ratios are of the best rounds.
"""

from __future__ import annotations

import argparse
import json
import random
import resource as usage
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
BAR = 100_000  # rows per second
HEADER = ("证件号码", "姓名", "性别", "民族", "出生日期", "住址", "电话", "单位", "金额", "区划", "状态", "更新日期")
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'


def people(rows: int) -> Iterator[tuple[object, ...]]:
    """Invented rows: texts, whole numbers, amounts, dates as serial numbers (marked by a tuple), gaps."""
    draw = random.Random(1)
    for n in range(rows):
        yield (
            f"110105{19_000_000 + draw.randrange(999_999):08d}{n % 10_000:04d}",
            draw.choice("张王李赵") + draw.choice("伟芳娜敏静") + draw.choice("国军明华"),
            draw.choice("男女"),
            draw.randrange(1, 57),
            (draw.randrange(20_000, 45_000),),
            f"某市某区某街道{draw.randrange(10_000)}号",
            13_000_000_000 + draw.randrange(10**9),
            f"某局{draw.randrange(500)}",
            round(draw.random() * 1e6, 2),
            str(110_101 + draw.randrange(20)),
            draw.choice(["正常", "注销", None]),
            (draw.randrange(40_000, 45_000),),
        )


def write(path: Path, rows: int, *, inline: bool = False) -> None:
    """The book, streamed into its package."""
    shared: dict[str, int] = {}

    def cell(at: str, value: object) -> str:
        if value is None:
            return ""
        if isinstance(value, tuple):
            return f'<c r="{at}" s="1"><v>{value[0]}</v></c>'
        if not isinstance(value, str):
            return f'<c r="{at}"><v>{value}</v></c>'
        if inline:
            return f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>'
        return f'<c r="{at}" t="s"><v>{shared.setdefault(value, len(shared))}</v></c>'

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f"<worksheet {MAIN}><sheetData>".encode())
            for n, row in enumerate((HEADER, *people(rows)), 1):
                cells = "".join(cell(f"{chr(65 + at)}{n}", value) for at, value in enumerate(row))
                sheet.write(f'<row r="{n}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        for name, content in _parts(shared).items():
            archive.writestr(name, content)


def _parts(shared: dict[str, int]) -> dict[str, str]:
    kinds = (("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml"))
    relations = "".join(f'<Relationship Id="{k}" Type="{OFFICE}/{k}" Target="{t}"/>' for k, t in kinds)
    return {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships {PACKAGE}><Relationship Id="a" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="worksheet"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships {PACKAGE}>{relations}</Relationships>",
        "xl/styles.xml": f'<styleSheet {MAIN}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f"<sst {MAIN}>{''.join(f'<si><t>{t}</t></si>' for t in shared)}</sst>",
    }


def floor(path: Path) -> int:
    """Calamine opens the book and hands over its cells."""
    from python_calamine import CalamineWorkbook

    return len(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()) - 1


def reading(path: Path) -> int:
    """The product's own way: bombs refused, header found, cells as text, every row accounted for."""
    from shuyuan.reader.read import Column, stream

    with stream(path, [Column(f"c{n}", (text,)) for n, text in enumerate(HEADER)]) as work:
        rows = sum(batch.num_rows for batch in work.batches())
        assert work.account().rows == rows
    return rows


WORK: dict[str, Callable[[Path], int]] = {"floor": floor, "reading": reading}


def one(work: str, path: Path) -> dict[str, Any]:
    """Do one piece of work in this process."""
    small = path.with_name("small.xlsx")
    WORK[work](small)  # imports and pools are made before the clock starts
    begun = time.perf_counter()
    rows = WORK[work](path)
    seconds = time.perf_counter() - begun
    return {"rows": rows, "seconds": seconds, "peak_mb": _peak()}


def _peak() -> int:
    """MB. Where Linux tells it: the peak of this program; `ru_maxrss` also remembers that of the process it was forked from."""
    status = Path("/proc/self/status")
    if status.exists():
        return (
            int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) // 1024
        )
    return usage.getrusage(usage.RUSAGE_SELF).ru_maxrss // 1024


def measure(work: str, path: Path) -> dict[str, Any]:
    """`one` in a process of its own."""
    order = [sys.executable, str(Path(__file__)), "--one", work, str(path)]
    done = subprocess.run(order, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def figures(rows: int = 200_000, rounds: int = 3) -> dict[str, Any]:
    """Rows per second, the ratio to calamine's floor, and peak memory of both, for both books."""
    with tempfile.TemporaryDirectory(prefix="bench-xlsx-") as name:
        folder = Path(name)
        write(folder / "small.xlsx", 100)
        found: dict[str, Any] = {"rows": rows}
        for kind in ("shared", "inline"):
            write(folder / f"{kind}.xlsx", rows, inline=kind == "inline")
            found |= _compared(kind, folder / f"{kind}.xlsx", rows, rounds)
    return found


def _compared(kind: str, path: Path, rows: int, rounds: int) -> dict[str, Any]:
    runs = [(measure("floor", path), measure("reading", path)) for _ in range(rounds)]
    low, own = (min(run[at]["seconds"] for run in runs) for at in (0, 1))
    return {
        f"xlsx_{kind}_rows_per_second": round(rows / own),
        f"xlsx_{kind}_floor_rows_per_second": round(rows / low),
        f"xlsx_{kind}_to_floor": round(own / low, 2),
        f"xlsx_{kind}_peak_mb": max(run[1]["peak_mb"] for run in runs),
        f"xlsx_{kind}_floor_peak_mb": max(run[0]["peak_mb"] for run in runs),
    }


def main() -> None:
    """Print the figures, as a table or as JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=200_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--one", nargs=2, metavar=("WORK", "FILE"), help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    sys.path.insert(0, str(PROJECT))
    if asked.one:
        print(json.dumps(one(asked.one[0], Path(asked.one[1]))))
        return
    found = figures(asked.rows, asked.rounds)
    print(json.dumps(found, indent=1) if asked.json else "\n".join(f"{k:34s} {v}" for k, v in found.items()))


if __name__ == "__main__":
    main()
