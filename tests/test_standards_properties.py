"""What holds for any text whatever, found by search."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuyuan.standards import ARROW_TYPES, REASONS, parse
from shuyuan.standards.cells import NULL_TOKENS, fold_width, trim, without_control

# Characters that feeds are made of are drawn far more often than the rest of Unicode.
_FEED = "0123456789０１９X x×*-/.年月日:; ,，.·•・．（）()〔【张三某无万元亿￥¥$Ee+=@'?\u200b\u0001\u00a0\u3000\ufeff\ue000\t\n\\N\u0301\u00a8"
_CELLS = st.one_of(
    st.text(st.sampled_from(_FEED), max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.from_regex(r"[0-9]{6}(19|20)[0-9]{9}[0-9X]", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,16}(\.[0-9]{0,9})?", fullmatch=True),
    st.dates().map(str),
    st.sampled_from(sorted(NULL_TOKENS)),
    st.none(),
)
_COLUMNS = st.lists(_CELLS, max_size=12)
_TYPES = st.sampled_from(sorted(ARROW_TYPES))


def _written(value: Any) -> str | None:
    return None if value is None else format(value, "f") if hasattr(value, "as_tuple") else str(value)


@settings(max_examples=600, deadline=None)
@given(_TYPES, _COLUMNS)
def test_one_verdict_per_cell(item_type: str, cells: list[str | None]) -> None:
    read = parse(item_type, pa.array(cells, pa.string()))
    assert len(read.values) == len(read.verdicts) == len(read.changed) == len(cells)
    assert read.values.type == ARROW_TYPES[item_type]
    for cell, value, verdict in zip(cells, read.values.to_pylist(), read.verdicts.to_pylist(), strict=True):
        if verdict is None:
            assert value is not None or _says_nothing(cell)
        else:
            assert (value is not None) == REASONS[verdict].usable


@settings(max_examples=600, deadline=None)
@given(_TYPES, _COLUMNS)
def test_changed_tells_the_truth(item_type: str, cells: list[str | None]) -> None:
    read = parse(item_type, pa.array(cells, pa.string()))
    for cell, value, changed in zip(cells, read.values.to_pylist(), read.changed.to_pylist(), strict=True):
        if ARROW_TYPES[item_type] == pa.string():
            assert changed == ((cell or None) != value)
        else:
            assert changed or not cell or value is not None


@settings(max_examples=900, deadline=None)
@given(_TYPES, _COLUMNS)
def test_canonical_values_are_left_alone(item_type: str, cells: list[str | None]) -> None:
    once = parse(item_type, pa.array(cells, pa.string()))
    again = parse(item_type, pa.array([_written(value) for value in once.values.to_pylist()], pa.string()))
    assert again.values.to_pylist() == once.values.to_pylist()
    if item_type != "coordinate":  # shortest decimal of a float may be in exponent form
        assert not any(again.changed.to_pylist())


@settings(max_examples=300, deadline=None)
@given(_TYPES, _COLUMNS, st.integers(0, 12))
def test_a_cell_is_judged_by_itself(item_type: str, cells: list[str | None], at: int) -> None:
    whole = parse(item_type, pa.array(cells, pa.string()))
    one = parse(item_type, pa.array(cells[at : at + 1], pa.string()))
    assert one.values.to_pylist() == whole.values.to_pylist()[at : at + 1]
    assert one.verdicts.to_pylist() == whole.verdicts.to_pylist()[at : at + 1]
    assert one.changed.to_pylist() == whole.changed.to_pylist()[at : at + 1]


def _says_nothing(cell: str | None) -> bool:
    bare = trim(without_control(pa.array([cell or ""])))
    return bool({bare[0].as_py(), trim(fold_width(bare))[0].as_py()} & (NULL_TOKENS | {""})) or _only_quotes(bare)


def _only_quotes(bare: pa.StringArray) -> bool:
    squeezed = "".join(fold_width(bare)[0].as_py().split()).strip("'`’‘\"").upper()
    return squeezed in NULL_TOKENS | {""}


@pytest.mark.parametrize("item_type", ARROW_TYPES)
def test_nothing_is_read_from_nothing(item_type: str) -> None:
    read = parse(item_type, pa.nulls(3, pa.string()))
    assert read.values.null_count == 3
    assert not any(read.changed.to_pylist())
