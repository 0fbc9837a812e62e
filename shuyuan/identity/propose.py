"""Proposals for one library: what rules find, then what a likelihood finds in what the rules left. Nothing is merged here.

Belongs here: the order of the two and what is kept. Does not belong here: who confirms (`rulings.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from shuyuan.catalog import Catalog, Library
from shuyuan.db.engine import Connection
from shuyuan.db.sql import statement
from shuyuan.identity import likely, rules, subjects
from shuyuan.ledger import identity, locks


class Untold(Exception):
    """A library whose entities have no name to be told apart by; no link can be proposed for it."""


@dataclass(frozen=True)
class Proposed:
    """New proposals by rules and by likelihood; `likely` None: it was not asked for."""

    ruled: int
    likely: int | None


def propose(
    connection: Connection, catalog: Catalog, library: Library, by: str, at_least: float | None = None
) -> Proposed:
    """Propose links, as the line's role, in the caller's transaction. Repeatable: what anybody has linked or refused is not proposed again.

    `at_least`: also what Splink gives this probability or more (needs requirements-linkage.txt, else likely.Missing).
    """
    known = subjects.traits(library)
    if known is None:
        raise Untold(
            f"{library.id}: only libraries of persons (citizen_id) and bodies (uscc) have something to be told apart by"
        )
    locks.hold(connection, "links", library.id)
    subjects.gather(connection, catalog, library, known)
    connection.execute(statement("identity/create_proposal"))
    rules.propose(connection, catalog, library, known)
    ruled, found = identity.propose(connection, library.id, by), None
    if at_least is not None:
        likely.propose(connection, catalog, library, known, at_least)
        found = identity.propose(connection, library.id, by)
    connection.execute(statement("identity/drop_temporary"))
    return Proposed(ruled, found)
