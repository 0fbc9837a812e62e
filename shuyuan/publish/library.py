"""Publish: the delta of a run into `library.<id>`, `history.<id>` and the discrepancies, in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pyarrow as pa

from shuyuan.catalog import Library
from shuyuan.court import session
from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Identifier, assignments_from, columns, statement, table
from shuyuan.ledger import court, discrepancies
from shuyuan.ledger.runs import Run
from shuyuan.publish.bare import keys_last
from shuyuan.publish.rows import letters, of_files, stamped
from shuyuan.publish.source import COPY_TYPES, LostRows
from shuyuan.publish.tables import postgres_type

DISPUTE = ("_op", *discrepancies.COLUMNS, "pattern")
VERY_MANY = 100_000  # discrepancies for which it pays to keep everybody else from that table


def apply(connection: Connection, library: Library, run: Run, paths: list[Path], expected: dict[str, int]) -> None:
    """Bring current rows and history up to the run. `expected`: {"I": …, "U": …, "D": …}. Raises LostRows on any other count.

    A library with nothing in it is loaded straight and gets its keys afterwards; any other takes the delta in one statement.
    """
    types = {item.name: COPY_TYPES[postgres_type(item.type)] for item in library.items}
    types |= {"_key": "text", "_filled": "jsonb"}
    done = Counter[str]()
    if expected["I"] and not expected["U"] and not expected["D"]:
        done = _begin(connection, library, run, paths, types)
    if not done:
        done = _merge(connection, library, run, paths, types)
    if done != Counter(expected):
        raise LostRows(library.id, expected, done)


def _begin(
    connection: Connection, library: Library, run: Run, paths: list[Path], types: dict[str, str]
) -> Counter[str]:
    """The first rows. Nothing is done, and nothing counted, when there are rows already."""
    target, history = table("library", library.id), table("history", library.id)
    with keys_last(connection, target) as empty:
        if not empty:
            return Counter()
        marks = {"_run": pa.scalar(run.run_id, pa.int64()), "_as_of": pa.scalar(run.business_date, pa.date32())}
        rows = stamped(of_files(paths, list(types), "I"), **marks)
        written = copy_in(connection, target, rows, [*types.values(), "int8", "date"])
    with keys_last(connection, history):
        connection.execute(statement("steps/begin_history", library=target, history=history, columns=columns(types)))
    return Counter(I=written)


def _merge(
    connection: Connection, library: Library, run: Run, paths: list[Path], types: dict[str, str]
) -> Counter[str]:
    target = table("library", library.id)
    connection.execute(statement("steps/create_library_delta", like=target))
    copy_in(connection, Identifier("delta"), of_files(paths, [*types, "_op"], "IUD"), [*types.values(), "text"])
    connection.execute("ANALYZE delta (_key, _op)")
    parts = {"library": target, "history": table("history", library.id), "columns": columns(types)}
    parts |= {"values": columns(types, "delta"), "changes": assignments_from("delta", types)}
    order = statement("steps/merge_library", **parts)
    done = connection.execute(order, {"run": run.run_id, "as_of": run.business_date}).fetchall()
    connection.execute("DROP TABLE delta")
    return Counter({str(letter): int(rows) for letter, rows in done})


def settle(connection: Connection, library: Library, run: Run, paths: list[Path]) -> tuple[int, int]:
    """Close the discrepancies that ended or changed, open the new ones, say of the others who else says what now. → (opened, closed).

    Raises LostRows when one that should close is not open; PostgreSQL refuses one that is open already.
    """
    told = letters(paths)
    if not any(told[letter] for letter in "UDP"):
        return _open(connection, library, run, paths, told["I"]), 0
    connection.execute(statement("steps/create_dispute_delta"))
    copy_in(connection, Identifier("dispute"), of_files(paths, DISPUTE, "IUDP"), ["text"] * len(DISPUTE))
    connection.execute("ANALYZE dispute (_op, entity, item, claim_ref)")
    opened, closed = discrepancies.settle(connection, library.id, run.run_id, Identifier("dispute"))
    moved = court.move(connection, library.id, run.run_id, session.coded(library), Identifier("dispute"))
    connection.execute("DROP TABLE dispute")
    if (opened, closed, moved) != (told["I"] + told["U"], told["D"] + told["U"], told["P"]):
        done = {"opened": opened, "closed": closed, "moved": moved}
        raise LostRows(f"{library.id}, discrepancies", told, done)
    return opened, closed


def _open(connection: Connection, library: Library, run: Run, paths: list[Path], rows: int) -> int:
    """Only new discrepancies: straight into the table. Very many into an empty one: its keys come afterwards."""
    target = table("ledger", "discrepancy")
    marks = {"library": pa.scalar(library.id), "opened_run": pa.scalar(run.run_id, pa.int64())}
    disputes = stamped(of_files(paths, DISPUTE[1:], "I"), **marks)
    with keys_last(connection, target) if rows >= VERY_MANY else nullcontext():
        return copy_in(connection, target, disputes, ["text"] * len(DISPUTE) + ["int8"])
