"""Who is who, told to those whose duty it is: links between numbers and what a number is, with a row in ledger.access before it is told.

Belongs here: judging, reading and recording in one transaction. Does not belong here: the rules (`share.duty`), looking up
(`identity.ids`), rulings (`flow.ruling`), the doors (`cli`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from shuyuan import settings
from shuyuan.catalog import Catalog, load_catalog
from shuyuan.db.engine import Connection, transaction
from shuyuan.identity.ids import Known, look_up
from shuyuan.ledger import identity
from shuyuan.ledger.access import Access, Method, record
from shuyuan.ledger.identity import Link, State
from shuyuan.share.decide import Person
from shuyuan.share.duty import duty
from shuyuan.share.read import Refused, asking, failure, find_person, purpose_id

LINKS = "ledger.link"


@dataclass(frozen=True)
class Told:
    """The answer and its row of the audit. `plain`: numbers as they are; else they left the database masked."""

    access_id: int
    plain: bool
    links: tuple[Link, ...] = ()
    known: tuple[Known, ...] = ()


@dataclass(frozen=True)
class Asker:
    """Who asks what for, through which door."""

    name: str
    purpose: str
    method: Method = "cli"


@dataclass(frozen=True)
class _Asked:
    words: str
    library: str | None
    key: str | None
    read: Callable[[Connection, bool], Told]


def links(asker: Asker, library: str | None, state: State | None, limit: int) -> Told:
    """Links in one state (None: in any), of one library or of all. Numbers are plain for stewards and engineers, masked for auditors.

    Raises:
        Refused: deny by default; the refusal is in the ledger.
    """

    def read(connection: Connection, plain: bool) -> Told:
        return Told(0, plain, links=tuple(identity.links(connection, library, state, limit, plain=plain)))

    return _told(asker, _Asked(f"identity list {library or '*'} {state or 'all'} limit {limit}", library, None, read))


def known(asker: Asker, key: str) -> Told:
    """What a key, or the id of an entity, is: its entity, other keys, links and rulings, in every library that knows it.

    Numbers are plain for stewards and engineers, masked for auditors. Raises Refused, as `links` does.
    """
    libraries = list(load_catalog(settings.load().catalog).libraries)

    def read(connection: Connection, plain: bool) -> Told:
        return Told(0, plain, known=tuple(look_up(connection, key, libraries, plain=plain)))

    return _told(asker, _Asked(f"identity show {key}", None, key, read))


def _told(asker: Asker, asked: _Asked) -> Told:
    catalog = load_catalog(settings.load().catalog)
    asker = replace(asker, purpose=purpose_id(catalog, asker.purpose))
    try:
        with transaction("shuyuan_web") as connection:
            answer = _judged(connection, asker, asked, catalog)
    except Exception as error:
        with transaction("shuyuan_web") as connection:
            reason = failure(error)
            record(connection, replace(_access(asker, asked, None, reason), outcome="failed"))
        raise
    if isinstance(answer, Refused):
        raise answer
    return answer


def _judged(connection: Connection, asker: Asker, asked: _Asked, catalog: Catalog) -> Told | Refused:
    """Everything in the caller's transaction."""
    began = time.perf_counter()
    person = find_person(connection, asker.name)
    judged = duty(person, asker.purpose, asked.library, None, catalog)
    access = _access(asker, asked, person, judged.reason)
    if not judged.allowed:
        return Refused(judged.reason, record(connection, replace(access, outcome="refused")))
    told = asked.read(connection, judged.values)
    access = replace(_seen(access, told), seconds=time.perf_counter() - began)
    return replace(told, access_id=record(connection, access))


def _seen(access: Access, told: Told) -> Access:
    """The row with what was read: which libraries, and the one entity, where one was asked for."""
    if not told.known:
        return replace(access, rows=len(told.links))
    objects = (LINKS, *(f"library.{one.library}" for one in told.known))
    return replace(access, objects=objects, rows=len(told.known), entity=told.known[0].key)


def _access(asker: Asker, asked: _Asked, person: Person | None, reason: str) -> Access:
    return asking(
        asker.name,
        person,
        asker.purpose,
        asker.method,
        statement=asked.words,
        objects=(LINKS,),
        reason=reason,
        entity=asked.key,
    )
