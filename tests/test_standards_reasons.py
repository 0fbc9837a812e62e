"""Every reason `standards` can give is earned by a real cell, and keeps the promises of the contract."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from shuyuan.standards import ARROW_TYPES, DIMENSIONS, REASONS, parse
from shuyuan.standards.divisions import Entry, History

AS_OF = date(2026, 11, 20)
CODES = {"codes": {"1": "男性", "2": "女性"}, "crosswalk": {"M": "1"}}
DIVISIONS = {"codes": ["440303", "440303001"]}
HISTORY = History([Entry(440303, 1990, None, ()), Entry(440321, 1981, 1993, ((1993, 440303),))])

EARNED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("id_length", "citizen_id", "1101051949", {}),
    ("id_charset", "citizen_id", "1101051949123100AX", {}),
    ("id_checksum", "citizen_id", "110105194912310021", {}),
    ("id_birth_date", "citizen_id", "110105194902300022", {}),
    ("id_birth_date", "citizen_id", "110105490230002", {}),
    ("id_birth_implausible", "citizen_id", "440524188001010014", {}),
    ("id_15_digits", "citizen_id", "110105491231002", {}),
    ("id_region_unknown", "citizen_id", "180105194912310022", {}),
    ("excel_mangled", "citizen_id", "1.10105E+17", {}),
    ("excel_mangled", "citizen_id", "110105194912310000", {}),
    ("excel_mangled", "uscc", "9.1110105E+17", {}),
    ("excel_mangled", "identifier", "4.40301E+14", {}),
    ("excel_mangled", "phone", "1.38001E+10", {}),
    ("masked", "citizen_id", "330222************", {}),
    ("masked", "citizen_id", "330222XXXXXXXX002X", {}),
    ("masked", "uscc", "9135********0Y43", {}),
    ("masked", "person_name", "张*丰", {}),
    ("masked", "person_name", "李某", {}),
    ("masked", "phone", "138＊＊＊＊8000", {}),
    ("masked", "address", "深圳市南山区****", {}),
    ("masked", "amount", "***", {}),
    ("masked", "date", "1990-**-**", {}),
    ("masked", "text", "******", {}),
    ("org_code_malformed", "org_code", "7421832-13", {}),
    ("org_code_checksum", "org_code", "74218321-4", {}),
    ("reg_no_malformed", "reg_no", "44030110309741", {}),
    ("reg_no_checksum", "reg_no", "440301103097414", {}),
    ("tax_no_malformed", "tax_no", "4403011030974", {}),
    ("tax_no_checksum", "tax_no", "440301742183214", {}),
    ("inst_cert_no_malformed", "inst_cert_no", "事证第14403000012号", {}),
    ("social_reg_no_malformed", "social_reg_no", "已登记", {}),
    ("parcel_code_malformed", "parcel_code", "450103001001G00001", {}),
    ("real_estate_unit_malformed", "real_estate_unit_no", "450103001001GB00001W00000001", {}),
    ("bank_card_malformed", "bank_card", "622202100111", {}),
    ("bank_card_checksum", "bank_card", "6222021001116245701", {}),
    ("excel_mangled", "bank_card", "6222021001116250000", {}),
    ("masked", "bank_card", "622202*********5702", {}),
    ("postcode_malformed", "postcode", "51800", {}),
    ("email_malformed", "email", "zhang@san", {}),
    ("uscc_length", "uscc", "91350100M000", {}),
    ("uscc_charset", "uscc", "91350100M000100YO3", {}),
    ("uscc_charset", "uscc", "0" * 18, {}),
    ("uscc_checksum", "uscc", "91350100M000100Y44", {}),
    ("uscc_org_checksum", "uscc", "91350100M000100Y56", {}),
    ("uscc_authority_unknown", "uscc", "MF123456MA5DA1232M", {}),
    ("uscc_is_tax_number", "uscc", "440301103097413", {}),
    ("uscc_is_citizen_id", "uscc", "11010519491231002X", {}),
    ("uscc_is_org_code", "uscc", "74218321-3", {}),
    ("date_incomplete", "date", "201211", {}),
    ("date_ambiguous", "date", "04/05/2019", {}),
    ("date_ambiguous", "date", "19-04-04", {}),
    ("date_serial", "date", "43559", {}),
    ("date_unparsable", "date", "2019-02-29", {}),
    ("date_sentinel", "date", "1899-12-31 12:00:00", {}),
    ("date_long_term", "date", "2099/12/31", {}),
    ("date_long_term", "date", "有效期: 无处罚期限", {}),
    ("date_future", "date", "2026-11-21", {}),
    ("date_implausible", "date", "1810-05-01", {}),
    ("code_unknown", "code", "3", CODES),
    ("code_crosswalked", "code", "M", CODES),
    ("code_crosswalked", "code", "女性", CODES),
    ("division_unknown", "division", "440399", DIVISIONS),
    ("division_superseded", "division", "440321", DIVISIONS | {"history": HISTORY}),
    ("division_malformed", "division", "深圳市罗湖区", DIVISIONS),
    ("amount_unparsable", "amount", "5,000000", {}),
    ("amount_percentage", "amount", "10%", {}),
    ("amount_foreign_currency", "amount", "3万美元", {}),
    ("amount_out_of_range", "amount", "100000000000000", {}),
    ("amount_negative", "amount", "-1e-05", {}),
    ("integer_unparsable", "integer", "1.5", {}),
    ("integer_unparsable", "integer", "9223372036854775808", {}),
    ("coordinate_unparsable", "coordinate", "东门口", {}),
    ("coordinate_out_of_range", "coordinate", "0.0", {}),
    ("phone_several", "phone", "13800138000、13900139000", {}),
    ("phone_malformed", "phone", "1380013800", {}),
    ("text_control_chars", "text", "罚款\x01决定", {}),
    ("text_control_chars", "person_name", "张三\u200b", {}),
    ("text_formula", "text", "=HYPERLINK(A1)", {}),
    ("text_formula", "org_name", "@SUM(A1)", {}),
    ("name_private_use", "person_name", "张\ue863", {}),
    ("name_lost_character", "person_name", "张?", {}),
    ("name_has_digits", "person_name", "张三2", {}),
]


def _one(item_type: str, text: str, **options: Any) -> tuple[Any, str | None, bool]:
    read = parse(item_type, pa.array([text], pa.string()), as_of=AS_OF, **options)
    return read.values[0].as_py(), read.verdicts[0].as_py(), read.changed[0].as_py()


@pytest.mark.parametrize(("reason", "item_type", "text", "options"), EARNED)
def test_cell_earns_reason(reason: str, item_type: str, text: str, options: dict[str, Any]) -> None:
    value, verdict, changed = _one(item_type, text, **options)
    assert verdict == reason
    assert (value is not None) == REASONS[reason].usable
    assert changed or value is not None, "an unusable cell keeps its text as read"


def test_every_reason_is_earned_above() -> None:
    assert {row[0] for row in EARNED} == set(REASONS)


def test_reasons_are_complete_and_ordered() -> None:
    ranks = [reason.severity_rank for reason in REASONS.values()]
    assert ranks == sorted(set(ranks))
    assert max(r.severity_rank for r in REASONS.values() if r.usable) < min(
        r.severity_rank for r in REASONS.values() if not r.usable
    )
    for code, reason in REASONS.items():
        assert reason.code == code
        assert reason.dimension in DIMENSIONS
        assert reason.zh
        assert reason.en


@pytest.mark.parametrize("item_type", ARROW_TYPES)
def test_null_tokens_are_null_without_verdict(item_type: str) -> None:
    tokens = [None, "", " ", "\u3000", r"\N", "null", "NULL", "暂无", "-", "--", "无", "－", "N/A"]
    read = parse(item_type, pa.array(tokens, pa.string()))
    assert read.values.null_count == read.verdicts.null_count == len(tokens)
    assert read.values.type == ARROW_TYPES[item_type]
    assert read.changed.to_pylist() == [False, False, *[True] * (len(tokens) - 2)]


@pytest.mark.parametrize("item_type", ARROW_TYPES)
def test_shapes_that_readers_hand_over(item_type: str) -> None:
    whole = pa.array(["1", "2019-04-04", None, "张三", "11010519491231002X", "-"], pa.string())
    expected = parse(item_type, whole)
    chunked = pa.chunked_array([whole.slice(0, 2), whole.slice(2), whole.slice(0, 0)])
    for shape in (chunked, whole.cast(pa.large_string()), whole.dictionary_encode(), _shifted(whole)):
        read = parse(item_type, shape)
        assert (read.values, read.verdicts, read.changed) == (expected.values, expected.verdicts, expected.changed)
    for empty in (pa.array([], pa.string()), pa.chunked_array([], pa.string()), pa.nulls(0)):
        assert len(parse(item_type, empty).values) == 0


def _shifted(whole: pa.Array) -> pa.Array:
    """The same texts in the middle of a longer buffer."""
    return pa.concat_arrays([pa.array(["x", None, "前"]), whole, pa.array(["后"])]).slice(3, len(whole))


def test_unknown_type_and_unit_say_the_way_out() -> None:
    with pytest.raises(ValueError, match="citizen_id"):
        parse("身份证", pa.array(["1"]))
    with pytest.raises(ValueError, match="万元"):
        parse("amount", pa.array(["1"]), unit="斤")
