"""Names, addresses, telephones and texts: one spelling for one meaning."""

from __future__ import annotations

import pyarrow as pa
import pytest

from shuyuan.standards import parse


@pytest.mark.parametrize(
    ("item_type", "text", "spelling"),
    [
        ("person_name", "张 三", "张三"),
        ("person_name", "张　三　丰", "张三丰"),
        ("person_name", "阿依古丽•买买提", "阿依古丽·买买提"),
        ("person_name", "阿依古丽・买买提", "阿依古丽·买买提"),
        ("person_name", "阿依古丽．买买提", "阿依古丽·买买提"),
        ("person_name", "阿依古丽.买买提", "阿依古丽·买买提"),
        ("person_name", "阿·依.古·丽", "阿·依·古·丽"),
        ("person_name", "甲.乙.丙.丁", "甲·乙·丙·丁"),
        ("person_name", "阿依古丽 · 买买提", "阿依古丽·买买提"),
        ("person_name", "Ｊｏｈｎ　 Smith", "John Smith"),
        ("person_name", "A. B. Smith", "A. B. Smith"),
        ("person_name", "⾼明", "高明"),
        ("person_name", "Maxx", "Maxx"),
        ("org_name", "数源（深圳）科技有限公司 ", "数源(深圳)科技有限公司"),
        ("org_name", "数源【深圳】科技 有限公司。", "数源(深圳)科技有限公司。"),
        ("address", "深圳市 南山区　科技路１号", "深圳市南山区科技路1号"),
        ("identifier", " 粤〔２０１９〕3号 ", "粤〔2019〕3号"),
        ("text", " 罚款，\u0001１００元 ", "罚款，１００元"),
        ("text", "第一行\n第二行", "第一行\n第二行"),
        ("phone", "138 0013 8000", "13800138000"),
        ("phone", "+86-138-0013-8000", "13800138000"),
        ("phone", "008613800138000", "13800138000"),
        ("phone", "13800138000.0", "13800138000"),
        ("phone", "(0755)83912345", "0755-83912345"),
        ("phone", "0755－83912345转801", "0755-83912345-801"),
        ("phone", "010 65251234", "010-65251234"),
        ("phone", "83912345", "83912345"),
        ("phone", "400-800-1234", "4008001234"),
        ("phone", "+852 2345 6789", "+85223456789"),
        ("phone", "12345", "12345"),
        ("phone", "95588", "95588"),
        ("phone", "0755—83912345分机801", "0755-83912345-801"),
        ("phone", "(86)010-65251234", "010-65251234"),
        ("phone", "4008001234转5", "4008001234-5"),
        ("phone", "83912345-801", "83912345-801"),
    ],
)
def test_spelling(item_type: str, text: str, spelling: str) -> None:
    read = parse(item_type, pa.array([text]))
    assert read.values.to_pylist() == [spelling]
    assert read.changed.to_pylist() == [text != spelling]


@pytest.mark.parametrize("text", ["1380013800", "23800138000", "abc", "0755-1234", "138001380001"])
def test_malformed_phones(text: str) -> None:
    assert parse("phone", pa.array([text])).verdicts.to_pylist() == ["phone_malformed"]


@pytest.mark.parametrize(
    "text",
    [
        "13800138000、13900139000",
        "13800138000 13900139000",
        "010-65251234/65251235",
        "13800138000；0755-83912345",
        "13800138000或110",
    ],
)
def test_several_phones(text: str) -> None:
    assert parse("phone", pa.array([text])).verdicts.to_pylist() == ["phone_several"]


@pytest.mark.parametrize("text", ["=1+1", "=SUM(A1:A3)", "+SUM(A1)", "@SUM(A1)", "-A1+B2", "=cmd|' /C calc'!A0"])
def test_formulas_are_flagged_and_kept(text: str) -> None:
    read = parse("text", pa.array([text]))
    assert read.verdicts.to_pylist() == ["text_formula"]
    assert read.values.to_pylist() == [text]


@pytest.mark.parametrize("text", ["-5度以下", "+86 10", "@张三", "=", "- 无照经营", "-A类", "罚款***元"])
def test_ordinary_texts_are_no_formulas(text: str) -> None:
    assert parse("text", pa.array([text])).verdicts.to_pylist() == [None]


def test_names_of_rare_characters_are_fine() -> None:
    names = ["𠮷田", "㛃明", "丁〇", "张"]
    read = parse("person_name", pa.array(names))
    assert read.values.to_pylist() == names
    assert read.verdicts.null_count == len(names)
