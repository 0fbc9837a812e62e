"""Who may ask, and what was opened to them: persons, grants, revocations. Changes are the owner's; nothing is ever deleted.

Every change writes its ledger.load row (step `person` or `grant`: who did what) in its own transaction.
Belongs here: writing share.person and share.permission. Does not belong here: judging a request (`decide`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, get_args

from shuyuan import settings
from shuyuan.catalog import Catalog, load_catalog
from shuyuan.catalog.sharing import shared_items
from shuyuan.db import embedded
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import statement
from shuyuan.ledger.loads import Step
from shuyuan.share.decide import EVERY, PLAIN
from shuyuan.share.read import find_person, purpose_id

PersonRole = Literal["analyst", "steward", "auditor", "engineer"]
ROLES: tuple[PersonRole, ...] = get_args(PersonRole)
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def add_person(name: str, department: str, role: PersonRole) -> str | None:
    """Register or re-activate a person. For an analyst also makes the database login; returns its name, otherwise None.

    The login's password is generated: `shuyuan.db.embedded.password(home, login)`.

    Raises:
        ValueError: the name is no login name, the role is none of ours, or the department is not declared in the catalog.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"person {name!r}: use a-z, 0-9 and _, start with a letter, at most 31 characters")
    if role not in ROLES:
        raise ValueError(f"role {role!r} is not one of: {', '.join(ROLES)}")
    catalog = load_catalog(settings.load().catalog)
    if department not in catalog.departments:
        raise ValueError(f"department {department!r} is not declared; one of: {', '.join(catalog.departments)}")
    values: dict[str, object] = {"name": name, "department": department, "role": role}
    with transaction("shuyuan_owner") as connection:
        connection.execute(statement("share/put_person"), values)
        _audit(connection, "person", values, f"registered {name} of {department} as {role}")
    if role == "analyst":
        return embedded.create_analyst(settings.load().home, name)
    embedded.close_analyst(settings.load().home, name)  # of somebody who was an analyst before
    return None


def deactivate(name: str) -> bool:
    """Close a person's access through every door, an analyst's own login too; False if there is no active person of that name."""
    with transaction("shuyuan_owner") as connection:
        done = connection.execute(statement("share/deactivate_person"), {"name": name}).rowcount == 1
        _audit(
            connection, "person", {"name": name}, f"closed {name}" if done else f"no active person {name}", done=done
        )
    if NAME.fullmatch(name):
        embedded.close_analyst(settings.load().home, name)
    return done


def grant(
    library: str,
    items: Sequence[str],
    purposes: Sequence[str],
    approver: str,
    *,
    person: str | None = None,
    department: str | None = None,
    valid_to: date | None = None,
) -> int:
    """Open items of a library to one person or one department for some purposes; returns the grant's id. Repeatable.

    `items`: names, `name:plain`, or `*` (see `decide`). `purposes`: ids or titles of the policy's purposes.

    Raises:
        ValueError: neither or both of person and department; an unknown person, library, item, purpose or department; no approver.
    """
    catalog = load_catalog(settings.load().catalog)
    wanted = [purpose_id(catalog, purpose) for purpose in purposes]
    _check_receiver(catalog, person, department)
    _check_items(catalog, library, items)
    _check_approval(catalog, wanted, approver)
    values: dict[str, object] = {"library": library, "person": person, "department": department, "items": list(items)}
    values |= {"purposes": wanted, "approver": approver.strip(), "valid_to": valid_to}
    with transaction("shuyuan_owner") as connection:
        _check_person(connection, person)
        row = connection.execute(statement("share/put_grant"), values).fetchone()
        if row is None:
            raise RuntimeError("share.permission took a grant and gave no id")
        _audit_grant(connection, int(row[0]), values, new=bool(row[1]))
    return int(row[0])


def revoke(grant_id: int) -> bool:
    """End a grant now; False if there is no such grant in force."""
    with transaction("shuyuan_owner") as connection:
        done = connection.execute(statement("share/revoke_grant"), {"grant_id": grant_id}).rowcount == 1
        message = f"revoked grant {grant_id}" if done else f"no grant {grant_id} in force"
        _audit(connection, "grant", {"grant_id": grant_id}, message, done=done)
    return done


def _audit_grant(connection: Connection, number: int, values: Mapping[str, object], *, new: bool) -> None:
    receiver = values["person"] or values["department"]
    message = f"opened {values['library']} to {receiver}: grant {number}" if new else f"grant {number} already says so"
    what = {"grant_id": number} | {name: value for name, value in values.items() if name != "library"}
    _audit(connection, "grant", what, message, library=str(values["library"]), done=new)


def _audit(
    connection: Connection,
    step: str,
    what: Mapping[str, object],
    message: str,
    *,
    library: str | None = None,
    done: bool = True,
) -> None:
    """Who changed what, in the transaction of the change. Dates as text."""
    counts = {name: value.isoformat() if isinstance(value, date) else value for name, value in what.items()}
    Step(step, library=library, counts=counts, outcome="ok" if done else "nothing", message=message).record(connection)


def _check_receiver(catalog: Catalog, person: str | None, department: str | None) -> None:
    if (person is None) == (department is None):
        raise ValueError("a grant opens to one person or to one department: give exactly one of them")
    if department is not None and department not in catalog.departments:
        raise ValueError(f"department {department!r} is not declared; one of: {', '.join(catalog.departments)}")


def _check_person(connection: Connection, name: str | None) -> None:
    if name is None:
        return
    found = find_person(connection, name)
    if found is None or not found.active:
        raise ValueError(
            f"no active person {name!r}; register the person first: shuyuan person add {name} --department …"
        )


def _check_approval(catalog: Catalog, purposes: Sequence[str], approver: str) -> None:
    if not approver.strip():
        raise ValueError("a grant needs an approver (批准人员)")
    for purpose in purposes or [""]:
        if purpose not in catalog.policy.purposes:
            raise ValueError(f"purpose {purpose!r} is not one of: {', '.join(catalog.policy.purposes)}")


def _check_items(catalog: Catalog, library: str, items: Sequence[str]) -> None:
    if library not in catalog.libraries:
        raise ValueError(f"library {library!r} is not declared; one of: {', '.join(catalog.libraries)}")
    known = shared_items(catalog, catalog.libraries[library])
    for item in items or [""]:
        name = item.removesuffix(PLAIN)
        if item != EVERY and name not in known:
            raise ValueError(f"library {library} has no item {name!r}; items: {', '.join(known)}")
        if item != EVERY and known[name].share.type == "none":
            raise ValueError(f"item {name} of {library} is not shareable: {known[name].share.basis}")
