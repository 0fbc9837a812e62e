"""Drift on the real line: columns whose values are not of their type any more are kept, set aside or refused."""

from __future__ import annotations

import pytest
from drifting import LINES, SOURCE, Contract, changeable, found, refused, renamed_to  # noqa: F401
from town import HEADER, MONDAY, RESIDENT, TUESDAY, Town

from shuyuan.flow import admit, check, read, receive

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
