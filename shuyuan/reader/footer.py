"""Rows below the data that are not data: totals and signatures that offices put under a table.

Only the last rows are looked at, from the end upwards, and only set phrases count: a doubtful row stays a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.reader.rows import BLANKS, Head, Note, Parts, show

DEPTH = 8  # rows from the end that may be footer
_TOTAL = re.compile(r"(?:总|合|共)\s*计[:：]?")
_LABEL = re.compile(
    r"(?:注|备注|说明|附注|数据来源|(?:填|制|审|造|经)(?:表|报|核|册|办)(?:人|单位|日期|时间)?|(?:单位)?负责人"
    r"|(?:打印|导出|统计|截止|截至)(?:人|日期|时间))\s*[:：]"
    r"|(?:第|共)\s*\d+\s*(?:页|条|行|户|家)|--\s*(?:END|完)"
)


def is_footer(cells: Sequence[str], named: int) -> bool:
    """Is this row a total (first filled cell says so) or a short label line (few cells, the first a set phrase)?"""
    filled = [c.strip(BLANKS) for c in cells if c.strip(BLANKS)]
    if not filled:
        return False
    if _TOTAL.fullmatch(filled[0]):
        return True
    return 2 * len(filled) <= max(named, 2) and _LABEL.match(filled[0]) is not None


def cut(parts: Parts, tail: Iterable[tuple[int, Sequence[str]]], head: Head) -> Parts:
    """Move footer rows from rows and rejects to the preamble count, with a note that quotes them."""
    found: list[tuple[int, Sequence[str]]] = []
    for line, cells in reversed(list(tail)):
        if not is_footer(cells, head.named):
            break
        found.append((line, cells))
    if not found:
        return parts
    numbers = {line for line, _ in found}
    kept = pc.invert(pc.is_in(parts.table["_line"], pa.array(sorted(numbers), pa.int64())))
    parts.table = parts.table.filter(kept)
    parts.rejects = [r for r in parts.rejects if r.line not in numbers]
    parts.preamble += len(numbers)
    quoted = "; ".join(f"line {line}: {show(' '.join(c for c in cells if c)[:60])}" for line, cells in reversed(found))
    parts.notes.append(Note("footer", f"rows below the table not taken as data: {quoted}"))
    return parts
