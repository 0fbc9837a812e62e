"""Fixed-width text: columns found by the display columns that stay blank in every line.

Departmental systems pad by bytes of GBK, so a Chinese character takes two columns. A file that is aligned by characters instead
is not cut at all: with Chinese text in it the two readings differ, and only one of them can be right.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from shuyuan.reader.rows import Dialect
from shuyuan.reader.texts.kinds import typical
from shuyuan.reader.texts.tokens import display, split

SHARE = 0.9  # of the lines must leave a gap blank; title and note lines may cross it
LEAST = 3  # lines with content that it takes to call anything aligned


def widths(lines: Sequence[str]) -> tuple[int, ...] | None:
    """Display columns per cell, the gap behind it included (the last cell goes to the end of the line); None if nothing is aligned."""
    bodies = [_columns(b) for line in lines if (b := line.rstrip("\r\n ")) and "\t" not in b]
    if len(bodies) < LEAST or len(bodies) < SHARE * sum(1 for line in lines if line.strip()):
        return None
    typical = sorted(len(b) for b in bodies)[len(bodies) // 2]
    body = [b for b in bodies if 2 * len(b) >= typical]
    starts = _starts(body)
    if len(starts) < 2:
        return None
    return (*(b - a for a, b in pairwise(starts)), max(map(len, body)) - starts[-1])


def _columns(body: str) -> str:
    """One character per display column: '.' where something stands, a blank where not."""
    if body.isascii():
        return "".join(" " if c == " " else "." for c in body)
    return "".join(" " if c == " " else "." * display(c) for c in body)


def _starts(bodies: Sequence[str]) -> list[int]:
    """Where a cell begins: the first column after a gap that nearly every line leaves blank; the first cell begins at 0."""
    end = max(map(len, bodies))
    filled = [0] * (end + 1)
    for b in bodies:
        for at, c in enumerate(b):
            if c != " ":
                filled[at] += 1
    allowed = (1 - SHARE) * len(bodies)
    blank = [n <= allowed for n in filled[:end]]
    return [0, *(at for at in range(1, end) if blank[at - 1] and not blank[at] and not all(blank[:at]))]


def dialect(lines: Sequence[str]) -> Dialect | None:
    """The fixed-width dialect of `lines`, if there is one: prose may be aligned by chance, but then no column holds numbers or codes."""
    found = widths(lines)
    if found is None:
        return None
    stops = list(accumulate(found[:-1]))
    rows = [split(b, stops)[0] for line in lines if (b := line.rstrip("\r\n")).strip()]
    typed = any(typical((r[i] for r in rows), 0.6) for i in range(len(found)))
    return Dialect(delimiter="", quote="", widths=found) if typed else None
