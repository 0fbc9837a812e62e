"""Do two values agree? Each comparator on what departments really write, and on what must not pass for agreement."""

from __future__ import annotations

import duckdb
import pytest

from shuyuan.catalog.models import LibraryItem
from shuyuan.db.sql import Literal, fragment, text_of
from shuyuan.resolve.plan import agrees, meant
from shuyuan.resolve.wide import DUCK

TYPES = {"date": "date", "amount": "amount", "coordinate": "coordinate"}


def verdict(compare: str, a: str, b: str, tolerance: float = 0) -> bool | None:
    """What the comparator says of two texts, each cast to the item's type."""
    kind = TYPES.get(compare, "text")
    item = LibraryItem.model_validate(
        {"name": "x", "label": "x", "type": kind, "source": "d.r.x", "compare": compare, "tolerance": tolerance}
    )
    sides = [fragment(f"CAST({{text}} AS {DUCK.get(kind, 'VARCHAR')})", text=Literal(text)) for text in (a, b)]
    row = duckdb.connect().execute(f"SELECT {text_of(agrees(item, *(meant(item, side) for side in sides)))}").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("compare", "a", "b", "says"),
    [
        ("person_name", "阿依古丽·买买提", "阿依古丽•买买提", True),
        ("person_name", "Li  Lei", "LI LEI", True),
        ("person_name", "张三", "张叁", False),
        ("person_name", "·", ".", None),
        ("org_name", '深圳"数源"科技(集团)有限公司', "深圳数源科技（集团）有限公司", True),
        ("org_name", "O'Neill [CN] Ltd.", "ONEILL[CN] LTD", True),
        ("org_name", "深圳数源科技有限公司", "深圳数源科技集团有限公司", False),
        ("org_name", "（）", "深圳数源科技有限公司", None),
        ("address", "广东省深圳市罗湖区东门街道1号", "东门街道1号", True),
        ("address", "东门街道1号", "广东省深圳市罗湖区东门街道1号", True),
        ("address", "罗湖区东门街道1号（2栋）", "罗湖区东门街道 1号,2栋", True),
        ("address", "罗湖区东门街道11号楼", "1号楼", False),
        ("address", "罗湖区东门街道11号大厦", "1号大厦", False),
        ("address", "罗湖区东门街道1号", "号", False),
        ("address", "罗湖区人民路1-23号", "罗湖区人民路12-3号", False),
        ("address", "罗湖区人民路1—23号", "罗湖区人民路1-23号", True),
        ("address", "罗湖区东门街道1号", "。", None),
        ("code", "20", "2", False),
        ("exact", "A", "a", False),
    ],
)
def test_texts(compare: str, a: str, b: str, says: bool | None) -> None:
    assert verdict(compare, a, b) is says
    assert verdict(compare, b, a) is says, "agreement has no direction"


@pytest.mark.parametrize(
    ("compare", "a", "b", "tolerance", "says"),
    [
        ("date", "2026-02-28", "2026-03-03", 3, True),
        ("date", "2026-02-28", "2026-03-04", 3, False),
        ("amount", "1000000.00", "1000001", 1, True),
        ("amount", "1000000.00", "1000001.000001", 1, False),
        ("amount", "99999999999999.999999", "-99999999999999.999999", 1, False),
        ("coordinate", "113.9310", "113.9305", 0.0005, True),
        ("coordinate", "113.9311", "113.9305", 0.0005, False),
    ],
)
def test_numbers_within_their_tolerance(compare: str, a: str, b: str, tolerance: float, says: bool) -> None:
    assert verdict(compare, a, b, tolerance) is says
    assert verdict(compare, b, a, tolerance) is says
