"""What a steward may rule about links: confirm, refuse, merge, unmerge, separate, rejoin. Every ruling is appended and can be taken back.

Belongs here: which ruling is permitted. Does not belong here: how it is kept (`shuyuan.ledger.identity`) and who calls (`shuyuan.cli`).
All rulings about one library wait for each other until the caller's transaction ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shuyuan.catalog import Catalog
from shuyuan.db.engine import Connection
from shuyuan.db.sql import table
from shuyuan.ledger import identity, locks
from shuyuan.ledger.identity import Link, State

OTHER_WAY = "已按相反方向确认，见关联 {0} / confirmed the other way round, as link {0}"
OWN = "数据管理员自行发现 / a steward's own finding"


class Refused(Exception):
    """A ruling that cannot be: says why, and the way out. Nothing was written."""


@dataclass(frozen=True)
class Steward:
    """Who rules and why; both are kept with the ruling."""

    name: str
    reason: str


def confirm(connection: Connection, link_id: int, by: Steward, keep: str | None = None) -> Link:
    """Confirm a proposed link. `keep`: which of the two keys remains, if not the proposed one. Repeatable."""
    link = _ruled_by(connection, link_id, by)
    if keep not in (None, link.key):
        return _confirm_other_way(connection, link, str(keep), by)
    return _confirm(connection, link, by)


def refuse(connection: Connection, link_id: int, by: Steward) -> Link:
    """Refuse a proposed link: it is not proposed again. Repeatable."""
    link = _ruled_by(connection, link_id, by)
    if link.state == "confirmed":
        raise Refused(f"link {link_id} is confirmed; take it back first: shuyuan identity unmerge {_words(link)}")
    return link if link.state == "refused" else _rule(connection, link, "refused", by)


def merge(connection: Connection, library: str, alias: str, key: str, by: Steward) -> Link:
    """Rule that `alias` and `key` are one entity, which keeps the id of `key`. Repeatable; Refused for a cycle or a second survivor."""
    _begin(connection, library, by)
    if alias == key:
        raise Refused(f"{alias} is {key} already; name two different keys")
    evidence = {"steward": [alias, key]}
    link = identity.add(connection, library, None, alias, key, by.name, OWN, evidence)
    return _confirm(connection, link, by)


def unmerge(connection: Connection, library: str, alias: str, by: Steward) -> Link:
    """Take a merge back: the alias is an entity of its own again, with the id it had; what was merged into it goes with it."""
    return _withdraw(connection, library, None, alias, by)


def separate(
    connection: Connection, library: str, number: str, rows: Sequence[tuple[str, str]], by: Steward
) -> list[Link]:
    """Rule that rows (resource, row key) with a number are somebody else's: they speak of `<number>#2` (or #3, …) from now on."""
    _begin(connection, library, by)
    if not rows:
        raise Refused(f"no row was named that has the number {number} and is somebody else's")
    known = [link for row in rows if (link := identity.link_of(connection, library, *row)) is not None]
    key = known[0].key if known else identity.free_number(connection, library, number)
    return _speak_of(connection, library, rows, key, by)


def assign(connection: Connection, library: str, row: tuple[str, str], key: str, by: Steward) -> Link:
    """Rule that one row (resource, row key) speaks of the entity `key`, whatever number it has, or although it has none."""
    _begin(connection, library, by)
    return _speak_of(connection, library, [row], key, by)[0]


def rejoin(connection: Connection, library: str, row: tuple[str, str], by: Steward) -> Link:
    """Take `separate` or `assign` back: the row speaks of what its own number says again."""
    return _withdraw(connection, library, row[0], row[1], by)


def rows_with(
    connection: Connection, catalog: Catalog, library: str, number: str, resource: str, where: tuple[str, str]
) -> list[tuple[str, str]]:
    """Rows of a member that have a number and hold a further value (item, value): the rows `separate` takes. Refused if there are none."""
    member, declared = catalog.libraries[library].member(resource), catalog.resources[resource]
    source = table("source", declared.table)
    found = identity.rows_of_number(connection, source, [*map(declared.found_by, member.on)], number, *where)
    if not found:
        raise Refused(f"no row of {resource} has the number {number} and {where[0]} = {where[1]}")
    return [(resource, key) for key in found]


def _begin(connection: Connection, library: str, by: Steward) -> None:
    if not by.reason.strip():
        raise Refused("a ruling needs a reason; say it with --reason")
    if not identity.is_steward(connection, by.name):
        raise Refused(
            f"{by.name!r} is no active steward; register one: shuyuan person add NAME --department D --role steward"
        )
    locks.hold(connection, "links", library)


def _ruled_by(connection: Connection, link_id: int, by: Steward) -> Link:
    _begin(connection, identity.get(connection, link_id).library, by)
    return identity.get(connection, link_id)


def _confirm(connection: Connection, link: Link, by: Steward) -> Link:
    if link.state == "confirmed":
        return link
    held = identity.link_of(connection, link.library, link.resource, link.alias)
    if held is not None:
        raise Refused(
            f"{link.alias} is {held.key} by link {held.link_id}; first: shuyuan identity unmerge {_words(held)}"
        )
    _survives(connection, link)
    return _rule(connection, link, "confirmed", by)


def _survives(connection: Connection, link: Link) -> None:
    """The key must lead to a published entity, and not back to the alias."""
    remains = identity.entity(connection, link.library, link.key).entity
    if link.resource is None and remains == link.alias:
        raise Refused(f"{link.key} is {link.alias} already: the two would be each other's alias")
    if "#" not in remains and not identity.is_published(connection, link.library, remains):
        raise Refused(f"{link.library} holds no {remains}; the key that remains must be a published one")


def _confirm_other_way(connection: Connection, link: Link, keep: str, by: Steward) -> Link:
    if link.resource is not None or keep != link.alias:
        raise Refused(f"link {link.link_id} is between {link.alias} and {link.key}; {keep} is neither")
    if link.state == "confirmed":
        raise Refused(f"link {link.link_id} keeps {link.key} already; first: shuyuan identity unmerge {_words(link)}")
    turned = identity.add(
        connection,
        link.library,
        None,
        link.key,
        keep,
        link.proposed_by,
        link.why,
        link.evidence | {"link": link.link_id},
    )
    done = _confirm(connection, turned, by)
    if link.state == "proposed":
        _rule(connection, link, "refused", Steward(by.name, OTHER_WAY.format(done.link_id)))
    return done


def _speak_of(
    connection: Connection, library: str, rows: Sequence[tuple[str, str]], key: str, by: Steward
) -> list[Link]:
    done = []
    for resource, row in rows:
        link = identity.add(connection, library, resource, row, key, by.name, OWN, {"row": row})
        done.append(_confirm(connection, link, by))
    return done


def _withdraw(connection: Connection, library: str, resource: str | None, alias: str, by: Steward) -> Link:
    _begin(connection, library, by)
    link = identity.link_of(connection, library, resource, alias)
    if link is None and (before := identity.link_of(connection, library, resource, alias, "withdrawn")) is not None:
        return before
    if link is None:
        raise Refused(f"{alias} is not merged into anything; `shuyuan identity show {alias}` tells its history")
    return _rule(connection, link, "withdrawn", by)


def _rule(connection: Connection, link: Link, verdict: State, by: Steward) -> Link:
    return identity.rule(connection, link, verdict, by.name, by.reason)


def _words(link: Link) -> str:
    return f"{link.library} {link.alias}" + (f" --resource {link.resource}" if link.resource else "")
