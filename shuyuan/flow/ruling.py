"""A steward's ruling about identity, with its row in ledger.access: whoever rules is told numbers, so the look is on record too.

Belongs here: the order of the two. Does not belong here: which ruling is permitted (`identity.rulings`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shuyuan.db.engine import Connection, transaction
from shuyuan.identity.rulings import Refused, Steward
from shuyuan.ledger.access import Outcome, record
from shuyuan.ledger.identity import Link
from shuyuan.share.duty import PURPOSE
from shuyuan.share.read import asking, find_person

Action = Callable[[Connection, Steward], Link]


def rule(action: Action, by: Steward, asked: str) -> Link:
    """Do what `asked` says in words. The access row is committed before the ruling is: no log, no ruling, and nothing is told.

    What is refused or fails is recorded as that, and raised as it came.
    """
    try:
        with transaction("shuyuan_steward") as connection:
            link = action(connection, by)
            _record(by, asked, "granted", by.reason, link)
    except Exception as error:
        _record(by, asked, "refused" if isinstance(error, Refused) else "failed", str(error))
        raise
    return link


def _record(by: Steward, asked: str, outcome: Outcome, reason: str, link: Link | None = None) -> None:
    with transaction("shuyuan_web") as connection:
        person = find_person(connection, by.name)
        access = asking(
            by.name,
            person,
            PURPOSE,
            "cli",
            statement=f"identity {asked}",
            objects=("ledger.link", f"library.{link.library}") if link else ("ledger.link",),
            rows=1 if link else None,
            reason=reason,
            entity=link.key if link else None,
        )
        record(connection, replace(access, outcome=outcome))
