"""What was recorded stays: no role, the owner included, updates, deletes or truncates an audit table or a partition of one."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege
from town import Town
from warehouse import APPEND_ONLY, PRIVILEGES, ROLES, published, signed_in  # noqa: F401

from shuyuan.db.engine import transaction


def partitions(town: Town, parent: str) -> list[str]:
    found = town.ask(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", f"ledger.{parent}"
    )
    return [name for (name,) in found]


def append_only(town: Town) -> list[str]:
    whole = [f"ledger.{name}" for name in APPEND_ONLY]
    return [*whole, *partitions(town, "load"), *partitions(town, "access"), "history.population"]


def test_there_is_something_to_take_away(warehouse: Town) -> None:
    empty = [
        table
        for table, (_, rows) in counts(warehouse).items()
        if not rows and table not in partitions(warehouse, "load")
    ]
    assert all(table.startswith("ledger.access_") for table in empty), empty
    assert len(partitions(warehouse, "load")) >= 4


@pytest.mark.parametrize("role", ["shuyuan_owner", *ROLES])
def test_no_role_changes_or_removes_what_was_recorded(warehouse: Town, role: str) -> None:
    with signed_in(warehouse.home, role) as connection:
        before = counts(warehouse)
        for table, (column, rows) in before.items():
            orders = [f"TRUNCATE {table}", f"TRUNCATE {table} CASCADE"]
            if rows:  # what is empty has nothing to lose
                orders += [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
            for order in orders:
                with pytest.raises(InsufficientPrivilege):
                    connection.execute(order.encode())
    assert counts(warehouse) == before


def counts(town: Town) -> dict[str, tuple[str, int]]:
    """Of every append-only table and partition: a column that could be updated, and its rows."""
    columns = "SELECT attname FROM pg_attribute WHERE attrelid = '{0}'::regclass AND attnum > 0 AND attidentity = '' ORDER BY attnum LIMIT 1"
    one = f"SELECT '{{0}}', ({columns}), (SELECT count(*) FROM {{0}})"
    found = town.ask(" UNION ALL ".join(one.format(table) for table in append_only(town)))
    return {table: (column, rows) for table, column, rows in found}


@pytest.mark.parametrize("role", ROLES)
def test_only_the_owner_could_unlock(warehouse: Town, role: str) -> None:
    with signed_in(warehouse.home, role) as connection:
        for table in append_only(warehouse):
            for order in (
                f"ALTER TABLE {table} DISABLE TRIGGER append_only",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
                f"DROP TRIGGER no_truncate ON {table}",
                f"DROP TABLE {table} CASCADE",
                f"ALTER TABLE {table} RENAME TO gone",
            ):
                with pytest.raises(InsufficientPrivilege):
                    connection.execute(order.encode())
        for order in ("DROP SCHEMA ledger CASCADE", "DROP FUNCTION ledger.refuse_change() CASCADE"):
            with pytest.raises(InsufficientPrivilege):
                connection.execute(order.encode())


@pytest.mark.parametrize("role", ["shuyuan_owner", *ROLES])
def test_nobody_switches_triggers_or_the_log_off(warehouse: Town, role: str) -> None:
    with signed_in(warehouse.home, role) as connection:
        for order in (
            "SET session_replication_role = replica",
            "SET log_statement = 'none'",
            "SET log_duration = off",
            "SET log_min_error_statement = panic",
            "ALTER SYSTEM SET log_destination = 'stderr'",
            f"ALTER ROLE {role} SET log_statement = 'none'",
            "SELECT pg_rotate_logfile()",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "SET ROLE postgres",
        ):
            with pytest.raises(InsufficientPrivilege):
                connection.execute(order.encode())


def test_a_month_made_later_is_as_locked_as_the_first(warehouse: Town) -> None:
    with transaction("shuyuan_loader") as connection:
        connection.execute("SELECT ledger.ensure_month('load', '2031-05-17')")
        connection.execute("SELECT ledger.ensure_month('load', '2031-05-01')")  # again is nothing
    triggers = warehouse.ask(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'ledger.load_203105'::regclass AND tgenabled = 'O' ORDER BY 1"
    )
    assert triggers == [("append_only",), ("no_truncate",)]
    for role in ("shuyuan_owner", *ROLES):
        with signed_in(warehouse.home, role) as connection, pytest.raises(InsufficientPrivilege):
            connection.execute("TRUNCATE ledger.load_203105")
    assert (
        warehouse.ask(f"SELECT r FROM unnest(%s::text[]) r WHERE {any_privilege('ledger.load_203105')}", list(ROLES))
        == []
    )


def test_a_month_that_the_default_has_caught_stays_there(warehouse: Town) -> None:
    with transaction("shuyuan_owner") as connection:
        connection.execute(
            "INSERT INTO ledger.load (at, actor, step, seconds, outcome) VALUES ('2040-02-03', 'proof', 'proof', 0, 'ok')"
        )
    with transaction("shuyuan_loader") as connection:
        connection.execute("SELECT ledger.ensure_month('load', '2040-02-01')")
    assert (
        warehouse.one("SELECT tableoid::regclass::text FROM ledger.load WHERE at = '2040-02-03'")
        == "ledger.load_default"
    )


def test_only_audit_tables_are_kept_by_month(warehouse: Town) -> None:
    with (
        transaction("shuyuan_loader") as connection,
        pytest.raises(psycopg.errors.RaiseException, match="not kept by month"),
    ):
        connection.execute("SELECT ledger.ensure_month('batch', '2031-05-17')")


def any_privilege(table: str) -> str:
    return " OR ".join(f"has_table_privilege(r, '{table}', '{privilege}')" for privilege in PRIVILEGES)


def test_the_conservation_equation_binds_the_owner_too(warehouse: Town) -> None:
    with pytest.raises(CheckViolation), transaction("shuyuan_owner") as connection:
        connection.execute("UPDATE ledger.batch SET physical = physical + 1 WHERE state = 'admitted'")
