"""Drift on the real line: columns that are new, missing, renamed or retyped, and what the resource's policy says happens next."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from terminal import Said, program  # noqa: F401
from town import HEADER, INSURED, MONDAY, RESIDENT, TUESDAY, Town, ids, person

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.flow import Rejected, admit, check, read, receive
from shuyuan.flow.migrate import migrate

PEOPLE = ids(40)
LINES = [person(number) for number in PEOPLE]
SOURCE = "source.public_security__resident"
CONTRACT = "resources/public_security/resident.yml"


class Contract:
    """The residents' contract, to be changed by a test."""

    def __init__(self, catalog: Path) -> None:
        self.file = catalog / CONTRACT

    def policy(self, **settings_: str) -> None:
        words = ", ".join(f"{name}: {value}" for name, value in settings_.items())
        self._write(self._text().replace("share: {type", f"drift: {{{words}}}\nshare: {{type", 1))

    def item(self, name: str, more: str) -> None:
        self._write(self._text().replace(f"{{name: {name},", f"{{name: {name}, {more},", 1))

    def _text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def _write(self, text: str) -> None:
        assert text != self._text(), "the contract was not changed"
        self.file.write_text(text, encoding="utf-8")
        load_catalog.cache_clear()
        migrate()


@pytest.fixture
def contract(town: Town, tmp_path: Path) -> Iterator[Contract]:
    """A catalog of the town's own, in force."""
    copy = tmp_path / "catalog"
    shutil.copytree(settings.load().catalog, copy)
    os.environ["SHUYUAN_CATALOG"] = str(copy)
    settings.load.cache_clear()
    yield Contract(copy)
    del os.environ["SHUYUAN_CATALOG"]
    settings.load.cache_clear()
    load_catalog.cache_clear()


def without(column: str) -> tuple[list[str], str]:
    """The register without one of its columns."""
    return renamed_to(column, None)


def renamed_to(column: str, header: str | None, cells: list[str] | None = None) -> tuple[list[str], str]:
    """The register with a column under another header (None: without it), and with other cells in it."""
    at = HEADER.split(",").index(column)
    rows = [HEADER.split(","), *(line.split(",") for line in LINES)]
    for number, row in enumerate(rows):
        if header is None:
            del row[at]
        elif number == 0:
            row[at] = header
        elif cells is not None:
            row[at] = cells[number - 1]
    return [",".join(row) for row in rows[1:]], ",".join(rows[0])


def found(town: Town, kind: str) -> list[tuple[str, str, str]]:
    """(severity, item, message) of the findings of a kind."""
    return town.ask("SELECT severity, item, message FROM ledger.finding WHERE kind = %s ORDER BY item", kind)


def refused(town: Town) -> str:
    """Read the day's delivery, which must be refused and leave nothing; what the ledger says of it."""
    batch = receive(RESIDENT, MONDAY) or 0
    with pytest.raises(Rejected):
        read(batch)
    assert town.state(batch) == "rejected"
    assert town.one(f"SELECT count(*) FROM {SOURCE}") == 0
    assert not (settings.load().lake / "staged" / str(batch)).exists()
    return str(town.one("SELECT reason FROM ledger.batch WHERE batch_id = %s", batch))


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


AMOUNTS = [f"{n}.50元" for n in range(40)]


def spoiled(column: str, of_40: int = 40) -> list[str]:
    """The register with sums of money in the first cells of a column."""
    at = HEADER.split(",").index(column)
    rows = [line.split(",") for line in LINES]
    for row, amount in zip(rows[:of_40], AMOUNTS, strict=False):
        row[at] = amount
    return [",".join(row) for row in rows]


def test_a_retyped_column_is_set_aside_and_nothing_else(town: Town, contract: Contract) -> None:
    contract.policy(retyped="quarantine")
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    town.publish()
    town.register(TUESDAY, spoiled("户籍地区划代码", of_40=30))
    batch = town.feed(TUESDAY)
    ((severity, item, message),) = found(town, "column_retyped")
    assert (severity, item) == ("warning", "hukou_division")
    assert "30 of 40 cells with content (75%) are no division (division_malformed 30)" in message
    assert "0.0% per row in the delivery before" in message
    assert town.one("SELECT updated FROM ledger.batch WHERE batch_id = %s", batch) == 40
    evidence = "SELECT reason, rows FROM ledger.evidence WHERE batch_id = %s AND item = 'hukou_division'"
    assert town.ask(evidence, batch) == [("column_quarantined", 40)]
    columns = "count(hukou_division), count(phone), count(DISTINCT _verdicts), min(_verdicts::text)"
    ((values, phones, kinds, verdict),) = town.ask(f"SELECT {columns} FROM {SOURCE}")
    assert (values, phones, kinds) == (0, 40, 1)
    assert "column_quarantined" in verdict
    texts = town.ask(f"SELECT _raw->>'hukou_division' FROM {SOURCE} ORDER BY _line")
    assert [text for (text,) in texts] == AMOUNTS[:30] + ["440303"] * 10, "the texts as read are kept"


def test_a_column_that_was_set_aside_claims_nothing_and_comes_back(town: Town, contract: Contract) -> None:
    contract.policy(retyped="quarantine")
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    town.publish()
    value = "SELECT count(marital_status) FROM library.population"
    assert town.one(value) == 40
    town.register(MONDAY, spoiled("婚姻状况代码"), suffix="_2")
    town.feed(MONDAY)
    town.publish()
    assert town.one(value) == 0
    town.register(TUESDAY, spoiled("婚姻状况代码"))
    batch = town.feed(TUESDAY)
    assert len(found(town, "column_retyped")) == 2, "a column that was set aside is no measure for the next delivery"
    unchanged = town.one("SELECT unchanged FROM ledger.batch WHERE batch_id = %s", batch)
    assert unchanged == 40, "the hash is that of the rows as they stand"
    town.register(TUESDAY, LINES, suffix="_2")
    town.feed(TUESDAY)
    town.publish()
    assert town.one(value) == 40


def test_rows_that_differ_only_in_a_column_set_aside_are_the_same_row(town: Town, contract: Contract) -> None:
    contract.policy(retyped="quarantine")
    lines = spoiled("联系电话")
    town.register(MONDAY, [*lines, lines[0].replace("0.50元", "77.50元")])
    batch = town.feed(MONDAY)
    assert town.ask("SELECT reason FROM ledger.quarantine WHERE batch_id = %s", batch) == [("duplicate_row",)]


@pytest.mark.parametrize(
    ("policy", "column", "item"),
    [
        ("reject", "联系电话", "phone"),
        ("quarantine", "出生日期", "birth_date"),
        ("quarantine", "公民身份号码", "id_no"),
    ],
)
def test_a_retyped_column_refuses_the_delivery(
    town: Town, contract: Contract, policy: str, column: str, item: str
) -> None:
    contract.policy(retyped=policy)
    town.register(MONDAY, spoiled(column))
    reason = refused(town)
    assert reason.startswith("drift: ")
    assert "40 of 40 cells" in reason
    assert [(s, i) for s, i, _ in found(town, "column_retyped")] == [("critical", item)]


def test_a_retyped_column_is_told_and_left_to_the_suite(town: Town) -> None:
    town.register(MONDAY, spoiled("联系电话", of_40=21))
    town.feed(MONDAY)
    assert [(s, i) for s, i, _ in found(town, "column_retyped")] == [("warning", "phone")]
    assert town.one(f"SELECT count(phone) FROM {SOURCE}") == 19
    town.register(TUESDAY, spoiled("联系电话", of_40=22))
    batch = admit(check(read(receive(RESIDENT, TUESDAY) or 0)))
    again = "SELECT count(*) FROM ledger.finding WHERE batch_id = %s AND kind = 'column_retyped'"
    assert town.one(again, batch) == 0, "what was as bad before has not changed"


@pytest.mark.parametrize(("of_40", "word"), [(20, "元"), (40, "***********")])
def test_half_a_column_or_a_masked_one_is_not_retyped(town: Town, contract: Contract, of_40: int, word: str) -> None:
    contract.policy(retyped="reject")
    lines = spoiled("联系电话", of_40) if word == "元" else renamed_to("联系电话", "联系电话", [word] * 40)[0]
    town.register(MONDAY, lines)
    town.feed(MONDAY)
    assert found(town, "column_retyped") == []


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
