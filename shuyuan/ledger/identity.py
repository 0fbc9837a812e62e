"""Identity in the ledger: proposed links, rulings about them, ids on record, and what the engine takes: aliases and row links.

Belongs here: reading and writing `ledger.link`, `ledger.link_ruling`, `ledger.entity`. Does not belong here: which ruling is permitted
(`shuyuan.identity.rulings`) and which links are worth a proposal (`shuyuan.identity.propose`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import pyarrow as pa

from shuyuan.db.engine import Connection
from shuyuan.db.rows import one
from shuyuan.db.rows import rows as listed
from shuyuan.db.sql import Composable, Identifier, Jsonb, columns, join, statement, table

State = Literal["proposed", "confirmed", "refused", "withdrawn"]
ALIASES = pa.schema([("alias", pa.string()), ("entity", pa.string())])
ROWS = pa.schema([("resource", pa.string()), ("row_key", pa.string()), ("entity", pa.string())])


@dataclass(frozen=True)
class Link:
    """A row of ledger.link_now: `alias` speaks of the entity `key`. With `resource`, `alias` is the key of a row of it."""

    link_id: int
    library: str
    resource: str | None
    alias: str
    key: str
    method: str
    probability: float | None
    why: str
    evidence: dict[str, Any]
    proposed_by: str
    proposed_at: datetime
    state: State
    ruled_by: str | None
    ruled_at: datetime | None
    reason: str | None


@dataclass(frozen=True)
class Entity:
    """What a key is. `entity`: the key that remains of it (itself, where nothing was merged); `entity_id`: the platform's id of that."""

    key: str
    own_id: UUID
    entity: str
    entity_id: UUID
    aliases: list[str]


@dataclass(frozen=True)
class Event:
    """One line of a key's history: a link, and one ruling about it (`verdict` None: nobody has ruled)."""

    link_id: int
    resource: str | None
    alias: str
    key: str
    method: str
    probability: float | None
    why: str
    proposed_by: str
    proposed_at: datetime
    verdict: State | None
    ruled_by: str | None
    reason: str | None
    ruled_at: datetime | None


FIELDS = columns(Link.__dataclass_fields__)


def propose(connection: Connection, library: str, by: str) -> int:
    """Keep the proposals of the session's temporary table `proposal` that nobody has made before. → how many were new."""
    return connection.execute(statement("identity/propose"), {"library": library, "by": by}).rowcount


def add(
    connection: Connection,
    library: str,
    resource: str | None,
    alias: str,
    key: str,
    by: str,
    why: str,
    evidence: object,
) -> Link:
    """A steward's own link, without a ruling yet; the known one, if there is one."""
    values = {"library": library, "resource": resource, "alias": alias, "key": key}
    known = one(connection, Link, statement("identity/find_link", fields=FIELDS), values)
    if known is not None:
        return known
    row = connection.execute(
        statement("identity/add_link"), {**values, "by": by, "why": why, "evidence": Jsonb(evidence)}
    ).fetchone()
    assert row is not None  # noqa: S101  # RETURNING always returns
    return get(connection, int(row[0]))


def get(connection: Connection, link_id: int) -> Link:
    """One link as it stands. Raises LookupError for an unknown number."""
    found = one(connection, Link, statement("identity/get_link", fields=FIELDS), {"link_id": link_id})
    if found is None:
        raise LookupError(f"no link {link_id}; `shuyuan identity list` lists them")
    return found


def links(
    connection: Connection,
    library: str | None = None,
    state: State | None = "proposed",
    limit: int = 100,
    *,
    plain: bool = True,
) -> list[Link]:
    """Links in one state (None: in any), those that rest on a rule first, then the likeliest; without `plain` numbers leave masked."""
    values = {"library": library, "state": state, "limit": limit, "plain": plain}
    return listed(connection, Link, statement("identity/links"), values)


def link_of(
    connection: Connection, library: str, resource: str | None, alias: str, state: State = "confirmed"
) -> Link | None:
    """The newest link of an alias in a state; of confirmed ones there is at most one."""
    values = {"library": library, "resource": resource, "alias": alias, "state": state}
    return one(connection, Link, statement("identity/link_of", fields=FIELDS), values)


def rule(connection: Connection, link: Link, verdict: State, by: str, reason: str) -> Link:
    """Append a ruling and put the ids of both keys on record. → the link as it now stands."""
    values = {"link_id": link.link_id, "verdict": verdict, "by": by, "reason": reason}
    connection.execute(statement("identity/add_ruling"), values)
    keys = [link.key] if link.resource else [link.alias, link.key]
    connection.execute(statement("identity/note_ids"), {"library": link.library, "keys": keys})
    return get(connection, link.link_id)


def aliases(connection: Connection, library: str) -> pa.Table:
    """(alias, entity), both text: every key that is another one by confirmed links, chains followed to the one that remains."""
    found = connection.execute(statement("identity/aliases"), {"library": library}).fetchall()
    return _table(found, ALIASES)


def rows(connection: Connection, library: str) -> pa.Table:
    """(resource, row_key, entity): rows that speak of another entity than their number says, or of one although they have no number."""
    found = connection.execute(statement("identity/rows"), {"library": library}).fetchall()
    return _table(found, ROWS)


def _table(found: Sequence[Sequence[object]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in found], schema)


def version(connection: Connection, library: str) -> int:
    """The number of the last ruling about the library; 0 before the first. Another version is a reason to resolve again."""
    ((found,),) = connection.execute(statement("identity/version"), {"library": library}).fetchall()
    return int(found)


def moved(connection: Connection, library: str, since: int) -> list[str]:
    """Keys whose entities may have changed by rulings after version `since`: what an incremental run must resolve again."""
    found = connection.execute(statement("identity/moved"), {"library": library, "since": since}).fetchall()
    return [str(key) for (key,) in found]


def entity(connection: Connection, library: str, key: str, *, plain: bool = True) -> Entity:
    """What a key is now, whether it is published or not; without `plain` its ids, and every number masked."""
    order = statement("identity/entity" if plain else "identity/masked_entity")
    found = one(connection, Entity, order, {"library": library, "key": key})
    assert found is not None  # noqa: S101  # one row whatever is asked
    return found


def history(connection: Connection, library: str, key: str, *, plain: bool = True) -> list[Event]:
    """Every link that names a key, with every ruling about it, oldest first; without `plain` numbers leave masked."""
    values = {"library": library, "key": key, "plain": plain}
    return listed(connection, Event, statement("identity/history"), values)


def key_of(connection: Connection, entity_id: UUID, libraries: Sequence[str]) -> tuple[str, str] | None:
    """(library, key) of an id. At once for keys that rulings name; for any other every published key is tried (a second per million)."""
    row = connection.execute(statement("identity/key_of_id"), {"entity_id": entity_id}).fetchone()
    if row is not None:
        return str(row[0]), str(row[1])
    for library in libraries:
        values = {"library": library, "entity_id": entity_id}
        ((key,),) = connection.execute(statement("identity/key_of_any_id"), values).fetchall()
        if key is not None:
            return library, str(key)
    return None


def is_published(connection: Connection, library: str, key: str) -> bool:
    """Whether the library holds the key."""
    order = statement("identity/is_published", published=table("library", library))
    ((found,),) = connection.execute(order, {"key": key}).fetchall()
    return bool(found)


def is_steward(connection: Connection, name: str) -> bool:
    """Whether a person of that name is registered as a steward and active."""
    ((found,),) = connection.execute(statement("identity/is_steward"), {"name": name}).fetchall()
    return bool(found)


def free_number(connection: Connection, library: str, number: str) -> str:
    """The next key for one more person with a number: `<number>#2`, `<number>#3`, …"""
    values = {"library": library, "number": number}
    ((found,),) = connection.execute(statement("identity/free_number"), values).fetchall()
    return str(found)


def rows_of_number(
    connection: Connection, source: Identifier, on: Sequence[str], number: str, item: str, value: str
) -> list[str]:
    """Keys of a resource's rows that name a number (in any of the items `on`) and whose `item` holds `value`."""
    names: Composable = join(map(Identifier, on))
    order = statement("identity/rows_of_number", source=source, on=names, item=Identifier(item))
    return [str(key) for (key,) in connection.execute(order, {"number": number, "value": value}).fetchall()]
