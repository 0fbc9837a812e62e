"""Addresses come apart at the ends of their levels, and no character is lost."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuyuan.standards.addresses import _BLOCK, ADDRESS, PARTS, split

WHOLE = [
    ("广东省深圳市南山区粤海街道科技路1号3栋405", "广东省|深圳市|南山区|粤海街道|科技路|1号|3栋405"),
    ("广东深圳市福田区深南大道2000号", "广东省|深圳市|福田区||深南大道|2000号|"),
    ("北京市朝阳区建国门外大街1号", "北京市||朝阳区||建国门外大街|1号|"),
    ("北京市海淀区中关村大街27号", "北京市||海淀区||中关村大街|27号|"),
    ("上海市浦东新区世纪大道100弄5号", "上海市||浦东新区||世纪大道|100弄5号|"),
    ("宁夏回族自治区银川市兴庆区佳龙苑5号楼9号营业房", "宁夏回族自治区|银川市|兴庆区||||佳龙苑5号楼9号营业房"),
    ("宁夏银川市金凤区", "宁夏回族自治区|银川市|金凤区||||"),
    ("内蒙古自治区锡林郭勒盟正蓝旗上都镇", "内蒙古自治区|锡林郭勒盟|正蓝旗|上都镇|||"),
    ("内蒙古呼和浩特市新城区", "内蒙古自治区|呼和浩特市|新城区||||"),
    ("黑龙江省哈尔滨市道里区中央大街89号", "黑龙江省|哈尔滨市|道里区||中央大街|89号|"),
    ("新疆维吾尔自治区喀什地区疏附县托克扎克镇", "新疆维吾尔自治区|喀什地区|疏附县|托克扎克镇|||"),
    ("浙江省杭州市余杭区五常街道文一西路969号", "浙江省|杭州市|余杭区|五常街道|文一西路|969号|"),
    ("杭州市西湖区文三路477号附1号", "|杭州市|西湖区||文三路|477号|附1号"),
    ("江苏省苏州市昆山市玉山镇前进路5号", "江苏省|苏州市|昆山市|玉山镇|前进路|5号|"),
    ("吉林市船营区解放大路5号", "|吉林市|船营区||解放大路|5号|"),
    ("吉林省吉林市船营区", "吉林省|吉林市|船营区||||"),
    ("北京路12号", "||||北京路|12号|"),
    ("中宁县长山头村三队", "||中宁县||长山头村||三队"),
    ("石家庄市裕华区万达小区3号楼", "|石家庄市|裕华区||||万达小区3号楼"),
    ("香港特别行政区油尖旺区弥敦道1号", "香港特别行政区||油尖旺区||弥敦道|1号|"),
    ("2号", "|||||2号|"),
    ("东门口", "||||||东门口"),
    ("Flat 2, 5/F", "||||||Flat 2, 5/F"),
    ("广东", "||||||广东"),
]


@pytest.mark.parametrize(("address", "parts"), WHOLE, ids=[address for address, _ in WHOLE])
def test_levels(address: str, parts: str) -> None:
    """Alone and among others, so that no row reads on into its neighbour."""
    among = split(pa.array(["市", address, "省市区县路1号", None, address]))
    for read in (split(pa.array([address]))[0], among[1], among[4]):
        assert "|".join(read.as_py()[name] or "" for name in PARTS) == parts


@pytest.mark.parametrize("halves", [("甲街", "道"), ("甲州", "市"), ("甲地", "区"), ("甲小", "区")])
def test_a_word_does_not_reach_into_the_next_row(halves: tuple[str, str]) -> None:
    assert split(pa.array(halves)).to_pylist() == [split(pa.array([half]))[0].as_py() for half in halves]


def test_nothing_is_a_struct_of_nulls() -> None:
    read = split(pa.chunked_array([pa.array([None, ""], pa.string()), pa.array([], pa.string())]))
    assert read.to_pylist() == [dict.fromkeys(PARTS)] * 2
    assert read.type == ADDRESS
    assert len(split(pa.array([], pa.string()))) == 0
    assert len(split(pa.nulls(3))) == 3


CELLS = st.one_of(
    st.none(),
    st.text(st.sampled_from("广东北京上海吉林省市区县州盟旗地小镇乡街道路巷村号楼甲乙12-A、𠮷é"), max_size=16),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)


@settings(max_examples=800, deadline=None)
@given(st.lists(CELLS, max_size=10), st.integers(0, 2))
def test_every_character_is_in_one_part_and_rows_are_alone(cells: list[str | None], skip: int) -> None:
    texts = pa.array(["广东省", "深圳市", *cells], pa.string()).slice(2 - min(skip, 2))
    read = split(texts).to_pylist()
    for cell, parts in zip(texts.to_pylist(), read, strict=True):
        rest = "".join(parts[name] or "" for name in PARTS[1:])
        assert (cell or "").endswith(rest)
        province = (cell or "")[: len(cell or "") - len(rest)]
        assert bool(province) == (parts["province"] is not None)
        assert province in (parts["province"] or "")[: len(province)]
        assert split(pa.array([cell], pa.string())).to_pylist() == [parts]


def test_many_rows_are_split_as_few() -> None:
    addresses = [address for address, _ in WHOLE] * (_BLOCK // len(WHOLE) + 2)
    assert split(pa.array(addresses)).to_pylist()[-len(WHOLE) :] == split(pa.array(addresses[: len(WHOLE)])).to_pylist()
