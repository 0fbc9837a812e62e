"""Names, addresses, free identifiers and free text: one spelling for one meaning.

What belongs here: spelling. Whether two names mean one person is a comparator's question.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.cells import (
    excel_mangled,
    fold_width,
    matches,
    matches_after,
    trim,
    without_control,
    without_spaces,
)
from shuyuan.standards.column import Column
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import holds_any

_HAN: Final = r"\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}\x{20000}-\x{323AF}\x{E000}-\x{F8FF}\x{3007}"
_DOTS: Final = r"[\x{2022}\x{30FB}\x{2027}\x{2219}\x{22C5}\x{16EB}\x{2024}]"
_DOT_BETWEEN_HAN: Final = rf"([{_HAN}])[.。]([{_HAN}])"
_SPACES_BESIDE_HAN: Final = rf"([{_HAN}·])\s+|\s+([{_HAN}·])"
_PRIVATE_USE: Final = r"[\x{E000}-\x{F8FF}\x{F0000}-\x{FFFFD}\x{100000}-\x{10FFFD}]"
_PRIVATE_USE_LEADS: Final = b"\xee\xef\xf3\xf4"
_LOST_LEADS: Final = b"?\xef"
_LOST: Final = r"[?\x{FFFD}]"
_FORMULA: Final = r"^[=+@-]\s*([A-Za-z_.]+\s*\(|[A-Za-z]+\||\$?[A-Z]{1,3}\$?\d+([-+*/:,)]|$))|^=\s*[-+\d(\"]"
_BRACKET_LEADS: Final = b"\xe3\xef"
_BRACKETS: Final = (("[（〔【﹙]", "("), ("[）〕】﹚]", ")"))


def tidy_text(raw: pa.StringArray) -> pa.StringArray:
    """Without control characters and outer white space; width and punctuation of a text are its own."""
    return trim(without_control(raw))


def tidy_identifier(raw: pa.StringArray) -> pa.StringArray:
    """NFKC width, trimmed."""
    return trim(fold_width(without_control(raw)))


def tidy_number(raw: pa.StringArray) -> pa.StringArray:
    """NFKC width, upper case, no white space, no apostrophe that made a spreadsheet keep it as text."""
    bare = without_spaces(fold_width(without_control(raw)))
    return pc.utf8_upper(pc.utf8_trim(bare, "'`’‘\""))


def tidy_compact(raw: pa.StringArray) -> pa.StringArray:
    """NFKC width and no white space at all (addresses)."""
    return without_spaces(fold_width(without_control(raw)))


def tidy_organisation(raw: pa.StringArray) -> pa.StringArray:
    """As `tidy_compact`, every kind of bracket half width."""
    texts = tidy_compact(raw)
    for pattern, bracket in _BRACKETS if holds_any(texts, _BRACKET_LEADS) else ():
        texts = pc.replace_substring_regex(texts, pattern, bracket)
    return texts


def tidy_person(raw: pa.StringArray) -> pa.StringArray:
    """NFKC width, one dot (U+00B7) between the parts of a name, no space beside a Han character."""
    texts = trim(fold_width(without_control(raw)))
    texts = pc.replace_substring_regex(texts, _DOTS, "·")
    texts = _twice(texts, _SPACES_BESIDE_HAN, r"\1\2")
    texts = _twice(texts, _DOT_BETWEEN_HAN, r"\1·\2")
    return pc.utf8_normalize(pc.replace_substring_regex(texts, r"\s+", " "), "NFC")


def judge_text(texts: pa.StringArray, options: Options) -> Column:
    """Text stays; what looks like a spreadsheet formula is flagged for whoever exports it."""
    column = Column.of(texts)
    column.flag(matches_after(texts, b"=+@-", _FORMULA), "text_formula")
    return column


def judge_identifier(texts: pa.StringArray, options: Options) -> Column:
    """A document or licence number; floats made by spreadsheets are refused."""
    column = judge_text(texts, options)
    column.flag(excel_mangled(texts), "excel_mangled")
    return column


def judge_named(texts: pa.StringArray, options: Options) -> Column:
    """Names of organisations and addresses."""
    column = judge_text(texts, options)
    if holds_any(texts, _PRIVATE_USE_LEADS):
        column.flag(matches(texts, _PRIVATE_USE), "name_private_use")
    if holds_any(texts, _LOST_LEADS):
        column.flag(matches(texts, _LOST), "name_lost_character")
    return column


def judge_person(texts: pa.StringArray, options: Options) -> Column:
    """Names of persons."""
    column = judge_named(texts, options)
    column.flag(matches(texts, r"\d"), "name_has_digits")
    return column


def _twice(texts: pa.StringArray, pattern: str, replacement: str) -> pa.StringArray:
    """Replace, and again: matches that share a character are found in two rounds."""
    if not matches(texts, pattern).any():
        return texts
    once = pc.replace_substring_regex(texts, pattern, replacement)
    return pc.replace_substring_regex(once, pattern, replacement)
