"""A screen may only let through what the slow path would hand back untouched: proven character by character and by search."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuyuan.standards import parse, standing
from shuyuan.standards.column import mask_of
from shuyuan.standards.options import Options
from shuyuan.standards.parse import _KINDS, _parse_untidy
from shuyuan.standards.screen import _BLOCK, Screen, empty_as_null, rows_holding

SCREENED = sorted(name for name, kind in _KINDS.items() if kind.screen)
SCREENS = {name: value for name, value in vars(standing).items() if isinstance(value, Screen)}
FEED = (
    "0123456789Xx ,.;*?=+-@()号路第AE\u00b7\u00a0\u00ad\u0085\u2022\u3000\u3001\u3002\u30fb\uff08\uff09\uff0c\uff1b\uff0a"
    "\u200b\ufeff\ue000\ufffd\u0301\u0001\n\t\u201c\u201d\u25cf\u00d7张三某无暂空\U00020bb7\U0002f800—－"
)
CELLS = st.one_of(
    st.text(st.sampled_from(FEED), max_size=8),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.none(),
)


def assert_screen_is_right(item_type: str, raw: pa.Array) -> None:
    kind = _KINDS[item_type]
    assert kind.screen is not None
    passed = pa.array(kind.screen(raw))
    slow = _parse_untidy(kind, raw, Options())
    untouched = pc.and_(pc.invert(pa.array(slow.changed)), pc.equal(pa.array(slow.ranks), 0))
    wrong = pc.and_(passed, pc.invert(untouched))
    assert raw.filter(wrong).to_pylist() == []
    kept = empty_as_null(raw).filter(passed)
    assert kept.to_pylist() == slow.values.filter(passed).to_pylist()


@pytest.mark.parametrize("item_type", SCREENED)
@pytest.mark.parametrize("frame", ["{}", "{}字", "字{}", "字{}字", "A{}A", "字{0}{0}", "{0}字字字字字字{0}"])
def test_every_character_of_unicode(item_type: str, frame: str) -> None:
    points = [*range(0xD800), *range(0xE000, 0x30000), *range(0xE0000, 0xE0200), 0x10FFFF]
    assert_screen_is_right(item_type, pa.array([frame.format(chr(point)) for point in points]))


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(["identifier", "address", "org_name"]),
    st.lists(st.text("数源（）()第1 *=无\u0301", max_size=6), max_size=8),
)
def test_mended_rows_end_as_on_the_slow_path(item_type: str, cells: list[str]) -> None:
    raw = pa.array(cells, pa.string())
    slow = _parse_untidy(_KINDS[item_type], raw, Options())
    slow.drop_unusable()
    assert parse(item_type, raw) == slow.parsed()


@pytest.mark.parametrize("name", SCREENS)
def test_suspects_hold_every_touchy_character_and_no_continuation(name: str) -> None:
    screen = SCREENS[name]
    bytes_ = {(first + step) % 256 for first, last in screen.suspects for step in range((last - first) % 256 + 1)}
    assert not bytes_ & set(range(0x80, 0xC0))
    if name != "_TEXT":  # its spaces matter only at the ends, its U+FEFF has a look of its own
        touched = {
            chr(point).encode()[0] for point in range(0x10000) if screen.table[point] and chr(point).isprintable()
        }
        assert touched <= bytes_


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(SCREENED), st.lists(CELLS, max_size=10), st.integers(0, 3))
def test_random_columns(item_type: str, cells: list[str | None], skip: int) -> None:
    assert_screen_is_right(item_type, pa.array(cells, pa.string()).slice(min(skip, len(cells))))


@pytest.mark.parametrize("item_type", SCREENED)
def test_clean_cells_pass(item_type: str) -> None:
    """The screen is of use: what departments usually write is let through."""
    usual = {
        "text": "食品销售（仅限预包装），“日用百货”、五金。\n服务;第2项 其他",
        "identifier": "粤食药2019-00123号 A1",
        "address": "广东省深圳市南山区科技路1-2号3栋、405室",
        "person_name": "阿依古丽·买买提",
        "org_name": "数源(深圳)科技有限公司",
    }
    kind = _KINDS[item_type]
    assert kind.screen is not None
    assert kind.screen(pa.array([usual[item_type], "", None])).tolist() == [True] * 3


@pytest.mark.parametrize("before", range(_BLOCK - 4, _BLOCK + 2))
def test_characters_across_the_border_of_a_block(before: int) -> None:
    raw = pa.array(["甲" * 5, "a" * (before - 15), "某", "\ufeff", "乙", "（"])
    assert rows_holding(raw, "某").tolist() == [False, False, True, False, False, False]
    for item_type in ("org_name", "text", "person_name"):
        assert_screen_is_right(item_type, raw)


def test_empty_texts_become_null_over_the_same_buffers() -> None:
    raw = pa.array(["甲", "", None, "乙", ""]).slice(1)
    read = empty_as_null(raw)
    assert read.to_pylist() == [None, None, "乙", None]
    assert read.buffers()[2].address == raw.buffers()[2].address
    assert mask_of(pc.equal(read, "乙")).tolist() == [False, False, True, False]
