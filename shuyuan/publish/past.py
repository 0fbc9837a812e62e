"""History against a day that was resolved again: what it says otherwise, and the versions that correct it. In the caller's transaction.

Belongs here: rows of the warehouse. Does not belong here: how a day is resolved again (`flow.past`), when history is corrected (`flow.correct`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from shuyuan.catalog import Library
from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, columns, fragment, join, statement, table
from shuyuan.publish.rows import of_files
from shuyuan.publish.source import COPY_TYPES
from shuyuan.publish.tables import postgres_type


@dataclass(frozen=True)
class Day:
    """A day of the past, and the files with what it says when it is resolved again."""

    day: date
    files: list[Path]


@dataclass(frozen=True)
class Sampled:
    """One difference between a day resolved again and history."""

    entity: str
    item: str | None
    replayed: str | None
    known: str | None


def correct(
    connection: Connection, library: Library, run_id: int, days: Iterable[Day], named: Sequence[str], until: date
) -> Counter[str]:
    """Append versions until history, as known from now on, says of the `named` entities on every one of `days` (oldest first) what its files say.

    From `until` on it says what it said before. → versions appended, by I, U and D. The caller holds the library's pointer.
    """
    connection.execute(statement("steps/create_replayed", like=table("library", library.id)))
    copy_in(connection, Identifier("named"), pa.table({"_key": pa.array(named, pa.string())}), ["text"])
    connection.execute("ANALYZE named")
    ((recorded,),) = connection.execute("SELECT clock_timestamp()").fetchall()
    done = Counter[str]()
    _stand(connection, library, until)
    for day in days:
        _take(connection, library, day.files)
        done += _append(connection, library, run_id, day.day, recorded, "replayed")
    return done + _append(connection, library, run_id, until, recorded, "standing")


@dataclass(frozen=True)
class Compared:
    """A day resolved again against history. `different`: entities that both have and not alike; `items`: how many of them by item.

    `sample` are the first few of every kind, (entity, item, value by replay, value in history); an entity that one side lacks has item None.
    """

    entities: int
    only_replayed: int
    only_known: int
    different: int
    items: dict[str, int]
    sample: list[Sampled]

    @property
    def same(self) -> bool:
        return not (self.only_replayed or self.only_known or self.different)


def compare(connection: Connection, library: Library, day: Day, most: int) -> Compared:
    """What history, as known now, says of a day otherwise than its files; a sample of at most `most` per kind. Nothing is written."""
    names = _names(library)
    connection.execute(statement("steps/create_replayed", like=table("library", library.id)))
    _take(connection, library, day.files, everybody=True)
    as_of = table("history", f"{library.id}_as_of")
    connection.execute(statement("steps/create_known", columns=columns(names), as_of=as_of), {"day": day.day})
    connection.execute("ANALYZE replayed; ANALYZE known")
    items = [name for name in names if name != "_key"]
    counted = "count(*) FILTER (WHERE replayed._key = known._key AND {a} IS DISTINCT FROM {b})"
    counts = [fragment(counted, a=Identifier("replayed", n), b=Identifier("known", n)) for n in items]
    parts = {"replayed_columns": columns(names, "replayed"), "known_columns": columns(names, "known")}
    ((*whole, _),) = connection.execute(statement("steps/compare_history", items=join([*counts, SQL("0")]), **parts))
    differing = {name: found for name, found in zip(items, whole[4:], strict=True) if found}
    entities, only_replayed, only_known, different = whole[:4]
    sample = _sample(connection, differing, most) if most else []
    return Compared(entities, only_replayed, only_known, different, differing, sample)


def _sample(connection: Connection, items: Iterable[str], most: int) -> list[Sampled]:
    found: list[Sampled] = []
    for here, there, words in (("replayed", "known", ("here", None)), ("known", "replayed", (None, "here"))):
        order = statement("steps/one_sided", here=Identifier(here), there=Identifier(there))
        found += [Sampled(key, None, *words) for (key,) in connection.execute(order, {"most": most})]
    for name in items:
        order = statement("steps/differing_values", item=Identifier(name))
        found += [Sampled(key, name, *pair) for key, *pair in connection.execute(order, {"most": most})]
    return found


def _stand(connection: Connection, library: Library, day: date) -> None:
    """Keep what history says of a day, before it is corrected."""
    known = _known(library)
    order = fragment("INSERT INTO standing ({names}) {known}", names=columns(_names(library)), known=known)
    connection.execute(order, {"day": day})


def _take(connection: Connection, library: Library, files: list[Path], *, everybody: bool = False) -> None:
    connection.execute("TRUNCATE replayed")
    types = _types(library)
    copy_in(connection, Identifier("replayed"), of_files(files, list(types), "I"), list(types.values()))
    if not everybody:
        connection.execute("DELETE FROM replayed WHERE NOT EXISTS (SELECT FROM named WHERE named._key = replayed._key)")


def _append(
    connection: Connection, library: Library, run_id: int, day: date, recorded: datetime, said: str
) -> Counter[str]:
    names = _names(library)
    order = statement(
        "steps/correct_history",
        known=_known(library),
        said=Identifier(said),
        history=table("history", library.id),
        columns=columns(names),
        values=join(_either(name) for name in names),
        said_columns=columns(names, "said"),
        known_columns=columns(names, "known"),
    )
    done = connection.execute(order, {"run": run_id, "day": day, "recorded": recorded}).fetchall()
    return Counter({str(letter): int(rows) for letter, rows in done})


def _known(library: Library) -> Composed:
    as_of = table("history", f"{library.id}_as_of")
    return statement("steps/known_of_named", as_of=as_of, columns=columns(_names(library), "known"))


def _either(name: str) -> Composable:
    """The value that is said; of what is gone the last that was known, as in every history."""
    template = "CASE WHEN said._key IS NULL THEN {known} ELSE {said} END AS {name}"
    return fragment(template, known=Identifier("known", name), said=Identifier("said", name), name=Identifier(name))


def _types(library: Library) -> dict[str, str]:
    types = {item.name: COPY_TYPES[postgres_type(item.type)] for item in library.items}
    return types | {"_key": "text", "_filled": "jsonb"}


def _names(library: Library) -> list[str]:
    return list(_types(library))
