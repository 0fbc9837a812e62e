"""Drift on the real line: columns that are new, missing or renamed, and what the resource's policy says happens next."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drifting import LINES, PEOPLE, SOURCE, Contract, changeable, found, refused, renamed_to, without  # noqa: F401
from terminal import Said, program  # noqa: F401
from town import HEADER, INSURED, MONDAY, RESIDENT, TUESDAY, Town

from shuyuan.flow import Rejected, admit, check, read, receive
from shuyuan.flow.step import OutOfOrder


def test_a_delivery_as_contracted_has_no_drift(town: Town) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    assert town.ask("SELECT kind FROM ledger.finding WHERE kind LIKE 'column_%%'") == []


def test_a_new_column_is_told_with_its_type_and_no_value_of_it(town: Town) -> None:
    town.register(MONDAY, [f"{line},13900139{n:03}" for n, line in enumerate(LINES)], header=HEADER + ",备用电话")
    town.feed(MONDAY)
    ((severity, item, message),) = found(town, "column_new")
    assert (severity, item) == ("warning", "备用电话")
    assert "40 of the first 40 rows filled, looks like phone" in message
    assert "label: 备用电话, type: phone, optional_column: true, sensitivity: personal" in message
    assert "13900139" not in message
    assert town.one(f"SELECT count(*) FROM {SOURCE}") == 40


def test_a_new_column_may_be_reason_enough_to_refuse(town: Town, contract: Contract) -> None:
    contract.policy(new="reject")
    town.register(MONDAY, [f"{line},甲" for line in LINES], header=HEADER + ",派出所")
    reason = refused(town)
    assert reason.startswith("drift: ")
    for part in ("派出所", "resident_20261116.csv", "new: accept"):
        assert part in reason
    assert [(s, i) for s, i, _ in found(town, "column_new")] == [("critical", "派出所")]


def test_a_column_that_is_known_and_not_wanted_is_no_drift(town: Town, contract: Contract) -> None:
    contract.policy(new="reject", ignore="[派出所]")
    town.register(MONDAY, [f"{line},甲" for line in LINES], header=HEADER + ",派 出 所")
    town.feed(MONDAY)
    assert found(town, "column_new") == []


def test_two_new_columns_of_one_name_are_told_without_a_type(town: Town) -> None:
    town.register(MONDAY, [f"{line},1,2,3" for line in LINES], header=HEADER + ",备注,备注,人数")
    town.feed(MONDAY)
    told = {item: message for _, item, message in found(town, "column_new")}
    assert "looks like" not in told["备注"]
    assert "looks like integer" in told["人数"]


def test_a_promised_column_that_does_not_come_refuses_the_delivery(town: Town) -> None:
    lines, header = without("联系电话")
    town.register(MONDAY, lines, header=header)
    assert refused(town).startswith("missing_column: ")
    assert [(s, i) for s, i, _ in found(town, "column_missing")] == [("critical", "phone")]


def test_a_promised_column_may_be_missing_where_the_policy_says_so(town: Town, contract: Contract) -> None:
    contract.policy(missing="accept")
    lines, header = without("联系电话")
    town.register(MONDAY, lines, header=header)
    town.feed(MONDAY)
    assert [(s, i) for s, i, _ in found(town, "column_missing")] == [("warning", "phone")]
    assert town.ask(f"SELECT count(*), count(phone), count(name) FROM {SOURCE}") == [(40, 0, 40)]


def test_a_required_column_may_never_be_missing(town: Town, contract: Contract) -> None:
    contract.policy(missing="accept")
    lines, header = without("出生日期")
    town.register(MONDAY, lines, header=header)
    assert refused(town).startswith("missing_column: ")


def test_an_optional_column_that_does_not_come_is_a_note(town: Town, contract: Contract) -> None:
    contract.item("phone", "optional_column: true")
    lines, header = without("联系电话")
    town.register(MONDAY, lines, header=header)
    town.feed(MONDAY)
    assert [(s, i) for s, i, _ in found(town, "column_missing")] == [("info", "phone")]
    assert town.one(f"SELECT count(phone) FROM {SOURCE}") == 0


def test_a_renamed_column_is_refused_with_the_line_to_write(town: Town) -> None:
    lines, header = renamed_to("联系电话", "手机联系电话")
    town.register(MONDAY, lines, header=header)
    reason = refused(town)
    assert reason.startswith("drift: ")
    assert "aliases: [LXDH, 手机联系电话]" in reason
    assert "renamed: accept" in reason
    assert [(s, i) for s, i, _ in found(town, "column_renamed")] == [("critical", "phone")]


def test_a_refused_delivery_is_read_again_by_the_contract_as_it_is_now(town: Town, contract: Contract) -> None:
    lines, header = renamed_to("联系电话", "手机联系电话")
    town.register(MONDAY, lines, header=header)
    batch = receive(RESIDENT, MONDAY) or 0
    for again in (False, True):  # as long as the contract is the same it stays refused
        with pytest.raises(Rejected, match="--again"):
            read(batch, again=again)
    contract.alias("LXDH", "手机联系电话")
    admit(check(read(batch, again=True)))
    assert town.one(f"SELECT count(*) FROM {SOURCE} WHERE phone = '13800138000'") == 40
    with pytest.raises(OutOfOrder, match="is admitted; only what was refused for its columns"):
        read(batch, again=True)


def test_a_broken_delivery_is_not_read_again(town: Town) -> None:
    town.register(MONDAY, LINES, rows=41)
    batch = receive(RESIDENT, MONDAY) or 0
    with pytest.raises(Rejected):
        read(batch)
    with pytest.raises(OutOfOrder, match=r"is rejected \(truncated\)"):
        read(batch, again=True)
    assert town.state(batch) == "rejected"


@pytest.mark.parametrize("optional", [False, True])
def test_a_renamed_column_is_read_under_its_item_where_the_policy_says_so(
    town: Town, contract: Contract, optional: bool
) -> None:
    contract.policy(renamed="accept")
    if optional:
        contract.item("phone", "optional_column: true")
    lines, header = renamed_to("联系电话", "手机联系电话")
    town.register(MONDAY, lines, header=header)
    town.feed(MONDAY)
    ((severity, item, message),) = found(town, "column_renamed")
    assert (severity, item) == ("warning", "phone")
    assert "手机联系电话" in message
    assert town.one(f"SELECT count(*) FROM {SOURCE} WHERE phone = '13800138000'") == 40
    assert found(town, "column_new") == found(town, "column_missing") == []


def test_a_key_is_never_taken_on_a_guess(town: Town, contract: Contract) -> None:
    contract.policy(renamed="accept")
    lines, header = renamed_to("公民身份号码", "公民身份证号码")
    town.register(MONDAY, lines, header=header)
    assert "公民身份证号码" in refused(town)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("手机联系电话", ["不详者"] * 40),  # the words fit, the values do not
        ("户主", ["13800138000"] * 40),  # the values fit, the words do not
    ],
)
def test_half_a_likeness_is_none(town: Town, contract: Contract, header: str, cells: list[str]) -> None:
    contract.policy(renamed="accept")
    lines, head = renamed_to("联系电话", header, cells)
    town.register(MONDAY, lines, header=head)
    assert refused(town).startswith("missing_column: ")


def test_of_two_look_alikes_none_is_taken(town: Town, contract: Contract) -> None:
    contract.policy(renamed="accept")
    lines, header = renamed_to("联系电话", "联系电话一")
    town.register(MONDAY, [f"{line},13900139000" for line in lines], header=header + ",联系电话二")
    assert refused(town).startswith("missing_column: ")


@pytest.mark.parametrize(("number", "taken"), [("13800138000", True), ("13900139000", False)])
def test_what_is_known_of_the_same_keys_speaks_too(town: Town, contract: Contract, number: str, taken: bool) -> None:
    contract.policy(renamed="accept")
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    lines, header = renamed_to("联系电话", "单位联系电话", [number] * 40)
    town.register(TUESDAY, lines, header=header)
    batch = receive(RESIDENT, TUESDAY) or 0
    if taken:
        assert town.state(read(batch)) == "read"
    else:
        with pytest.raises(Rejected, match="required header 联系电话"):
            read(batch)
    assert len(found(town, "column_renamed")) == taken


def test_an_unknown_column_is_searched_for_personal_data(town: Town) -> None:
    town.register(
        MONDAY, [f"{line},{number}" for line, number in zip(LINES, PEOPLE, strict=True)], header=HEADER + ",配偶号码"
    )
    town.feed(MONDAY)
    assert [(s, i) for s, i, _ in found(town, "undeclared_personal_data")] == [("warning", "配偶号码")]
    assert "looks like citizen_id" in found(town, "column_new")[0][2]


def test_the_terminal_says_what_to_look_at(town: Town, shuyuan: Callable[..., Said]) -> None:
    town.register(MONDAY, [f"{line},甲" for line in LINES], header=HEADER + ",派出所")
    batch = receive(RESIDENT, MONDAY) or 0
    said = shuyuan("read", str(batch))
    assert said.code == 0
    assert "! 合同之外的新列“派出所”" in said.words
    assert "`drift: {ignore: […]}`" in said.words
    assert f"Next: shuyuan check {batch}" in said.words


def test_an_unknown_column_that_is_no_text_harms_nobody(town: Town) -> None:
    town.insured(MONDAY, [{"社会保障号": number, "姓名": "王某某"} for number in PEOPLE])
    path = town.home / "inbox" / "hrss" / "insured_20261116.parquet"
    table = pq.read_table(path)
    shapes = pa.array([b"\xff\xfe"] * 40, pa.binary())
    pq.write_table(table.append_column("几何", shapes).append_column("备注", pa.array(["无"] * 40)), path)
    town.feed(MONDAY, INSURED)
    assert [item for _, item, _ in found(town, "column_new")] == ["几何", "备注"]
    assert town.one("SELECT count(*) FROM source.hrss__insured") == 40


def test_operations_of_a_change_file_are_no_column_to_miss(town: Town) -> None:
    town.insured(MONDAY, [{"社会保障号": number} for number in PEOPLE])
    path = town.home / "inbox" / "hrss" / "insured_20261116.parquet"
    pq.write_table(pq.read_table(path).drop_columns("opt_type"), path)
    with pytest.raises(Rejected, match="opt_type"):
        read(receive(INSURED, MONDAY) or 0)
    assert "opt_type" in found(town, "column_missing")[0][2]
