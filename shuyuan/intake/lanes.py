"""The two lanes of delimited text: which one a file takes, and the careful one.

Careful: record by record through `csv`; any damage costs the damaged rows only. Fast (`fast.py`): pyarrow's reader over
the bytes, for files whose form is clean. Both give the same rows.
"""

from __future__ import annotations

from collections import deque

from shuyuan.intake import delimited, fast, footer
from shuyuan.intake.rows import BLANKS, MAX_FIELD, Contract, Fault, Gather, Head, Note, Parts, reject
from shuyuan.intake.text import Text, lines

_STRAY = Fault(
    "stray_quote",
    None,
    None,
    'a cell that starts with " is not closed before a delimiter or line end; double the quotes inside cells',
)


def read_delimited(text: Text, contract: Contract, lane: str | None = None) -> tuple[Head, Parts, str]:
    """(head, parts, lane taken). `lane` forces one; by default the fast lane where it can. Raises the header errors."""
    delimiter, head = delimited.find_head(text, contract)
    slow_because = "asked for" if lane == "careful" else _obstacle(text)
    if slow_because is None:
        parts, slow_because = _try_fast(text, delimiter, head)
        if parts is not None:
            return head, parts, "fast"
    parts = careful(text, delimiter, head)
    parts.notes.append(Note("careful_lane", f"read record by record: {slow_because}"))
    return head, parts, "careful"


def _obstacle(text: Text) -> str | None:
    if text.damaged:
        return "some bytes do not decode"
    return "NUL bytes" if text.data.find(b"\0", text.start) >= 0 else None


def _try_fast(text: Text, delimiter: str, head: Head) -> tuple[Parts | None, str]:
    where = delimited.layout(text, delimiter)
    if where is None:
        return None, "quotes or line ends are irregular"
    if int((where.ends - where.starts).max(initial=0)) > MAX_FIELD:
        return None, "a very long record"
    return fast.FastLane(text, delimiter, head, where).read(), "the two record counts differ"


def careful(text: Text, delimiter: str, head: Head) -> Parts:
    """Every record through the csv module; the control count comes from `delimited.count`, which does not use it."""
    gather = Gather(head)
    tail: deque[tuple[int, list[str]]] = deque(maxlen=footer.DEPTH)
    for at, record in enumerate(delimited.records(lines(text), delimiter)):
        if at <= head.index:
            continue
        if record.sound:
            gather.add(record.line, record.cells, record.raw)
        else:
            gather.rejects.append(reject(record.line, record.raw, _STRAY))
        if record.raw.strip(BLANKS + delimiter + '"'):
            tail.append((record.line, record.cells))
    total = delimited.count(text, delimiter)
    parts = Parts(gather.table(), gather.rejects, total, gather.blank, head.index + 1, gather.notes())
    return footer.cut(parts, tail, head)
