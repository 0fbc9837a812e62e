"""Numbers of persons, cards, e-mail addresses and secrecy markings are found anywhere in a text, and only they."""

from __future__ import annotations

import re
import time
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.iso7064 import mod_11_2

from shuyuan.standards.traces import KINDS, SAMPLES, Trace, traces

CITIZEN = "11010519491231002X"
CARD = next(f"622202020011223{n}" for n in range(10) if luhn.is_valid(f"622202020011223{n}"))


def found(*cells: str | None) -> dict[str, int]:
    return {kind: trace.rows for kind, trace in traces(pa.array(cells, pa.string())).items()}


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (CITIZEN, "citizen_id"),
        (CITIZEN.lower(), "citizen_id"),
        (f"当事人张三（身份证号{CITIZEN}）无照经营", "citizen_id"),
        (f"{CITIZEN},810000199408230021", "citizen_id"),
        ("13800138000", "phone"),
        ("联系电话:13800138000。", "phone"),
        ("+8613800138000", "phone"),
        ("86-13800138000", "phone"),
        (CARD, "bank_card"),
        (f"账号{CARD}", "bank_card"),
        ("zhang.san@example.gov.cn", "email"),
        ("请发 a_b@x.cn 联系", "email"),
        ("秘密", "secrecy"),
        ("机密级", "secrecy"),
        ("绝密★启封前", "secrecy"),
        ("机 密 ★ 10 年", "secrecy"),
        ("（秘密）", "secrecy"),
        ("密级：机密", "secrecy"),
        ("文件密级:秘密★5年，请核对", "secrecy"),
        ("内部资料", "secrecy"),
        ("内部资料，注意保存", "secrecy"),
        ("【内部文件】", "secrecy"),
        ("(内部使用)", "secrecy"),
        ("工作秘密", "secrecy"),
    ],
)
def test_what_is_found(cell: str, kind: str) -> None:
    assert found("前", cell, "后") == {kind: 1}


@pytest.mark.parametrize(
    "cell",
    [
        "110105194912310021",
        "110105********002X",
        "910105194913310020",
        "91110000600037341L",
        "440524999901010014",
        "138****8000",
        "12800138000",
        "138001380001",
        "1380013800",
        "13800138000.00",
        "GZ13800138000",
        "20211028154247",
        "4403032019000123",
        str(int(CARD) + 1),
        "甲@乙",
        "@example.com",
        "不得泄露国家秘密",
        "侵犯商业秘密",
        "密云区机密路1号",
        "内部资料性出版物准印证",
        "内部审计",
        "★★★★★",
        "五★级酒店",
        "非密",
        "密级：公开",
        "保密局",
        "",
        None,
    ],
)
def test_what_is_not(cell: str | None) -> None:
    assert found("前", cell, "后") == {}


def test_rows_are_counted_once_and_named_in_order() -> None:
    cells = ["甲", f"{CITIZEN}与{CITIZEN}", None, "", *[f"电话1380013800{n % 10}" for n in range(9)]]
    read = traces(pa.chunked_array([cells[:3], cells[3:]]))
    assert read["citizen_id"] == Trace(1, 1, (1,))
    assert read["phone"] == Trace(9, 9, (4, 5, 6, 7, 8))
    assert len(read["phone"].first) == SAMPLES


def test_digits_of_neighbouring_rows_are_no_number() -> None:
    assert found("138001", "38000", "1380013", "8000", CITIZEN[:10], CITIZEN[10:]) == {}
    assert found(*(CITIZEN[at] for at in range(18))) == {}


def test_tried_counts_what_only_has_the_form() -> None:
    read = traces(pa.array([CITIZEN, "110105194912310021", "12345678901", "13800138000"]))
    assert (read["citizen_id"].rows, read["citizen_id"].tried) == (1, 2)
    assert (read["phone"].rows, read["phone"].tried) == (1, 2)


def test_numbers_can_be_left_out() -> None:
    cells = pa.array([CITIZEN, "13800138000", "a@b.cn", "机密★"])
    assert set(traces(cells)) == {"citizen_id", "phone", "email", "secrecy"}
    assert set(traces(cells, numbers=False)) == {"email", "secrecy"}


def test_slices_and_borders_of_blocks() -> None:
    """The same cells, wherever they lie in a buffer."""
    for before in (65_530, 65_536, 65_540, 131_060):
        cells = ["丙" * (before // 3), f"号{CITIZEN}", "机密★", CARD, "13800138000"]
        read = traces(pa.array(["13900139000", *cells]).slice(1))
        assert {kind: trace.first for kind, trace in read.items()} == {
            "citizen_id": (1,),
            "secrecy": (2,),
            "bank_card": (3,),
            "phone": (4,),
        }


CELLS = st.one_of(
    st.none(),
    st.text("0123456789xX86 甲.a-", max_size=45),
    st.from_regex(r"[甲a]?1[1-5]0105(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-2][0-9][0-9]{3}[0-9X][甲0]?", fullmatch=True),
    st.from_regex(r"[甲1]?(86)?1[3-9][0-9]{9}[甲2]?", fullmatch=True),
    st.from_regex(r"62[0-9]{13,18}", fullmatch=True),
)


def is_citizen(number: str) -> bool:
    """GB 11643 by the book; python-stdnum's own check does not know every county."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return born.year >= 1900 and mod_11_2.is_valid(number) and number[:2] in ("11", "12", "13", "14", "15")


def slowly(cell: str | None) -> dict[str, bool]:
    """The same by regular expressions and python-stdnum."""
    runs = list(re.finditer(r"(?<![0-9])[0-9]{11,}(?![0-9])", cell or "", re.ASCII))
    alone = [
        m[0]
        for m in runs
        if not re.search(r"[A-Za-z_.]$", cell[: m.start()]) and not re.match(r"[A-Za-z_.]", cell[m.end() :])
    ]
    numbers = [m[0] for m in runs if len(m[0]) == 18]
    numbers += [m[0] + "X" for m in runs if len(m[0]) == 17 and cell[m.end() : m.end() + 1] in ("x", "X")]
    ids = [n for n in numbers if is_citizen(n)]
    return {
        "citizen_id": bool(ids),
        "phone": any(re.fullmatch(r"(86)?1[3-9]\d{9}", run) for run in alone),
        "bank_card": any(re.fullmatch(r"62\d{14,17}", run) and luhn.is_valid(run) and run not in ids for run in alone),
    }


@settings(max_examples=500, deadline=None)
@given(st.lists(CELLS, max_size=8))
def test_as_by_regular_expressions(cells: list[str | None]) -> None:
    counts = found(*cells)
    expected = [slowly(cell) for cell in cells]
    for kind in ("citizen_id", "phone", "bank_card"):
        assert counts.get(kind, 0) == sum(row[kind] for row in expected), kind


def test_a_clean_column_costs_little() -> None:
    """A generous bound, against being slower by orders of magnitude: a million names in two seconds of this thread."""
    names = pa.array(["数源科技有限公司", "深圳市南山区科技路1号"] * 500_000)
    began = time.thread_time()
    assert traces(names) == {}
    assert time.thread_time() - began < 2
    assert set(KINDS) == {"citizen_id", "phone", "bank_card", "email", "secrecy"}
