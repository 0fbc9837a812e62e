"""What a key or an id is: the entity it belongs to now, its other keys, and how that came about.

Belongs here: looking up. Does not belong here: changing anything (`rulings.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shuyuan.db.engine import Connection
from shuyuan.ledger import identity
from shuyuan.ledger.identity import Entity, Event


@dataclass(frozen=True)
class Known:
    """One library's knowledge of a key."""

    library: str
    entity: Entity
    published: bool
    history: list[Event]


def look_up(connection: Connection, asked: str, libraries: Sequence[str]) -> list[Known]:
    """Every library of `libraries` that publishes a key or has links of it; `asked` may also be the id of an entity."""
    if (entity_id := _uuid(asked)) is not None:
        found = identity.key_of(connection, entity_id, libraries)
        return [_known(connection, *found)] if found else []
    known = (_known(connection, library, asked) for library in libraries)
    return [one for one in known if one.published or one.history]


def _known(connection: Connection, library: str, key: str) -> Known:
    entity = identity.entity(connection, library, key)
    published = identity.is_published(connection, library, entity.entity)
    return Known(library, entity, published, identity.history(connection, library, key))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if "-" in text else None
    except ValueError:
        return None
