"""Find how a text is cut into cells: every candidate dialect reads the sample, the one whose table looks most like a table wins.

The idea is that of the literature on messy CSV: rows of one width, and cells that are numbers, dates, words, not shreds of cells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from shuyuan.reader.rows import BLANKS, Dialect
from shuyuan.reader.texts import fixed
from shuyuan.reader.texts.kinds import EMPTY, NULL, TYPED, WORD, kind
from shuyuan.reader.texts.tokens import Record, records

SAMPLE = 300  # lines
SURE = 0.35  # below it no candidate makes a table of the text, and each line is one cell
# How often a delimiter is one, against how often it is just written: breaks near-ties, never overrules a table.
DELIMITERS = {
    ",": 1.0, "\t": 1.0, ";": 0.99, "|": 0.99, "||": 0.99, "\x01": 0.99, "@@": 0.97, "|@|": 0.99, "##": 0.97,
    ", ": 1.0, "; ": 0.99, " | ": 0.98, "^": 0.96, "~": 0.96, "，": 0.8, ":": 0.6, " ": 0.6,
}  # fmt: skip
QUOTES = ('"', "'", "")
COMMENTS = ("# ", "#", "//", "%")


@dataclass(frozen=True)
class Candidate:
    """One reading of the sample: `score` 0–1 = `consistency` (rows of one width, sound) × `cells` (cells that look like cells)."""

    dialect: Dialect
    score: float
    consistency: float
    cells: float
    width: int


@dataclass(frozen=True)
class Sniffed:
    """The dialect found, why, what else it might have been (best first), and the line ending: CR LF, LF, CR or `mixed`."""

    dialect: Dialect
    score: float
    why: str
    alternatives: tuple[Candidate, ...]
    ending: str


def sniff(lines: Sequence[str]) -> Sniffed:
    """How the sample `lines` (with line ends) is cut into cells. Never raises; a text that no dialect fits has one column."""
    sample = list(lines[:SAMPLE])
    found = sorted((_judge(d, sample) for d in _candidates(sample)), key=lambda c: -c.score)
    best = found[0] if found and found[0].score >= SURE else _judge(Dialect(), sample)
    single = not found or found[0].score < SURE
    comment = _comment(sample, best.dialect, best.width)
    chosen = replace(best.dialect, comment=comment)
    return Sniffed(chosen, best.score, _why(best, single), tuple(found[1:4]), ending(sample))


def ending(lines: Sequence[str]) -> str:
    """The line ending of `lines`: `\\r\\n`, `\\n`, `\\r`, `mixed`, or empty where no line has one."""
    counts = Counter(line[len(line.rstrip("\r\n")) :] for line in lines)
    counts.pop("", None)
    if not counts:
        return ""
    return next(iter(counts)) if len(counts) == 1 else "mixed"


def _why(best: Candidate, single: bool) -> str:
    if single:
        return "no delimiter makes a table of the text: every line is one cell"
    how = (
        "fixed width" if best.dialect.widths else f"delimiter {best.dialect.delimiter!r}, quote {best.dialect.quote!r}"
    )
    return f"{how}: {best.width} cells; rows of one width {best.consistency:.2f}, cells that look like cells {best.cells:.2f}"


def _candidates(sample: Sequence[str]) -> Iterator[Dialect]:
    text = "".join(sample)
    for delimiter in DELIMITERS:
        if delimiter not in text:
            continue
        for quote in QUOTES:
            if quote and not _opens(text, delimiter, quote):
                if quote == '"':
                    yield Dialect(delimiter, quote)
                continue
            yield Dialect(delimiter, quote)
            if quote and "\\" + quote in text:
                yield Dialect(delimiter, quote, "\\")
        if "\\" + delimiter in text and not _opens(text, delimiter, '"'):
            yield Dialect(delimiter, "", "\\")
    if (aligned := fixed.dialect(sample)) is not None:
        yield aligned


def _opens(text: str, delimiter: str, quote: str) -> bool:
    """Does any cell begin with this quote?"""
    return re.search(rf"(?:^|[\r\n]|{re.escape(delimiter)}){re.escape(quote)}", text) is not None


def _judge(dialect: Dialect, sample: Sequence[str]) -> Candidate:
    found = [r for r in _whole(records(iter(sample), dialect), sample) if r.raw.strip(BLANKS)]
    if not found:
        return Candidate(dialect, 0.0, 0.0, 0.0, 1)
    width = _width(found)
    consistency = _consistency(found, width)
    cells = _quality([r for r in found if len(r.cells) > 1 and r.sound], dialect)
    prior = DELIMITERS.get(dialect.delimiter, 0.9)
    score = consistency * cells * prior * (1 - 0.3 / width) * _filled(found, width) * (0.999 if dialect.escape else 1.0)
    return Candidate(dialect, score, consistency, cells, width)


def _consistency(found: Sequence[Record], width: int) -> float:
    """0–1: how much of the text are sound rows of the one width, or else how long the blocks are that share a width (several tables)."""
    if width < 2:
        return 0.0
    share = sum(1 for r in found if r.sound and len(r.cells) == width) / len(found)
    blocks = groupby(found, key=lambda r: len(r.cells) if r.sound else 0)
    sizes = [sum(1 for _ in block) for size, block in blocks if size > 1]
    return float(max(share**2, sum(n * n for n in sizes) ** 0.5 / len(found)))


def _filled(found: Sequence[Record], width: int) -> float:
    """Less than 1 where columns are empty from top to bottom: `||` cut at every `|`."""
    table = [r.cells for r in found if len(r.cells) == width]
    void = sum(1 for i in range(width - 1) if not any(cells[i].strip(BLANKS) for cells in table))
    return 1 - 0.5 * void / width


def _whole(found: Iterator[Record], sample: Sequence[str]) -> Iterator[Record]:
    """All records but one that the end of the sample has cut off."""
    for record in found:
        if not record.sound and record.line > len(sample) - 20 and len(sample) >= SAMPLE:
            return
        yield record


def _width(found: Sequence[Record]) -> int:
    """The width that the longest blocks of rows have: titles and notes stand alone, tables stand in blocks."""
    weights: Counter[int] = Counter()
    for width, block in groupby(found, key=lambda r: len(r.cells)):
        weights[width] += sum(1 for _ in block) ** 2 if width > 1 else 0
    return max(weights, key=lambda w: (weights[w], w))


def _quality(table: Sequence[Record], dialect: Dialect) -> float:
    """Mean worth of the cells with content. Columns count alike, however long the table."""
    if not table:
        return 0.0
    worths = [_worth(c, dialect) for r in table[:100] for c in r.cells]
    known = [w for w in worths if w is not None]
    return max(sum(known) / len(known), 0.0) if known else 0.1


def _worth(cell: str, dialect: Dialect) -> float | None:
    """None for an empty cell, 1 for a typed one, less than 0 for a shred: a cell that keeps its quotes or half of them."""
    kept = cell.strip(BLANKS)
    what = kind(cell)
    if what in (EMPTY, NULL):
        return None
    if kept[0] in "\"'" and kept[-1] == kept[0] and len(kept) > 1:
        return -0.5  # still in quotes
    if (kept[0] == '"') != (kept[-1] == '"') and dialect.quote != '"' and kept.count('"') % 2:
        return -0.5  # half of a quoted cell
    if any("\\" + q in kept for q in "\"'") or not any(c.isalnum() for c in kept):
        return 0.0  # an escape that was not seen as one, or a piece of a delimiter
    worth = 1.0 if what in TYPED else 0.9 if what == WORD else 0.8
    if kept[0] in ",;|:" or kept[-1] in ",;|\\":
        worth *= 0.3
    if any(d in kept for d in ("\t", "|", "\x01")):
        worth *= 0.3
    return worth if cell == cell.strip(" ") or dialect.widths else worth * 0.6


def _comment(sample: Sequence[str], dialect: Dialect, width: int) -> str:
    """The comment sign: lines that begin with it are few and never as wide as the table, else they are its header or its rows."""
    rows = list(records(iter(sample), dialect))
    for sign in COMMENTS:
        marked = [r for r in rows if r.raw.startswith(sign)]
        if not marked or 2 * len(marked) > len(rows):
            continue
        if all(len(r.cells) != width for r in marked) or (sign == "# " and _all_above(marked, rows)):
            return sign
    return ""


def _all_above(marked: Sequence[Record], rows: Sequence[Record]) -> bool:
    return width_free(marked) and marked[-1].line == rows[len(marked) - 1].line


def width_free(marked: Sequence[Record]) -> bool:
    """Do the marked lines have widths of their own, as sentences do?"""
    return len({len(r.cells) for r in marked}) > 1
