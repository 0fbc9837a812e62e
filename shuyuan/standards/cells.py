"""What is common to all cells: width and spaces, null tokens, masks, numbers mangled by spreadsheets.

What belongs here: reading conventions of department feeds that do not depend on what an item means.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.column import mask_of
from shuyuan.standards.rawbytes import Mask, first_bytes, holds_any, holds_below, is_ascii, lengths

# What departments write for "nothing" (and what their exporters leave behind); compared after trimming.
_EXPORTED: Final = ("null", "NULL", "Null", "(null)", "<null>", r"\N", "None", "NaN", "nan", "N/A", "n/a", "#N/A", "NA")
_TYPED: Final = ("-", "--", "---", "－", "－－", "—", "——", "/", "\\", "无", "暂无", "空", "空值", "暂缺")
NULL_TOKENS: Final = frozenset(_EXPORTED + _TYPED)
_NULL_TOKENS: Final = pa.array(sorted(NULL_TOKENS | {""}), pa.string())
_LONGEST_TOKEN: Final = max(len(token.encode()) for token in NULL_TOKENS)

# Format characters (zero width, direction marks, BOM) are as invisible as control characters.
_INVISIBLE: Final = (
    r"\x00-\x08\x0B\x0C\x0E-\x1F\x7F\x{80}-\x{9F}\x{AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{FEFF}"
)
_INVISIBLE_LEADS: Final = b"\x7f\xc2\xe2\xef"
_CONTROL: Final = f"[{_INVISIBLE}]"
_SPACE_LEADS: Final = b"\xc2\xe1\xe2\xe3"
_SPACES: Final = r"[\s\p{Z}]+"
_MANGLED: Final = r"^[+-]?\d(\.\d+[Ee]\+?\d+|[Ee]\+\d+)$"


def fold_width(texts: pa.StringArray) -> pa.StringArray:
    """NFKC: full-width letters and digits to ASCII, compatibility ideographs to the unified ones."""
    return texts if is_ascii(texts) else pc.utf8_normalize(texts, "NFKC")


def trim(texts: pa.StringArray) -> pa.StringArray:
    """Without white space at both ends."""
    return pc.utf8_trim_whitespace(texts)


def without_spaces(texts: pa.StringArray) -> pa.StringArray:
    """Without any white space, and again composed: removing a space may bring a mark next to its letter."""
    if not (holds_below(texts, 0x21) or holds_any(texts, _SPACE_LEADS)) or not matches(texts, _SPACES).any():
        return texts
    return pc.utf8_normalize(pc.replace_substring_regex(texts, _SPACES, ""), "NFC")


def has_control(texts: pa.StringArray) -> Mask:
    """Rows with invisible characters (tab and line ends are white space, not control)."""
    if holds_below(texts, 0x20) or holds_any(texts, _INVISIBLE_LEADS):
        return matches(texts, _CONTROL)
    return np.zeros(len(texts), np.bool_)


def without_control(texts: pa.StringArray) -> pa.StringArray:
    """Without invisible characters."""
    return pc.replace_substring_regex(texts, _CONTROL, "") if has_control(texts).any() else texts


def null_tokens(texts: pa.StringArray) -> Mask:
    """Rows whose tidied text says "nothing"."""
    short = lengths(texts) <= _LONGEST_TOKEN
    return short & mask_of(pc.is_in(texts, value_set=_NULL_TOKENS)) if short.any() else short


def excel_mangled(texts: pa.StringArray) -> Mask:
    """Rows like `1.10105E+17`: a long number that a spreadsheet turned into a float. It cannot be repaired."""
    return matches(texts, _MANGLED) if holds_any(texts, b"Ee") else np.zeros(len(texts), np.bool_)


def matches(texts: pa.StringArray, pattern: str) -> Mask:
    """Rows in which the RE2 `pattern` is found."""
    return mask_of(pc.match_substring_regex(texts, pattern))


def matches_after(texts: pa.StringArray, firsts: bytes, pattern: str) -> Mask:
    """As `matches`, for a pattern that can only begin with one of the bytes `firsts`."""
    found = np.isin(first_bytes(texts), np.frombuffer(firsts, np.uint8))
    if found.any():
        found[found] = matches(texts.filter(pa.array(found)), pattern)
    return found
