"""Code items and divisions: a value counts only when it is in its list, directly or through a department's crosswalk.

Both types are read once per different text. What belongs here: looking values up. The lists themselves are catalog data.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.cells import NULL_TOKENS, fold_width, matches, trim
from shuyuan.standards.column import Column, Parsed, differs, mask_of
from shuyuan.standards.options import Options

UNMAPPED: Final = ("code_unknown", "division_unknown", "division_malformed", "division_superseded")
"""Verdicts that end when a steward adds a value to a list or a line to a crosswalk."""
_DIVISION_FORM: Final = r"^[1-9]\d{5}(\d{3}|\d{6})?$"


def judge_code(texts: pa.StringArray, options: Options) -> Column:
    """Tidied texts to values of the code list. A crosswalk comes first: a department's `1` need not be the standard's."""
    crosswalk = _crosswalk(options)
    column = _looked_up(texts, lambda text: crosswalk.get(text, text))
    column.flag(column.changed, "code_crosswalked")
    _flag_unlisted(column, options, "code_unknown")
    return column


def judge_division(texts: pa.StringArray, options: Options) -> Column:
    """Tidied texts to division codes of 6, 9 or 12 digits (GB/T 2260, GB/T 10114), without the zeros that pad them.

    `440303000000` and `440303` are one county, `44` and `440000` one province.
    """
    crosswalk = _crosswalk(options)
    mapped = _looked_up(texts, lambda text: crosswalk.get(text, text))
    column = _looked_up(mapped.values, _unpadded)
    column.flag(mapped.changed, "code_crosswalked")
    column.changed |= mapped.changed
    _flag_unlisted_division(column, options)
    column.flag(~matches(column.values, _DIVISION_FORM), "division_malformed")
    return column


def unmapped(raw: pa.Array | pa.ChunkedArray, parsed: Parsed) -> pa.Table:
    """The steward's list of one item: what no list or crosswalk names, and divisions given up. `raw` and `parsed` are of one `parse`.

    Columns `value` (the text as a crosswalk would name it: NFKC width, trimmed), `reason` and `rows`, the most frequent first.
    """
    verdicts = parsed.verdicts
    open_ = pc.is_in(verdicts, value_set=pa.array(UNMAPPED))
    texts = raw.combine_chunks() if isinstance(raw, pa.ChunkedArray) else raw
    values = trim(fold_width(texts.filter(open_).cast(pa.string())))
    found = pa.table({"value": values, "reason": verdicts.filter(open_)})
    counted = found.group_by(["value", "reason"]).aggregate([([], "count_all")])
    order = [("rows", "descending"), ("value", "ascending")]
    return counted.rename_columns(["value", "reason", "rows"]).sort_by(order)


def spoken_for(options: Options) -> frozenset[str]:
    """Null tokens that this item's list or crosswalk gives a meaning, so that they are values here."""
    listed = set(options.codes or ()) | set(_crosswalk(options))
    return frozenset(NULL_TOKENS & listed)


def _crosswalk(options: Options) -> Mapping[str, str]:
    declared = {_key(word): code for word, code in (options.crosswalk or {}).items()}
    return _labels(options.codes) | declared if isinstance(options.codes, Mapping) else declared


def _labels(codes: Mapping[str, str]) -> dict[str, str]:
    """Label → value, for labels that name one value and are no value themselves."""
    times = Counter(_key(label) for label in codes.values())
    named = ((_key(label), code) for code, label in codes.items())
    return {label: code for label, code in named if times[label] == 1 and label not in codes}


def _key(word: str) -> str:
    return unicodedata.normalize("NFKC", word).strip()


def _looked_up(texts: pa.StringArray, lookup: Callable[[str], str]) -> Column:
    values = pa.array([lookup(text) for text in texts.to_pylist()], pa.string())
    return Column.of(values, differs(texts, values))


def _flag_unlisted(column: Column, options: Options, reason: str) -> None:
    if options.codes is not None:
        listed = pa.array(list(options.codes), pa.string())
        column.flag(~mask_of(pc.is_in(column.values, value_set=listed)), reason)


def _flag_unlisted_division(column: Column, options: Options) -> None:
    """Not in the list, or without a list not in use by the history: given up if the history knows it, else unknown."""
    history, listed, texts = options.history, options.codes, column.values
    if history is None:
        _flag_unlisted(column, options, "division_unknown")
        return
    fine = history.current(texts) if listed is None else mask_of(pc.is_in(texts, pa.array(list(listed), pa.string())))
    given_up = ~fine & history.superseded(texts)
    column.flag(given_up, "division_superseded")
    column.flag(~fine & ~given_up, "division_unknown")


def _unpadded(code: str) -> str:
    if not (code.isascii() and code.isdigit()):
        return code
    if len(code) in (2, 4):
        return code.ljust(6, "0")
    while len(code) in (9, 12) and code.endswith("000"):
        code = code[:-3]
    return code
