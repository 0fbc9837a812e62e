"""From a column as read to values and verdicts: the one door of this room.

What belongs here: which module reads which item type, and the steps all types share
(null tokens, masked values, what counts as changed).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards import amounts, citizen, codes, dates, identifiers, numbers, phones, standing, texts, uscc
from shuyuan.standards.cells import has_control, matches, null_tokens
from shuyuan.standards.codes import spoken_for
from shuyuan.standards.column import Column, Parsed, differs, mask_of
from shuyuan.standards.divisions import History
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import Mask, holds_any, lengths
from shuyuan.standards.screen import empty_as_null

_MASK_LEADS: Final = b"*\xe2\xc3\xe6\xefXx"  # first bytes of everything the patterns below look for
_ANY_MASK: Final = r"[*●█■]|×{2,}"
_NUMBER_MASK: Final = r"[*●█■×]|X.*X"
_PERSON_MASK: Final = r"[*●█■×某]|\p{Han}[Xx]+$|^[Xx]{2,}$"
_ADDRESS_MASK: Final = r"\*{2,}|[●█■]{2,}|×{2,}"
_WHOLE_MASK: Final = r"^[*●█■×＊]+$"


@dataclass(frozen=True)
class _Kind:
    """How one item type is read: `plain` rows skip tidying; `judge` gets tidied texts without nulls.

    Rows that pass the `screen` (nulls and empty texts among them) are not even judged: they stand as they are; `stands` is the same
    for types whose settings matter. Of a type that `repeats` every different text is read once. `swift` reads the plain rows, nulls and
    empty texts of a typed column at once, and says which rows are left. `mend` repairs what is most often amiss in rows that do not pass
    the `screen`; those that then pass are done.
    """

    arrow_type: pa.DataType
    tidy: Callable[[pa.StringArray], pa.StringArray]
    judge: Callable[[pa.StringArray, Options], Column]
    mask: str = _ANY_MASK
    plain: Callable[[pa.StringArray], Mask] | None = None
    screen: Callable[[pa.StringArray], Mask] | None = None
    stands: Callable[[pa.StringArray, Options], Mask] | None = None
    repeats: bool = False
    swift: Callable[[pa.StringArray, Options], tuple[Column, Mask]] | None = None
    mend: Callable[[pa.StringArray], pa.StringArray] | None = None


_TIDY: Final = {"email": texts.tidy_compact, "social_reg_no": texts.tidy_compact}

_KINDS: Final = {
    "text": _Kind(pa.string(), texts.tidy_text, texts.judge_text, _WHOLE_MASK, screen=standing.text),
    "identifier": _Kind(
        pa.string(),
        texts.tidy_identifier,
        texts.judge_identifier,
        screen=standing.identifier,
        mend=standing.with_narrow_brackets,
    ),
    "phone": _Kind(pa.string(), texts.tidy_number, phones.judge, _NUMBER_MASK, swift=phones.swift),
    "address": _Kind(
        pa.string(),
        texts.tidy_compact,
        texts.judge_named,
        _ADDRESS_MASK,
        screen=standing.address,
        mend=standing.with_narrow_brackets,
    ),
    "person_name": _Kind(pa.string(), texts.tidy_person, texts.judge_person, _PERSON_MASK, screen=standing.person),
    "org_name": _Kind(
        pa.string(),
        texts.tidy_organisation,
        texts.judge_named,
        screen=standing.organisation,
        mend=standing.with_narrow_brackets,
    ),
    "citizen_id": _Kind(pa.string(), texts.tidy_number, citizen.judge, _NUMBER_MASK, stands=citizen.stands),
    "uscc": _Kind(pa.string(), texts.tidy_number, uscc.judge, stands=uscc.stands),
    **{
        name: _Kind(pa.string(), _TIDY.get(name, texts.tidy_number), form.judge, stands=form.stands)
        for name, form in identifiers.FORMS.items()
    },
    "code": _Kind(pa.string(), texts.tidy_identifier, codes.judge_code, repeats=True),
    "division": _Kind(pa.string(), texts.tidy_compact, codes.judge_division, repeats=True),
    "date": _Kind(pa.date32(), texts.tidy_identifier, dates.judge, swift=dates.swift),
    "amount": _Kind(amounts.AMOUNT, texts.tidy_compact, amounts.judge_amount, swift=amounts.swift),
    "integer": _Kind(pa.int64(), texts.tidy_compact, numbers.judge_integer),
    "coordinate": _Kind(pa.float64(), texts.tidy_compact, numbers.judge_coordinate),
}

ARROW_TYPES: Final[Mapping[str, pa.DataType]] = MappingProxyType(
    {name: kind.arrow_type for name, kind in _KINDS.items()}
)
"""Item type → Arrow type of its values."""


def parse(
    item_type: str,
    raw: pa.Array | pa.ChunkedArray,
    *,
    codes: Collection[str] | None = None,
    crosswalk: Mapping[str, str] | None = None,
    unit: str | None = None,
    as_of: date | None = None,
    history: History | None = None,
) -> Parsed:
    """Read one column of texts as `item_type`.

    `codes` are the values of the item's code list (`code`, `division`); given as a mapping value → label, a label is
    read as its value. `crosswalk` maps a department's own codes and words to values and comes first. `unit` is what an
    unmarked amount means (元 by default; 万元, 千元, …). `as_of` is the day against which "future" is judged. `history` knows the divisions
    of earlier years: a `division` that was given up is then told from one that never was, and so is the region of a `citizen_id`.

    Raises ValueError for an unknown item type or unit; never for the content of a cell: that is a verdict.
    """
    kind = _KINDS.get(item_type)
    if kind is None:
        raise ValueError(f"item type {item_type!r} is not known; write one of {', '.join(_KINDS)}")
    options = Options(codes, crosswalk, unit, as_of, history)
    chunks = raw.chunks if isinstance(raw, pa.ChunkedArray) else [raw]
    parts = [_parse(kind, _as_strings(chunk), options).parsed() for chunk in chunks]
    if len(parts) == 1:
        return parts[0]
    return _joined(parts, kind.arrow_type)


def _as_strings(raw: pa.Array) -> pa.StringArray:
    return raw if raw.type == pa.string() else raw.cast(pa.string())


def _joined(parts: list[Parsed], arrow_type: pa.DataType) -> Parsed:
    types = (("values", arrow_type), ("verdicts", pa.string()), ("changed", pa.bool_()))
    joined = (pa.concat_arrays([pa.array([], of), *(getattr(part, name) for part in parts)]) for name, of in types)
    return Parsed(*joined)


def _parse(kind: _Kind, raw: pa.StringArray, options: Options) -> Column:
    if kind.repeats:
        return _parse_repeating(kind, raw, options)
    if kind.stands:
        return _parse_screened(kind, raw, kind.stands(raw, options) | (lengths(raw) <= 0), options)
    if kind.screen:
        return _parse_screened(kind, raw, kind.screen(raw), options)
    if kind.swift:
        return _parse_left(kind, raw, *kind.swift(raw, options), options)
    plain = kind.plain(raw) if kind.plain else np.zeros(len(raw), np.bool_)
    if len(raw) and plain.all():
        column = kind.judge(raw, options)
    else:
        column = Column.empty(len(raw), kind.arrow_type)
        column.put(plain, kind.judge(raw.filter(pa.array(plain)), options))
        column.put(~plain, _parse_untidy(kind, raw.filter(pa.array(~plain)), options))
    column.drop_unusable()
    return column


def _parse_repeating(kind: _Kind, raw: pa.StringArray, options: Options) -> Column:
    encoded = raw.dictionary_encode(null_encoding="encode")
    column = _parse_untidy(kind, encoded.dictionary, options)
    column.drop_unusable()
    if column.ranks.any() or column.changed.any():
        return column.take(encoded.indices)
    return Column.of(empty_as_null(raw))


def _parse_screened(kind: _Kind, raw: pa.StringArray, stands: Mask, options: Options) -> Column:
    """What stands is handed on over the buffers it came in; only the rest is read."""
    return _parse_left(kind, raw, Column.of(empty_as_null(raw)), ~stands, options)


def _parse_left(kind: _Kind, raw: pa.StringArray, column: Column, left: Mask, options: Options) -> Column:
    """What was read swiftly stays; only the rest is tidied and judged."""
    if left.any():
        column.put(left, _parse_rest(kind, raw.filter(pa.array(left)), options))
        column.drop_unusable()
    return column


def _parse_rest(kind: _Kind, raw: pa.StringArray, options: Options) -> Column:
    if not (kind.mend and kind.screen):
        return _parse_untidy(kind, raw, options)
    mended = kind.mend(raw)
    stands = kind.screen(mended)
    column = Column.of(mended, differs(raw, mended))
    if not stands.all():
        column.put(~stands, _parse_untidy(kind, raw.filter(pa.array(~stands)), options))
    return column


def _parse_untidy(kind: _Kind, raw: pa.StringArray, options: Options) -> Column:
    tidy = kind.tidy(raw)
    absent = mask_of(raw.is_null()) | _says_nothing(tidy, options)
    masked = ~absent & (matches(tidy, kind.mask) if holds_any(tidy, _MASK_LEADS) else False)
    column = Column.empty(len(raw), kind.arrow_type)
    column.changed[:] = absent & mask_of(pc.not_equal(raw, ""))
    column.flag(masked, "masked")
    rest = ~(absent | masked)
    column.put(rest, _judged(kind, raw.filter(pa.array(rest)), tidy.filter(pa.array(rest)), options))
    return column


def _says_nothing(tidy: pa.StringArray, options: Options) -> Mask:
    nothing, spoken = null_tokens(tidy), spoken_for(options)
    if spoken and nothing.any():
        nothing &= ~mask_of(pc.is_in(tidy, value_set=pa.array(sorted(spoken), pa.string())))
    return nothing


def _judged(kind: _Kind, raw: pa.StringArray, tidy: pa.StringArray, options: Options) -> Column:
    column = kind.judge(tidy, options)
    column.changed = column.changed | differs(raw, tidy)
    column.flag(has_control(raw), "text_control_chars")
    return column
