"""A warehouse to be kept from people: a published town, a row in every append-only table, an analyst with a login, connections as any role."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from town import INSURED, MONDAY, Town, fresh_database, ids, person

from shuyuan import settings
from shuyuan.db import embedded
from shuyuan.db.address import conninfo
from shuyuan.db.engine import transaction
from shuyuan.db.sql import statement

ROLES = ("shuyuan_loader", "shuyuan_steward", "shuyuan_auditor", "shuyuan_web", "analyst_qian")
COURT = {
    "dispute_change": "'r.n', 'c.n', 'ab', NULL, NULL, 1",
    "reliability": "'c.n', false, 1, 0.9",
    "verdict": "'r.n', 'ab', 'c.n', 0.9, 0.1, 'c.n', 0.9",
}
APPEND_ONLY = (
    "load",
    "access",
    "finding",
    "evidence",
    "quarantine",
    "validation",
    "crosscheck",
    "unmapped",
    "told",
    *COURT,
)
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")


@contextmanager
def signed_in(home: Path, role: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(conninfo(home, role), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module", name="warehouse")
def published(home: Path) -> Iterator[Town]:
    """A town in which every append-only table holds a row, and an analyst who may sign in."""
    os.environ["SHUYUAN_HOME"] = str(home)
    settings.load.cache_clear()
    fresh_database(home)
    town = Town(home)
    town.clear()
    embedded.create_analyst(home, "qian")
    people = ids(40)
    some = [person(people[0], phone="13"), *map(person, people[1:])]  # a verdict
    town.register(MONDAY, [*some, some[-1]])  # and a row twice: one goes to quarantine
    town.insured(MONDAY, [{"社会保障号": people[0], "姓名": "张三"}])
    town.feed(MONDAY)
    town.feed(MONDAY, INSURED)
    town.publish()
    with transaction("shuyuan_web") as connection:
        connection.execute(statement("ledger/record_access"), access())
    with transaction("shuyuan_loader") as connection:
        connection.execute("INSERT INTO ledger.finding (kind, severity, message) VALUES ('proof', 'info', 'proof')")
        connection.execute(
            "INSERT INTO ledger.unmapped SELECT max(batch_id), 'sex', '雄', 'code_unknown', 1 FROM ledger.batch"
        )
        for name, values in COURT.items():
            connection.execute(
                f"INSERT INTO ledger.{name} SELECT max(run_id), 'proof', 'name', {values} FROM ledger.run".encode()
            )
    yield town


def access() -> dict[str, object]:
    names = ["at", "department", "role", "purpose", "approver", "rows", "seconds", "medium", "origin", "entity"]
    given = {
        "user_name": "qian",
        "statement": "proof",
        "objects": [],
        "columns": [],
        "method": "cli",
        "outcome": "refused",
        "reason": "proof",
    }
    return dict.fromkeys(names) | given
