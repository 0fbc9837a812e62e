"""What one cell looks like, told without a contract: the evidence by which dialects, headers and shifted rows are judged.

Only the look counts here; whether a value is well formed is the business of `standards`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from shuyuan.reader.rows import BLANKS

EMPTY, NULL, TEXT, WORD = "empty", "null", "text", "word"
NUMBER, DATE, TIME, CODE, ADDRESS, FLAG = "number", "date", "time", "code", "address", "flag"
TYPED = frozenset({NUMBER, DATE, TIME, CODE, ADDRESS, FLAG})
WORD_LENGTH = 24  # characters; a longer text is a sentence

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_PATTERNS = (
    (NUMBER, rf"[¥$€£]?\s?[+-]?(?:{_DIGITS})(?:[eE][+-]?\d+)?\s?(?:%|‰|元|万元|亿元|万美元|\s?RMB|人|户|家|件|个)?"),
    (
        DATE,
        r"(?:1[89]|20)\d\d[-/.年]\s?[01]?\d(?:[-/.月]\s?[0-3]?\d日?)?月?(?:[T ]\s?[012]?\d:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?Z?)?",
    ),
    (DATE, r"[0-3]?\d[-/.][0-3]?\d[-/.](?:\d\d)?\d\d(?:\s[012]?\d:[0-5]\d(?::[0-5]\d)?)?"),
    (TIME, r"[012]?\d:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?"),
    (ADDRESS, r"(?:https?|ftp)://\S+|www\.\S+|[\w.+-]+@[\w-]+\.[\w.]+"),
    (FLAG, r"true|false|yes|no|是|否|有"),
    (NULL, r"-+|/|\\N|null|none|n/?a|无|暂无|不详|\(null\)"),
    (CODE, r"(?=[^\d]*\d|[^*]*\*)[A-Za-z0-9*][A-Za-z0-9_\-./*()#]*"),
)
_KINDS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)
_SPACES = re.compile(r"\s")


@lru_cache(maxsize=65_536)
def kind(cell: str) -> str:
    """One of the kinds above; full-width digits and signs count as plain ones."""
    text = cell.strip(BLANKS)
    if not text:
        return EMPTY
    if len(text) <= 100:
        plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
        for name, pattern in _KINDS:
            if pattern.fullmatch(plain):
                return name
    return WORD if len(text) <= WORD_LENGTH and len(_SPACES.findall(text)) <= 2 else TEXT


def typical(cells: Iterable[str], share: float = 0.8) -> str | None:
    """The typed kind that at least `share` of the cells with content have; None where the column is text, mixed or empty."""
    counts = Counter(kind(c) for c in cells)
    total = sum(n for k, n in counts.items() if k not in (EMPTY, NULL))
    best = max(TYPED, key=lambda k: (counts[k], k))
    return best if total and counts[best] >= share * total else None
