"""Fetching deliveries: a department's own database on this machine; what goes wrong there loses and overwrites nothing here."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from contracts import Contract, contracted  # noqa: F401
from servers import department_database
from terminal import program  # noqa: F401
from town import MONDAY, RESIDENT, Town, ids

from shuyuan.flow import Rejected, read, receive
from shuyuan.flow.collect import collect
from shuyuan.intake.collect import Unreachable

TODAY = MONDAY


def fetched(town: Town) -> list[str]:
    return sorted(path.name for path in (town.home / "inbox" / "public_security").iterdir())


def known(town: Town) -> int:
    return int(town.one("SELECT count(*) FROM ledger.collected"))


# A department's table


TABLE = {"kind": "database", "connection": "registry", "table": "登记.Residents", "key": ["区", "身份 号"], "page": 7}


@pytest.fixture
def department(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """Public security's own database: fifty residents in a table with names that need quoting."""
    with department_database(home) as (url, owner):
        monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", url)
        owner.execute('CREATE SCHEMA "登记"')
        owner.execute(
            'CREATE TABLE "登记"."Residents" ("区" text, "身份 号" text, "姓名" text, "出生日期" date, at timestamptz, secret text)'
        )
        for at, number in enumerate(ids(50)):
            owner.execute('INSERT INTO "登记"."Residents" VALUES (%s, %s, %s, %s, %s, %s)',
                          [str(at % 3), number, f"王{at}", date(1980, 2, 3), f"2026-11-{15 + at % 3} 12:00+08", "never"])  # fmt: skip
        owner.execute('GRANT USAGE ON SCHEMA "登记" TO taxes_reader')
        owner.execute('GRANT SELECT ON "登记"."Residents" TO taxes_reader')
        yield owner


def table(contract: Contract, **connector: object) -> None:
    resource = contract(pattern="resident_{date}.parquet", connector=TABLE | connector)
    assert resource.delivery.connector is not None


@pytest.fixture
def quoted(contract: Contract, tmp_path: Path) -> Contract:
    """The contract with the table's own name of the key as an alias, and only two required columns."""
    import yaml

    contract()
    path = tmp_path / "catalog" / "resources" / "public_security" / "resident.yml"
    text = yaml.safe_load(path.read_text("utf-8"))
    for item in text["items"]:
        item["optional_column"] = item["name"] not in ("id_no", "name")
        item["aliases"] = [*item.get("aliases", []), *(["身份 号"] if item["name"] == "id_no" else [])]
    path.write_text(yaml.safe_dump(text, allow_unicode=True), "utf-8")
    return contract


def test_a_table_is_read_in_pages_and_becomes_a_delivery(
    town: Town, quoted: Contract, department: psycopg.Connection[Any]
) -> None:
    table(quoted)
    (path,) = collect(RESIDENT, MONDAY, today=TODAY)
    found = pq.read_table(path).to_pydict()
    assert sorted(found["身份 号"]) == sorted(ids(50))
    assert set(found["出生日期"]) == {"1980-02-03"}
    assert "secret" not in found and "区" not in found, "only what the contract asks for leaves the department"
    assert path.with_name(path.name + ".ok").read_text().startswith("rows=50\n")
    batch = receive(RESIDENT, MONDAY) or 0
    assert town.one("SELECT control_rows FROM ledger.batch WHERE batch_id = %s", batch) == 50
    read(batch)
    assert town.one("SELECT loaded FROM ledger.batch WHERE batch_id = %s", batch) == 50
    assert collect(RESIDENT, MONDAY) == []
    assert collect(RESIDENT, MONDAY, again=True, today=TODAY) == [], "the same rows make the same bytes"
    department.execute("""DELETE FROM "登记"."Residents" WHERE "姓名" = '王7'""")
    assert [p.name for p in collect(RESIDENT, MONDAY, again=True, today=TODAY)] == ["resident_20261116_2.parquet"]


def test_only_the_rows_of_the_day_are_read(town: Town, quoted: Contract, department: psycopg.Connection[Any]) -> None:
    department.execute('ALTER TABLE "登记"."Residents" ALTER at TYPE timestamp USING at AT TIME ZONE \'Asia/Shanghai\'')
    table(quoted, day="at")
    (path,) = collect(RESIDENT, MONDAY, today=MONDAY + timedelta(days=9))
    assert pq.read_metadata(path).num_rows == 17


@pytest.mark.parametrize(
    ("change", "connector", "words"),
    [
        ("", {"key": ["区"]}, "50 rows, but"),
        ('UPDATE "登记"."Residents" SET "区" = NULL WHERE "姓名" = \'王3\'', {}, "unique and never null"),
        ("", {"key": ["nothing"]}, "no column nothing"),
        ("", {"table": "登记.residents"}, "no table"),
        ("", {"table": 'x"; DROP TABLE y; --'}, "no table"),
        ('REVOKE SELECT ON "登记"."Residents" FROM taxes_reader', {}, "permission denied"),
        ('ALTER TABLE "登记"."Residents" DROP "姓名"', {}, "no column for `name`"),
        ('ALTER TABLE "登记"."Residents" ALTER "姓名" TYPE bytea USING \'x\'::bytea', {}, "binary"),
        ('TRUNCATE "登记"."Residents"', {}, "no row at all"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_whole_is_refused(
    town: Town,
    quoted: Contract,
    department: psycopg.Connection[Any],
    change: str,
    connector: dict[str, object],
    words: str,
) -> None:
    if change:
        department.execute(change.encode())
    table(quoted, **connector)
    with pytest.raises(Rejected, match=words):
        collect(RESIDENT, MONDAY, today=TODAY)
    assert fetched(town) == [] and known(town) == 0


def test_all_pages_show_one_moment(
    town: Town, quoted: Contract, department: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that come and go while we read are neither lost nor doubled: every page and the count see the same register."""
    from shuyuan.db import foreign

    real, asked = foreign.Table._page, []

    def meanwhile(self: Any, names: Any, after: Any) -> Any:
        asked.append(after)
        if len(asked) == 3:
            department.execute('DELETE FROM "登记"."Residents" WHERE "区" = \'2\'')
            department.execute("INSERT INTO \"登记\".\"Residents\" VALUES ('9', 'new', 'new', NULL, NULL, NULL)")
        return real(self, names, after)

    monkeypatch.setattr(foreign.Table, "_page", meanwhile)
    table(quoted)
    (path,) = collect(RESIDENT, MONDAY, today=TODAY)
    assert sorted(pq.read_table(path)["身份 号"].to_pylist()) == sorted(ids(50))
    assert len(asked) == 9, "seven pages of seven, one of one, and the empty one after it"


def test_nothing_can_be_written_over_there(department: psycopg.Connection[Any]) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from shuyuan.db import foreign

    department.execute('GRANT ALL ON "登记"."Residents" TO taxes_reader')
    wanted = foreign.Slice("登记.Residents", ("身份 号",), 10)
    with (
        foreign.opened(os.environ["SHUYUAN_CONNECTION_REGISTRY"], wanted, 5) as there,
        pytest.raises(DBAPIError, match="read-only"),
    ):
        there._connection.execute(text('DELETE FROM "登记"."Residents"'))


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("mysql+pymysql://u:geheim@127.0.0.1/x", Rejected, "pymysql"),
        ("geheim", Rejected, "no SQLAlchemy URL"),
        ("nosuch://u:geheim@h/x", Rejected, "no SQLAlchemy URL"),
        ("postgresql+psycopg://u:geheim@127.0.0.1:1/x", Unreachable, "refused"),
        ("sqlite:////nowhere/geheim.db", Unreachable, "unable to open"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_without_its_address(
    town: Town, quoted: Contract, monkeypatch: pytest.MonkeyPatch, url: str, kind: type[Exception], words: str
) -> None:
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", url)
    table(quoted)
    with pytest.raises(kind, match=words) as caught:
        collect(RESIDENT, MONDAY, today=TODAY)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "rest",
    ["u:s3cret@ret:w0rd@127.0.0.1:1/x", "u:12@s3cret@127.0.0.1:1/x", "u:12@s3cret/w0rd@127.0.0.1:1/x", "u:12@s3cret?w0rd@127.0.0.1/x",
     "u/12:s3cret@127.0.0.1:1/x", "u:12@[s3cret@127.0.0.1/x"],
)  # fmt: skip
def test_a_url_cut_within_its_password_is_refused_and_none_of_it_is_told(
    town: Town, quoted: Contract, monkeypatch: pytest.MonkeyPatch, rest: str
) -> None:
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", f"postgresql+psycopg://{rest}")
    table(quoted)
    with pytest.raises(Rejected, match=r"registry.*percent-encode the password") as caught:
        collect(RESIDENT, MONDAY, today=TODAY)
    told = str(town.ask("SELECT * FROM ledger.load")) + "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in told and "w0rd" not in told


def test_a_table_that_does_not_answer_is_given_up(
    town: Town, quoted: Contract, department: psycopg.Connection[Any]
) -> None:
    department.execute("""CREATE VIEW "登记".slow AS SELECT * FROM "登记"."Residents" WHERE pg_sleep(20) IS NOT NULL""")
    department.execute('GRANT SELECT ON "登记".slow TO taxes_reader')
    table(quoted, table="登记.slow", timeout=1)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="statement timeout"):
        collect(RESIDENT, MONDAY, today=TODAY)
    assert time.monotonic() - began < 15
    assert fetched(town) == [] and known(town) == 0


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+psycopg://h/x", {"connect_timeout"}),
        ("mysql+pymysql://h/x", {"connect_timeout", "read_timeout", "write_timeout"}),
        ("mssql+pymssql://h/x", {"login_timeout", "timeout"}),
        ("oracle+oracledb://h/x", set()),
    ],
)
def test_a_driver_is_told_of_our_patience_in_its_own_words(url: str, told: set[str]) -> None:
    from sqlalchemy import make_url

    from shuyuan.db import foreign

    assert foreign._patience(make_url(url), 7) == dict.fromkeys(told, 7)


def test_a_file_database_is_read_by_the_same_code(
    town: Town, quoted: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "d.db") as database:
        database.execute('CREATE TABLE residents ("身份 号" TEXT PRIMARY KEY, "姓名" TEXT)')
        database.executemany("INSERT INTO residents VALUES (?, ?)", [(number, "王") for number in ids(23)])
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", f"sqlite:///{tmp_path / 'd.db'}")
    table(quoted, table="residents", key=["身份 号"])
    (path,) = collect(RESIDENT, MONDAY, today=TODAY)
    assert pq.read_metadata(path).num_rows == 23


def test_by_hand(town: Town, quoted: Contract, department: psycopg.Connection[Any], shuyuan: Any) -> None:
    table(quoted, day="at")
    said = shuyuan("collect", RESIDENT, "2026-11-16")
    assert said.code == 0 and "1 files fetched" in said.words and "shuyuan receive" in said.words
    assert "nothing new" in shuyuan("collect", RESIDENT, "2026-11-16").words
    department.execute('DROP TABLE "登记"."Residents"')
    refused = shuyuan("collect", RESIDENT, "2026-11-17")
    assert refused.code == 1 and "Way out" in refused.words
