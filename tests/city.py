"""A small loaded city in a deployment of its own: real server, real tables of the real catalog, a few rows of every kind.

Of its own, because audit tables only grow: rows written here could never be taken out of a deployment that other tests count in.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from shuyuan import settings
from shuyuan.db import embedded
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import SQL, Identifier, columns, join

DAY = date(2026, 8, 30)
ZHANG, LI, OU = "330106199003078515", "330106198512031224", "11010519491231002X"
SHOP = "91330106MA2ABCDE0X"
RESULTS = {
    "success": False,
    "statistics": {"evaluated_expectations": 3, "successful_expectations": 2, "unsuccessful_expectations": 1, "success_percent": 66.7},
    "results": [
        {"success": True, "expectation_config": {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "id_no"},
         "severity": "critical", "meta": {"dimension": "completeness"}}, "result": {"element_count": 6, "unexpected_count": 0}},
        {"success": True, "expectation_config": {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id_no"},
         "severity": "critical", "meta": {}}, "result": {"element_count": 6, "unexpected_count": 0}},
        {"success": False, "expectation_config": {"type": "expect_verdict_rate_to_be_below", "kwargs": {"column": "phone", "mostly": 0.99},
         "severity": "warning", "meta": {}}, "result": {"element_count": 6, "unexpected_count": 1, "partial_unexpected_list": ["1380000"]}},
    ],
}  # fmt: skip


@contextmanager
def deployment(path: Path) -> Iterator[Path]:
    """SHUYUAN_HOME points to `path` inside the block."""
    before = os.environ.get("SHUYUAN_HOME")
    os.environ["SHUYUAN_HOME"] = str(path)
    settings.load.cache_clear()
    try:
        yield path
    finally:
        if before is None:
            del os.environ["SHUYUAN_HOME"]
        else:
            os.environ["SHUYUAN_HOME"] = before
        settings.load.cache_clear()


@pytest.fixture(scope="module")
def city() -> Iterator[Path]:
    """A started, migrated deployment with the rows of `fill`, in force for one test module.

    Not under pytest's own directory: whichever pytest starts next closes that to the account PostgreSQL runs as.
    """
    from shuyuan.flow.migrate import migrate

    with tempfile.TemporaryDirectory(prefix="sy-city-") as name, deployment(Path(name) / "home") as home:
        embedded.start(home)
        try:
            migrate()
            with transaction("shuyuan_owner") as connection:
                fill(connection)
            (home / "docs" / "validations").mkdir(parents=True)
            (home / "docs" / "validations" / "resident.html").write_text(
                "<html><head></head><body><h1>Data Docs: resident</h1></body></html>"
            )
            yield home
        finally:
            embedded.kill(home)


def insert(connection: Connection, table: str, **values: object) -> int | None:
    """Insert one row; returns its first column if that is a number."""
    places = join(SQL(f"%({field})s") for field in values)
    order = SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
        Identifier(*table.split(".")), columns(values), places
    )
    row = connection.execute(order, {k: Jsonb(v) if isinstance(v, dict) else v for k, v in values.items()}).fetchone()
    return row[0] if row and isinstance(row[0], int) else None


def fill(connection: Connection) -> None:
    people(connection)
    resident = batch(connection, "public_security.resident", "resident_20260830.csv", quarantined=1)
    medical = batch(connection, "medical_insurance.insured", "medical_insured_20260830.parquet")
    pension = batch(connection, "hrss.insured", "insured_20260830.parquet", mode="change")
    batch(
        connection,
        "market_regulation.enterprise",
        "enterprise_20260830.csv",
        state="rejected",
        reason="控制文件行数 12 与实到 11 行不符",
    )
    judged(connection, resident)
    residents(connection, resident)
    claimed(connection, medical, pension)
    run = published(connection)
    discrepancies(connection, run)
    insert(
        connection,
        "ledger.breach",
        resource="education.student",
        expected_for=DAY,
        due_on=date(2026, 8, 31),
        working_days_late=3,
    )


def people(connection: Connection) -> None:
    for name, department, role in [
        ("lin", "public_security", "steward"),
        ("zhao", "tax", "auditor"),
        ("wang", "tax", "analyst"),
    ]:
        insert(connection, "share.person", name=name, department=department, role=role)
    insert(connection, "share.person", name="gone", department="tax", role="analyst", active=False)
    grant(connection, person="wang", items=["id_no", "name", "birth_date", "hukou_address", "phone:plain", "ethnic"])
    grant(connection, department="tax", items=["*"], purposes=["work_reference"])


def grant(connection: Connection, **values: object) -> int | None:
    given = {
        "library": "population",
        "purposes": ["administrative_basis"],
        "approver": "陈主任",
        "valid_from": date(2026, 1, 1),
    }
    return insert(connection, "share.permission", **(given | values))


def batch(connection: Connection, resource: str, file_name: str, **values: object) -> int:
    quarantined = values.get("quarantined", 0)
    given = {
        "resource": resource,
        "business_date": DAY,
        "mode": "full",
        "file_name": file_name,
        "file_sha256": file_name.encode().hex().ljust(64, "0")[:64],
    }
    given |= {
        "file_bytes": 2048,
        "state": "admitted",
        "physical": 7,
        "loaded": 6 - int(str(quarantined)),
        "quarantined": quarantined,
    }
    given |= {"blank": 0, "preamble": 1, "inserted": 3, "updated": 1, "deleted": 0, "unchanged": 1}
    batch_id = insert(connection, "ledger.batch", **(given | values))
    assert batch_id is not None
    outcome = "refused" if values.get("state") == "rejected" else "ok"
    insert(connection, "ledger.load", actor="airflow", step="admit", resource=resource, batch_id=batch_id, file_name=file_name,
           rows_in=7, rows_out=5, seconds=0.4, outcome=outcome, message=values.get("reason"))  # fmt: skip
    return batch_id


def judged(connection: Connection, batch_id: int) -> None:
    insert(connection, "ledger.evidence", batch_id=batch_id, item="phone", reason="phone_form", rows=1)
    insert(
        connection,
        "ledger.finding",
        batch_id=batch_id,
        kind="rate",
        severity="warning",
        item="phone",
        rows=1,
        message="手机号不合格 1 行",
    )
    insert(connection, "ledger.quarantine", batch_id=batch_id, line=5, item="id_no", value="33010619900307", reason="citizen_length",
           message="resident_20260830.csv 第 5 行 公民身份号码：长度 14", raw="=cmd|calc,33010619900307")  # fmt: skip
    insert(connection, "ledger.validation", suite="public_security__resident", batch_id=batch_id, success=False, evaluated=3, failed=1, score=66.67,
           decision="quarantine", results=RESULTS, docs="validations/resident.html")  # fmt: skip


def residents(connection: Connection, batch_id: int) -> None:
    rows = [
        (ZHANG, "张三丰", date(1990, 3, 7), "浙江省杭州市西湖区文三路1号阳光小区2幢301室", "13812345678", "2"),
        (LI, "李四", date(1985, 12, 3), "浙江省杭州市滨江区江南大道88号", "13900001111", "1"),
        (OU, "买买提·艾合买提", date(1949, 12, 31), "北京市朝阳区建国路2号", None, "1"),
    ]
    for line, (id_no, name, birth, address, phone, sex) in enumerate(rows, 2):
        values = {"name": name, "birth_date": birth, "hukou_address": address, "phone": phone}
        insert(
            connection,
            "source.public_security__resident",
            _key=id_no,
            _line=line,
            _batch=batch_id,
            _as_of=DAY,
            _hash="h",
            id_no=id_no,
            sex=sex,
            **values,
        )
        filled = {"marital_status": "public_security.resident"} if id_no == ZHANG else None
        more = {"marital_status": "20", "ethnic": "01", "hukou_division": "330106", "sex": sex, "_filled": filled}
        insert(connection, "library.population", _key=id_no, _run=1, _as_of=DAY, **values, **more)


def claimed(connection: Connection, medical: int, pension: int) -> None:
    insert(
        connection,
        "source.medical_insurance__insured",
        _key=ZHANG,
        _line=3,
        _batch=medical,
        _as_of=DAY,
        _hash="h",
        id_no=ZHANG,
        name="张三丰",
        sex="1",
    )
    insert(
        connection,
        "source.hrss__insured",
        _key=ZHANG,
        _line=9,
        _batch=pension,
        _as_of=DAY,
        _hash="h",
        id_no=ZHANG,
        name="张三",
    )


def published(connection: Connection) -> int:
    run = insert(connection, "ledger.run", library="population", business_date=DAY, inputs={"public_security.resident": 1}, state="published",
                 entities=3, inserted=3, updated=0, deleted=0, opened=3, closed=0)  # fmt: skip
    assert run is not None
    insert(
        connection,
        "ledger.load",
        actor="airflow",
        step="publish",
        library="population",
        run_id=run,
        rows_in=3,
        rows_out=3,
        seconds=1.2,
        outcome="ok",
    )
    insert(
        connection,
        "ledger.crosscheck",
        run_id=run,
        library="population",
        item="name",
        claim_ref="hrss.insured.name",
        compared=1,
        disagreed=1,
    )
    return run


def discrepancies(connection: Connection, run: int) -> None:
    rows = [
        (ZHANG, "name", "public_security.resident.name", "张三丰", "hrss.insured.name", "张三", "error"),
        (ZHANG, "sex", "public_security.resident.sex", "2", "medical_insurance.insured.sex", "1", "timing"),
    ]
    for entity, item, source, value, claim, other, kind in rows:
        insert(connection, "ledger.discrepancy", library="population", entity=entity, item=item, source_ref=source, source_value=value,
               claim_ref=claim, claim_value=other, **{"class": kind}, opened_run=run)  # fmt: skip
    insert(connection, "ledger.discrepancy", library="population", entity=LI, item="name", source_ref="public_security.resident.name",
           source_value="李四", claim_ref="hrss.insured.name", claim_value="=李四", **{"class": "error"}, opened_run=run, closed_run=run,
           closed_at="2026-08-31 09:00+08")  # fmt: skip
