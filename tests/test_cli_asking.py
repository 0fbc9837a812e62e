"""Asking from the command line: exit codes, no traceback, and an audit row for every question."""

from __future__ import annotations

import json
from typing import Any

import pytest
from terminal import program, published  # noqa: F401
from town import Town, ids


def last_access(town: Town) -> tuple[Any, ...]:
    query = "SELECT access_id, user_name, purpose, approver, columns, rows, method, outcome, reason FROM ledger.access ORDER BY access_id DESC LIMIT 1"
    return town.ask(query)[0]


ASK = ("query", "population", "--as", "wang", "--purpose", "行政依据", "--items")


def test_a_granted_query_prints_rows_and_leaves_its_audit_row(opened: Town, shuyuan: Any) -> None:
    number = ids(30)[0]
    said = shuyuan(*ASK, "name,hukou_division", "--where", f"id_no={number}", "--json")
    found = json.loads(said.out)
    assert said.code == 0 and len(found["rows"]) == 1
    assert found["rows"][0]["hukou_division"] == "440303" and "*" in found["rows"][0]["name"]
    access_id, user, purpose, approver, columns, rows, method, outcome, _ = last_access(opened)
    assert access_id == found["access_id"]
    assert (user, purpose, approver, rows, method, outcome) == (
        "wang",
        "administrative_basis",
        "陈主任",
        1,
        "cli",
        "granted",
    )
    assert columns == ["name", "hukou_division"]
    table = shuyuan(*ASK, "name, hukou_division", "--limit", "3")
    assert table.code == 0 and table.out.count("440303") == 3 and f"access {access_id + 1}" in table.out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("query", "population", "--as", "nobody", "--purpose", "行政依据", "--items", "name"), "未登记"),
        (("query", "population", "--as", "wang", "--purpose", "好奇", "--items", "name"), "不在规定用途"),
        (("query", "moon", "--as", "wang", "--purpose", "行政依据", "--items", "name"), "没有这个库"),
        ((*ASK, "phone"), "未开放信息项"),
        ((*ASK, "shoe"), "没有信息项 shoe"),
        ((*ASK, ""), "没有指明信息项"),
        ((*ASK, "hukou_division", "--where", "name=王"), "不能作为查询条件"),
    ],
)
def test_a_refused_query_ends_with_code_2_and_is_recorded(
    opened: Town, shuyuan: Any, arguments: tuple[str, ...], why: str
) -> None:
    before = opened.one("SELECT count(*) FROM ledger.access")
    said = shuyuan(*arguments)
    assert said.code == 2 and why in said.out
    access_id, *_, outcome, reason = last_access(opened)
    assert opened.one("SELECT count(*) FROM ledger.access") == before + 1
    assert (outcome, f"access {access_id}" in said.out, why in reason) == ("refused", True, True)


def test_an_unfit_value_ends_with_code_2_and_is_recorded(opened: Town, shuyuan: Any) -> None:
    said = shuyuan(*ASK, "hukou_division", "--where", "birth_date=the third of May")
    assert (
        said.code == 2
        and "a value of birth_date does not fit its item" in said.err
        and len(said.err.strip().splitlines()) == 1
    )
    assert last_access(opened)[7] == "failed"


def test_values_are_printed_as_they_are(opened: Town, shuyuan: Any) -> None:
    """Square brackets are mark-up to the terminal library and text to a department."""
    from shuyuan.db.engine import transaction

    with transaction("shuyuan_owner") as connection:
        connection.execute("UPDATE library.population SET hukou_division = '[/red]' WHERE _key = %s", [ids(1)[0]])
    said = shuyuan(*ASK, "hukou_division", "--where", f"id_no={ids(1)[0]}")
    assert said.code == 0 and "[/red]" in said.out
