"""Reading through `share` on a real server: masks in the SELECT, the audit row before the rows, no log no data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from city import LI, ZHANG, city  # noqa: F401
from psycopg.rows import dict_row

from shuyuan.db import embedded
from shuyuan.db.address import conninfo
from shuyuan.db.engine import transaction
from shuyuan.share import people
from shuyuan.share.read import Answer, Refused, Unfit, read

pytestmark = pytest.mark.usefixtures("city")


def ask(items: list[str], person: str = "wang", purpose: str = "行政依据", limit: int = 10, **where: str) -> Answer:
    return read(person, purpose, "population", items, where=where, limit=limit, method="cli")


def accesses() -> list[dict[str, Any]]:
    with transaction("shuyuan_auditor") as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("SELECT * FROM ledger.access ORDER BY access_id").fetchall()


def test_rows_come_masked_and_recorded() -> None:
    answer = ask(["id_no", "name", "birth_date", "hukou_address", "phone"], id_no=ZHANG)
    assert answer.rows == [("330106********8515", "张*丰", "1990", "浙江省杭州市西湖区****", "13812345678")]
    assert answer.masked == {"id_no", "name", "birth_date", "hukou_address"}
    row = accesses()[-1]
    assert row["access_id"] == answer.access_id
    assert (row["user_name"], row["department"], row["role"], row["approver"]) == ("wang", "tax", "analyst", "陈主任")
    assert (row["purpose"], row["outcome"], row["method"], row["rows"]) == ("administrative_basis", "granted", "cli", 1)
    assert row["objects"] == ["library.population"] and row["columns"][0] == "id_no"
    assert ZHANG in row["statement"] and "mask_citizen_id" in row["statement"]
    assert row["seconds"] > 0 and row["medium"] == "terminal"


def test_all_rows_in_order_of_the_key_up_to_the_limit() -> None:
    answer = ask(["name", "ethnic"], limit=2)
    assert [row[0] for row in answer.rows] == ["买*******", "李*"]
    assert answer.rows[0][1] == "***"
    assert len(ask(["name"]).rows) == 3


def test_the_department_grant_opens_public_items_for_its_own_purpose() -> None:
    assert ask(["hukou_division"], purpose="work_reference").rows[0] == ("330106",)
    with pytest.raises(Refused, match="未开放信息项：hukou_division"):
        ask(["hukou_division"])


def test_a_refusal_is_recorded_and_returns_nothing() -> None:
    with pytest.raises(Refused) as caught:
        ask(["marital_status"], id_no=LI)
    row = accesses()[-1]
    assert row["access_id"] == caught.value.access_id
    assert (row["outcome"], row["rows"], row["reason"]) == ("refused", None, caught.value.reason)
    assert LI in row["statement"]


@pytest.mark.parametrize("person", ["nobody", "gone"])
def test_unknown_and_inactive_people_are_refused_on_record(person: str) -> None:
    with pytest.raises(Refused):
        ask(["name"], person=person)
    assert accesses()[-1]["user_name"] == person


def test_a_value_that_fits_no_column_fails_on_record_and_says_so() -> None:
    with pytest.raises(Unfit, match="phone"):
        read("wang", "administrative_basis", "population", ["phone"], where={"phone": "x\x00"}, limit=1, method="http")
    row = accesses()[-1]
    assert row["outcome"] == "failed" and row["method"] == "http" and "DataError" in row["reason"]


def test_an_injection_is_a_value() -> None:
    assert ask(["phone"], phone="' OR true --").rows == []


def test_limits_are_kept() -> None:
    with pytest.raises(ValueError, match="1 to 10000"):
        ask(["name"], limit=0)


def test_no_log_no_data(city: Path) -> None:  # noqa: F811
    """With INSERT on the audit table taken away nothing is returned, and the failure is loud."""
    with transaction("shuyuan_owner") as owner:
        owner.execute("REVOKE INSERT ON ledger.access FROM shuyuan_web")
    before = len(accesses())
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(["name"])
    finally:
        with transaction("shuyuan_owner") as owner:
            owner.execute("GRANT INSERT ON ledger.access TO shuyuan_web")
    assert len(accesses()) == before
    assert ask(["name"]).rows


@pytest.mark.parametrize(
    "role", ["shuyuan_owner", "shuyuan_loader", "shuyuan_web", "shuyuan_steward", "shuyuan_auditor"]
)
@pytest.mark.parametrize(
    "order", ["UPDATE ledger.access SET rows = 0", "DELETE FROM ledger.access", "TRUNCATE ledger.access"]
)
def test_the_audit_table_only_grows(role: Any, order: Any) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), transaction(role) as connection:
        connection.execute(order)


def test_a_grant_made_and_revoked(city: Path) -> None:  # noqa: F811
    assert people.add_person("sun", "public_security", "steward") is None
    made = people.grant("population", ["name:plain"], ["数据校核"], "陈主任", person="sun")
    assert people.grant("population", ["name:plain"], ["数据校核"], "陈主任", person="sun") == made
    assert ask(["name"], person="sun", purpose="data_verification").rows[1] == ("李四",)
    assert people.revoke(made) and not people.revoke(made)
    with pytest.raises(Refused, match="已撤销"):
        ask(["name"], person="sun", purpose="data_verification")
    assert people.deactivate("sun")
    with pytest.raises(Refused, match="已停用"):
        ask(["name"], person="sun", purpose="data_verification")


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("exactly one", {"person": None}),
        ("no item 'shoe'", {"items": ["shoe"]}),
        ("no item ''", {"items": []}),
        ("purpose 'fun'", {"purposes": ["fun"]}),
        ("library 'moon'", {"library": "moon"}),
        ("approver", {"approver": " "}),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(message: str, change: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "library": "population",
        "items": ["name"],
        "purposes": ["行政依据"],
        "approver": "陈主任",
        "person": "wang",
    }
    with pytest.raises(ValueError, match=message):
        people.grant(**(good | change))


def test_an_analyst_gets_a_login_of_its_own(city: Path) -> None:  # noqa: F811
    assert people.add_person("qian", "tax", "analyst") == "analyst_qian"
    assert embedded.password(city, "analyst_qian")
    with psycopg.connect(conninfo(city, "analyst_qian")) as connection:
        assert connection.execute("SELECT count(*) FROM catalog.library").fetchone() == (4,)
    with pytest.raises(ValueError, match="department 'moon'"):
        people.add_person("zhou", "moon", "analyst")
    with pytest.raises(ValueError, match="person 'Zhou'"):
        people.add_person("Zhou", "tax", "analyst")


@pytest.mark.parametrize(
    ("function", "value", "masked"),
    [
        ("mask_citizen_id", "11010519491231002X", "110105********002X"),
        ("mask_citizen_id", "H01234567", "H*******7"),
        ("mask_citizen_id", "7", "*"),
        ("mask_person_name", "张三", "张*"),
        ("mask_person_name", "张三丰", "张*丰"),
        ("mask_person_name", "欧阳修竹", "欧**竹"),
        ("mask_person_name", "某", "*"),
        ("mask_phone", "13812345678", "138****5678"),
        ("mask_phone", "0571-87654321", "0571-****21"),
        ("mask_phone", "110", "****"),
        ("mask_address", "浙江省杭州市西湖区文三路1号", "浙江省杭州市西湖区****"),
        ("mask_address", "广西壮族自治区南宁市青秀区民族大道8号", "广西壮族自治区南宁市青秀区****"),
        ("mask_address", "阳光小区3幢402室", "****"),
        ("mask_address", "上海市徐汇滨江小区8号", "上海市****"),
        ("mask_address", "凉山彝族自治州西昌市航天大道", "凉山彝族自治州西昌市****"),
        ("mask_division", "330106001", "330106"),
        ("mask_identifier", "6222020200112345678", "****5678"),
        ("mask_identifier", "A1", "****"),
        ("mask_text", "当事人330106199003078515，电话13812345678，罚款500元", "当事人330106********8515，电话138****5678，罚款500元"),
        ("mask_all", "20", "***"),
    ],
)  # fmt: skip
def test_masking_rules(function: str, value: str, masked: str) -> None:
    with transaction("shuyuan_web") as connection:
        order: Any = f"SELECT share.{function}(%s), share.{function}(NULL)"
        assert connection.execute(order, [value]).fetchone() == (masked, None)
