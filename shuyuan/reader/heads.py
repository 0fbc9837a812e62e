"""Find the header of a table without a contract, in text and in sheets alike: which rows it takes and what the columns are called.

Evidence, strongest first: cells that are text above columns of numbers, dates and codes; a row that is full, unique and unlike
its own columns; header words. Titles, units and `填表单位:` lines above a table are narrow or labelled, so they are told apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from shuyuan.reader import names
from shuyuan.reader.footer import is_footer
from shuyuan.reader.rows import BLANKS
from shuyuan.reader.texts.kinds import ADDRESS, CODE, DATE, EMPTY, NUMBER, TIME, kind, typical

Rows = Sequence[tuple[int, Sequence[str]]]
DEPTH = 30  # rows with content in which a header may begin
LOOK = 200  # rows with content that are looked at
MOST = 3  # rows of one header
_YEAR = re.compile(r"(?:19|20)\d\d年?")
_UNNAMED = re.compile(r"Unnamed: \d+(?:_level_\d+)?")
_TITLE = re.compile(r".*(?:\d|名单|表|公示|目录|统计|情况|台账|清单|汇总|名录)|[（(].*|.{11,}|.*[:：].*")
_LABELLED = re.compile(r"\s*[^:：]{1,12}[:：](?!\d|//)")
_WORDS = re.compile(
    r".*(?:序号|名称|姓名|编号|代码|号码|日期|时间|地址|住所|电话|类型|类别|性别|民族|备注|金额|单位|机关|内容|数量|状态|等级|部门|人数|面积|结果|事由|依据"
    r"|经度|纬度|有效期|负责人|法定代表人)"
    r"|(?:id|no|name|date|time|type|code|status|amount|price|qty|quantity|address|phone|comments?|remarks?|description|url|title|year)",
    re.IGNORECASE,
)
_MEANT = tuple(
    (re.compile(pattern, re.IGNORECASE), frozenset(kinds))
    for pattern, kinds in (
        (r".*日期|.*时间|.*date", (DATE, TIME, NUMBER)),
        (r".*time", (TIME, DATE, NUMBER)),
        (r".*(?:金额|数量|人数|面积|价格|年龄|余额)|qty|quantity|price|amount|age", (NUMBER,)),
        (r".*(?:代码|编号|号码)|.*id|.*code", (CODE, NUMBER)),
        (r".*(?:网址|邮箱)|url|e-?mail", (ADDRESS,)),
    )
)


@dataclass(frozen=True)
class Top:
    """The head of one table.

    `names`: one per column, unique, never empty. `header`: lines of the header rows, empty if there is none. `first`: line of the first
    data row, None if there is no data. `width`: cells of a data row. `named`: the names are the file's own, not `column_1` …
    `contrast`: columns in which the names stand above numbers, dates or codes. `why`: the evidence, one sentence each.
    """

    names: tuple[str, ...]
    header: tuple[int, ...]
    first: int | None
    width: int
    named: bool
    contrast: int
    why: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    line: int
    cells: tuple[str, ...]
    full: int  # cells before the empty right edge was taken off

    @property
    def size(self) -> int:
        return len(self.cells)

    @property
    def filled(self) -> int:
        return sum(1 for c in self.cells if c)


def table_in(rows: Rows) -> Top:
    """The table that `rows` (line, cells) begin with, after any preamble. Rows without any cell that has content are passed over."""
    grid = [_Row(line, tuple(_ours(c) for c in cells), len(cells)) for line, cells in rows]
    grid = [r for r in grid if r.filled][:LOOK]
    if not grid:
        return Top((), (), None, 0, False, 0, ("no row has content",))
    return _Search(_without_padding(grid)).top()


def _ours(cell: str) -> str:
    """The cell without blanks around it; `Unnamed: 3` is what pandas wrote for the empty header cell of the office's own file."""
    kept = cell.strip(BLANKS)
    return "" if _UNNAMED.fullmatch(kept) else kept


def _without_padding(grid: list[_Row]) -> list[_Row]:
    """Without the empty columns at the right edge that sheets and trailing delimiters leave."""
    extent = max(max(i for i, c in enumerate(r.cells) if c) + 1 for r in grid)
    return [_Row(r.line, r.cells[:extent], r.full) for r in grid]


def width_of(sizes: Sequence[int]) -> int:
    """The width of the table among rows of these sizes: that of the longest blocks, as notes stand alone and tables in blocks."""
    weights: Counter[int] = Counter()
    for size, block in groupby(sizes):
        weights[size] += sum(1 for _ in block) ** 2 if size > 1 else 0
    return max(weights, key=lambda w: weights[w])  # of equals the first


class _Search:
    """One search. `grid` are rows with content, `kinds` the typical kind of each column's lower rows (None: text or mixed)."""

    def __init__(self, grid: list[_Row]) -> None:
        self.grid = grid
        self.width = width_of([r.size for r in grid])
        self.kinds = self._kinds()
        self.strong = [i for i, k in enumerate(self.kinds) if k is not None]

    def _body(self) -> list[_Row]:
        """Rows that are surely data: the lower two thirds of those as wide as the table, sparse ones left out."""
        whole = [r for r in self.grid if r.size == self.width]
        usual = sorted(r.filled for r in whole)[len(whole) // 2]
        dense = [r for r in whole if 2 * r.filled >= usual and not is_footer(r.cells, self.width)]
        return dense[min(len(dense) // 3 + 1, MOST) :] or dense[-1:]

    def _kinds(self) -> list[str | None]:
        body = self._body()
        return [typical(r.cells[i] for r in body) for i in range(self.width)]

    def top(self) -> Top:
        start = self._first_data()
        head = self._block(start)
        if head:
            return self._named(head) if self._aligned(head[-1]) else self._short(head)
        return self._misfit(start) or self._nameless(start)

    def _first_data(self) -> int | None:
        """Index of the first row whose cells look like those below it, in more columns than not; None if types tell nothing."""
        for at, row in enumerate(self.grid):
            if row.size == self.width and self.strong:
                against = sum(1 for i in self.strong if kind(row.cells[i]) == self.kinds[i] and not self._year(row, i))
                if against > self._contrast(row):
                    return at
        return None

    def _contrast(self, row: _Row) -> int:
        """Columns of one kind in which this row has text of another kind."""
        odd = (i for i in self.strong if i < row.size and kind(row.cells[i]) not in (EMPTY, self.kinds[i]))
        return sum(1 for _ in odd) + sum(1 for i in self.strong if i < row.size and self._year(row, i))

    def _year(self, row: _Row, i: int) -> bool:
        """Is this cell a year above a column of other numbers? Then it is a name."""
        if not _YEAR.fullmatch(row.cells[i]):
            return False
        below = [r.cells[i] for r in self._body() if r.cells[i]]
        return not all(_YEAR.fullmatch(c) for c in below)

    def _block(self, start: int | None) -> list[_Row]:
        """The header rows, uppermost first; empty if there are none."""
        above = self.grid[: min(DEPTH, len(self.grid) if start is None else start)]
        fit = [at for at, row in enumerate(above) if self._may_head(row, at)]
        if start is None and fit and not self.strong:
            fit = [at for at in fit if not self._repeats(at)][:1] or []
            if fit and fit[0] != self._first_whole():
                fit = fit if self._merged_above(fit[0]) else []
        if not fit:
            return []
        best = max(fit, key=lambda at: (self._coverage(at), -at))
        return [*self._upper(best), self.grid[best], *self._lower(best, start)]

    def _first_whole(self) -> int:
        rows = (at for at, r in enumerate(self.grid) if r.size == self.width and r.filled >= min(2, self.width))
        return next(rows, 0)

    def _coverage(self, at: int) -> int:
        """Cells filled by this row and by what stands merged above it, in eighths, so that a full row is not beaten by a fuller one."""
        return 8 * self.grid[at].filled // self.width

    def _may_head(self, row: _Row, at: int) -> bool:
        """Could this row carry the names? Wide enough, texts only, no label lines, all different, and unlike its columns."""
        if row.size != self.width or (self.width > 1 and row.filled < 2) or not self._texts(row):
            return False
        cells = [c for c in row.cells if c]
        if 2 * len(cells) <= max(self.width, 4) and is_label(cells) and not all(is_label([c]) for c in cells):
            return False
        if self.strong:
            return self._contrast(row) > 0 or self._complements(row, at)
        return 5 * len(cells) >= 4 * self.width or self._complements(row, at)

    def _complements(self, row: _Row, at: int) -> bool:
        """Has the row above names over this row's gaps (cells merged downwards)?"""
        if at == 0 or self.grid[at - 1].size != self.width:
            return False
        upper = self.grid[at - 1].cells
        gaps = [i for i, c in enumerate(row.cells) if not c]
        return (
            bool(gaps)
            and self.grid[at - 1].filled > 1
            and self._texts(self.grid[at - 1])
            and all(upper[i] for i in gaps)
        )

    def _texts(self, row: _Row) -> bool:
        """No numbers, dates, times or links among the cells; years above other things than years are names."""
        typed = [i for i, c in enumerate(row.cells) if kind(c) in (NUMBER, DATE, TIME, ADDRESS)]
        return all(0 < i < self.width and (self._year(row, i) or self._unlike(row, i)) for i in typed)

    def _unlike(self, row: _Row, i: int) -> bool:
        """Is this cell a number or date above a column of another kind, such as the question numbers above yes and no?"""
        return self.kinds[i] not in (None, kind(row.cells[i]))

    def _repeats(self, at: int) -> bool:
        """Does a cell of this row come again in its own column, though the row as a whole does not? Values do, names do not."""
        row, body = (
            self.grid[at],
            [r for r in self.grid[at + 1 :] if r.size == self.width and r.cells != self.grid[at].cells],
        )
        return any(c and any(r.cells[i] == c for r in body) for i, c in enumerate(row.cells))

    def _merged_above(self, at: int) -> bool:
        return at > 0 and self._complements(self.grid[at], at)

    def _upper(self, best: int) -> list[_Row]:
        """Rows above the names that belong to the header: groups over several columns, or the same names again."""
        found: list[_Row] = []
        for at in range(best - 1, max(best - MOST, -1), -1):
            row, lower = self.grid[at], self.grid[at + 1]
            if row.size != self.width or not self._texts(row) or not _groups(row, lower):
                break
            found.insert(0, row)
        return found

    def _lower(self, best: int, start: int | None) -> list[_Row]:
        """Rows below the names that belong to the header: the names again, or a second text line above columns of other kinds."""
        found: list[_Row] = []
        stop = len(self.grid) if start is None else start
        for row in self.grid[best + 1 : min(stop, best + MOST)]:
            same = row.cells == self.grid[best].cells
            gaps = [i for i, c in enumerate(self.grid[best].cells) if not c]
            fills = any(row.cells[i] for i in gaps) if row.size == self.width else False
            texts = (
                row.size == self.width and self._texts(row) and self._contrast(row) >= max(2, len(self.strong) // 2 + 1)
            )
            if not (same or (texts and (fills or 2 * row.filled >= self.width or row.filled > 1))):
                break
            found.append(row)
        return found

    def _named(self, head: list[_Row]) -> Top:
        after = [r for r in self.grid if r.line > head[-1].line]
        given = names.merged([r.cells for r in head])
        why = [
            f"line {head[0].line} has text where the columns below are of another kind"
            if self.strong
            else "the first full row"
        ]
        cells = [c for r in head for c in r.cells if c]
        why[0] += f"; {sum(1 for c in cells if _WORDS.fullmatch(c))} of {len(cells)} cells are header words"
        if len(head) > 1:
            why.append(f"{len(head)} header rows, read together")
        return self._top(given, head, after[0].line if after else None, True, why)

    def _misfit(self, start: int | None) -> Top | None:
        """A header that is not as wide as its rows, directly above them."""
        at = self._first_whole() if start is None else start
        above = self.grid[at - 1] if at > 0 else None
        if above is None or above.size < 2 or not self._texts(above) or any(_LABELLED.match(c) for c in above.cells):
            return None
        first = self.grid[at].line
        cells = [c for c in above.cells if c]
        if above.size > self.width == len(cells):
            why = f"line {above.line} has {above.size} cells, {above.size - len(cells)} of them empty; its names fit without them"
            return self._top(cells, [above], first, True, [why])
        if above.size > self.width and len(cells) == above.size:
            why = f"line {above.line} names {above.size} columns, most rows have only {self.width} cells"
            return self._top(cells, [above], first, True, [why])
        if above.size == self.width - 1 and self._counts(at):
            why = f"line {above.line} has no name for the row numbers in the first column"
            return self._top(["", *above.cells], [above], first, True, [why])
        if above.size < 2 * self.width and 2 * above.size > self.width:
            why = f"line {above.line} has {above.size} names for {self.width} columns: which column lacks one cannot be told"
            return self._top([""] * self.width, [above], first, False, [why])
        return None

    def _aligned(self, row: _Row) -> bool:
        """Do the names stand over their columns? Asked where the header is one cell shorter than the rows, whose last cells are empty.

        Then either every data row ends with a delimiter, or one is missing in the header and the names behind it are shifted.
        """
        full = width_of([r.full for r in self.grid if r.line != row.line] or [row.full])
        return row.full >= full or not any(_contradicts(c, k) for c, k in zip(row.cells, self.kinds, strict=True))

    def _short(self, head: list[_Row]) -> Top:
        full = width_of([r.full for r in self.grid if r.line != head[-1].line])
        after = next((r.line for r in self.grid if r.line > head[-1].line), None)
        why = f"line {head[-1].line} has {head[-1].full} names for {full} columns, and they do not suit the columns they stand over"
        return self._top([""] * full, head, after, False, [why])

    def _counts(self, at: int) -> bool:
        """Does the first column count the rows?"""
        firsts = [r.cells[0] for r in self.grid[at:] if r.size == self.width][:20]
        if not all(c.isdecimal() for c in firsts):
            return False
        return all(int(b) == int(a) + 1 for a, b in pairwise(firsts))

    def _nameless(self, start: int | None) -> Top:
        first = self.grid[self._first_whole() if start is None else min(start, self._first_whole_or(start))]
        return self._top([""] * self.width, [], first.line, False, ["no row above the data reads like names"])

    def _first_whole_or(self, start: int) -> int:
        """The first row of the table's width above `start` that is neither title nor note: a row whose typed cells are missing."""
        for at in range(start - 1, -1, -1):
            row = self.grid[at]
            if row.size != self.width or 2 * row.filled < self.width or any(_LABELLED.match(c) for c in row.cells if c):
                return at + 1
        return 0

    def _top(self, given: Sequence[str], head: list[_Row], first: int | None, named: bool, why: list[str]) -> Top:
        lines = tuple(r.line for r in head)
        contrast = max((self._contrast(r) for r in head), default=0)
        return Top(names.unique(given), lines, first, max(self.width, len(given)), named, contrast, tuple(why))


def is_label(cells: Sequence[str]) -> bool:
    """Does a cell say what it holds (`填表单位：某局`), as lines above and below tables do?"""
    return any(_LABELLED.match(c) or c.rstrip(BLANKS).endswith((":", "：")) for c in cells)


def _groups(upper: _Row, lower: _Row) -> bool:
    """Does `upper` head groups of `lower`'s columns? A title is one cell, at the left or long."""
    if upper.cells == lower.cells:
        return True
    gaps_above = sum(1 for c in upper.cells if not c)
    if any(_LABELLED.match(c) for c in upper.cells if c):
        return False
    if upper.filled == 1:
        only = next(c for c in upper.cells if c)
        return not upper.cells[0] and upper.size > 2 and not _TITLE.fullmatch(only)
    return gaps_above > 0 or any(not c for c in lower.cells)


def _contradicts(name: str, found: str | None) -> bool:
    """Does the column under a name that says what it holds hold something else?"""
    wanted = next((kinds for pattern, kinds in _MEANT if pattern.fullmatch(name)), None)
    return wanted is not None and found is not None and found not in wanted
