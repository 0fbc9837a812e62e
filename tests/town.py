"""A tiny town for tests: real deliveries written by hand, the real catalog, a real database made anew for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from shuyuan.db import address, cluster
from shuyuan.db.engine import transaction
from shuyuan.demo.identifiers import citizen_ids
from shuyuan.flow import admit, check, library, read, receive

MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 18)
RESIDENT = "public_security.resident"
INSURED = "hrss.insured"
HEADER = "公民身份号码,姓名,曾用名,性别代码,民族代码,出生日期,户号,户籍地区划代码,户籍地址,婚姻状况代码,文化程度代码,户籍状态代码,死亡日期,联系电话"
TEMPLATE = "shuyuan_clean"
FOLDERS = ("inbox", "archive", "lake", "docs")


def fresh_database(home: Path, template: str = TEMPLATE) -> None:
    """Put a kept database, by default the migrated and empty one, in the place of the used one."""
    with psycopg.connect(address.conninfo(home, cluster.SUPERUSER, "postgres"), autocommit=True) as connection:
        _keep(connection, TEMPLATE)
        connection.execute("DROP DATABASE shuyuan WITH (FORCE)")
        connection.execute(f"CREATE DATABASE shuyuan TEMPLATE {template} OWNER shuyuan_owner")
        connection.execute((cluster.FILES / "grants.sql").read_bytes())


def _keep(connection: psycopg.Connection[Any], template: str) -> None:
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [template]).fetchone() is None:
        # Great Expectations' connection pools outlive its judgements; a database that is copied must have no sessions.
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shuyuan'")
        connection.execute(f"CREATE DATABASE {template} TEMPLATE shuyuan OWNER shuyuan_owner")


def ids(count: int) -> list[str]:
    """Valid citizen numbers of invented people, all born on 1980-02-03, women and men in turn."""
    births = np.full(count, np.datetime64("1980-02-03"))
    found: list[str] = citizen_ids(np.full(count, 440303), births, np.arange(100, 100 + count)).to_pylist()
    return found


def person(number: str, name: str = "", **changes: str) -> str:
    """One line of the residents' register; `changes` by position name: sex, birth, marital, life, death, phone."""
    cells = {
        "sex": "1" if int(number[16]) % 2 else "2",
        "birth": "19800203",
        "marital": "10",
        "life": "1",
        "death": "",
        "phone": "13800138000",
    }
    cells |= changes
    return (
        f"{number},{name or '王' + chr(0x5000 + int(number[14:17]))},,{cells['sex']},01,{cells['birth']},H1,440303,广东省深圳市罗湖区东门街道1号,"
        f"{cells['marital']},20,{cells['life']},{cells['death']},{cells['phone']}"
    )


class Town:
    """Drops deliveries, runs steps, asks the ledger."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def clear(self) -> None:
        for folder in FOLDERS:
            shutil.rmtree(self.home / folder, ignore_errors=True)

    def begin_with(self, name: str, story: Callable[[Town], None]) -> None:
        """Begin where `story` ends: it is lived once per session, then only its database and files are put back."""
        kept = self.home.parent / name
        if not kept.exists():
            story(self)
            with psycopg.connect(address.conninfo(self.home, cluster.SUPERUSER, "postgres"), autocommit=True) as server:
                _keep(server, f"shuyuan_{name}")
            for folder in FOLDERS:
                shutil.copytree(self.home / folder, kept / folder)
            return
        fresh_database(self.home, f"shuyuan_{name}")
        with psycopg.connect(address.conninfo(self.home, cluster.SUPERUSER, "postgres"), autocommit=True) as server:
            server.execute(
                "CHECKPOINT"
            )  # a copied sequence is logged from here on; a crash before would hand its numbers out again
        for folder in FOLDERS:
            shutil.copytree(kept / folder, self.home / folder, dirs_exist_ok=True)

    def drop(self, name: str, content: bytes, rows: int | None = None, department: str = "public_security") -> Path:
        """Put a file into a department's inbox, and its control file when `rows` is given."""
        path = self.home / "inbox" / department / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if rows is not None:
            path.with_name(name + ".ok").write_text(str(rows))
        return path

    def register(
        self, day: date, lines: Iterable[str], suffix: str = "", rows: int | None = None, header: str = HEADER
    ) -> Path:
        """The residents' register of a day, as public security sends it (GB18030, control file)."""
        body = list(lines)
        text = "".join(f"{line}\n" for line in [header, *body])
        name = f"resident_{day:%Y%m%d}{suffix}.csv"
        return self.drop(name, text.encode("gb18030"), len(body) if rows is None else rows)

    def insured(self, day: date, people: list[dict[str, str | None]]) -> Path:
        """A change file of the pension office (Parquet); keys are headers, `opt_type` defaults to I."""
        names = [
            "社会保障号",
            "个人编码",
            "姓名",
            "单位统一社会信用代码",
            "养老参保状态",
            "缴费基数(元)",
            "参保日期",
            "待遇资格生存状态",
        ]
        rows = [dict.fromkeys(names) | {"opt_type": "I"} | entry for entry in people]
        path = self.home / "inbox" / "hrss" / f"insured_{day:%Y%m%d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, pa.schema([(n, pa.string()) for n in [*names, "opt_type"]])), path)
        path.with_name(path.name + ".ok").write_text(str(len(rows)))
        return path

    def feed(self, day: date, resource: str = RESIDENT) -> int:
        """One delivery through receive, read, check, admit. → batch."""
        batch = receive(resource, day)
        assert batch is not None, f"nothing came from {resource} for {day}"
        return admit(check(read(batch)))

    def publish(self, name: str = "population") -> int:
        return library.publish(library.resolve(name))

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a query, as the owner."""
        with transaction("shuyuan_owner") as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def one(self, query: str, *values: object) -> Any:
        """The one value of a query."""
        ((value,),) = self.ask(query, *values)
        return value

    def state(self, batch: int) -> str:
        return str(self.one("SELECT state FROM ledger.batch WHERE batch_id = %s", batch))
