"""Which names, addresses, identifiers and texts stand as they are, so that they are handed on untouched.

What belongs here: the screen of each textual item type. What becomes of the rows that do not pass is in `texts`.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.rawbytes import Mask
from shuyuan.standards.screen import Screen, rows_holding, second_is
from shuyuan.standards.texts import tidy_compact, tidy_identifier, tidy_organisation, tidy_person, tidy_text

_WIDE: Final = ((0xEA, 0x20), (0xC2, 0xE3), (0x7F, 0x7F))  # all but printable ASCII and unified ideographs
_STAR: Final = (0x2A, 0x2A)
_QUESTION: Final = (0x3F, 0x3F)
_NOT_IN_NAMES: Final = r"[*●█■×?\x{FFFD}\x{E000}-\x{F8FF}]"
_FORMULAS: Final = "=+@-"

_TEXT: Final = Screen(
    tidy_text,
    r"[^\s\S]",
    ((0x00, 0x1F), (0x7F, 0x7F), (0xC2, 0xC2), (0xE2, 0xE2)),
    firsts=_FORMULAS + "*●█■×＊",
    ends=True,
)
_IDENTIFIER: Final = Screen(tidy_identifier, "[*●█■×]", (*_WIDE, _STAR), firsts=_FORMULAS, ends=True)
_ADDRESS: Final = Screen(tidy_compact, _NOT_IN_NAMES, (*_WIDE, _STAR, _QUESTION), firsts=_FORMULAS)
_ORGANISATION: Final = Screen(tidy_organisation, _NOT_IN_NAMES, (*_WIDE, _STAR, _QUESTION), firsts=_FORMULAS)
_PERSON: Final = Screen(tidy_person, rf"{_NOT_IN_NAMES}|[=+@\-\dXx]", ((0xEA, 0x7F), (0xC2, 0xE3)))


def text(raw: pa.StringArray) -> Mask:
    """Texts that stand; U+FEFF is invisible, but its first byte also begins the common punctuation."""
    return _TEXT.plain(raw) & ~rows_holding(raw, "\ufeff")


def identifier(raw: pa.StringArray) -> Mask:
    """Identifiers that stand; a second character of `.`, `E` or `e` may be that of a float."""
    return _IDENTIFIER.plain(raw) & ~second_is(raw, b".Ee")


def address(raw: pa.StringArray) -> Mask:
    """Addresses that stand."""
    return _ADDRESS.plain(raw)


def organisation(raw: pa.StringArray) -> Mask:
    """Names of organisations that stand."""
    return _ORGANISATION.plain(raw)


def person(raw: pa.StringArray) -> Mask:
    """Names of persons that stand; 某 hides a part of a name."""
    return _PERSON.plain(raw) & ~rows_holding(raw, "某")


def with_narrow_brackets(raw: pa.StringArray) -> pa.StringArray:
    """With （） as (): what is wide most often in names and addresses, and the same in every type that folds width."""
    return pc.replace_substring(pc.replace_substring(raw, "（", "("), "）", ")")
