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
    """One library's knowledge of a key. `key`: the key that was asked for, as it is; everything in `entity` and `history` may be masked."""

    library: str
    key: str
    entity: Entity
    published: bool
    history: list[Event]


def look_up(connection: Connection, asked: str, libraries: Sequence[str], *, plain: bool = True) -> list[Known]:
    """Every library of `libraries` that publishes a key or has links of it; `asked` may also be the id of an entity.

    Without `plain` every number is masked but `Known.key`, which the audit needs and which is not to be shown.
    """
    if (entity_id := _uuid(asked)) is not None:
        found = identity.key_of(connection, entity_id, libraries)
        return [_known(connection, *found, plain=plain)] if found else []
    known = (_known(connection, library, asked, plain=plain) for library in libraries)
    return [one for one in known if one.published or one.history]


def _known(connection: Connection, library: str, key: str, *, plain: bool) -> Known:
    entity = identity.entity(connection, library, key)
    published = identity.is_published(connection, library, entity.entity)
    told = entity if plain else identity.entity(connection, library, key, plain=False)
    return Known(library, key, told, published, identity.history(connection, library, key, plain=plain))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if "-" in text else None
    except ValueError:
        return None
