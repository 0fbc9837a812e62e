"""Who is looking at the console, and what that lets them see.

Belongs here: the roles of the console. Does not belong here: how somebody proves who they are (the plugin asks Airflow).
"""

from __future__ import annotations

from dataclasses import dataclass

from shuyuan.db.engine import transaction
from shuyuan.share.duty import CHECKS_DATA, CHECKS_READERS
from shuyuan.share.read import find_person


class InactiveError(PermissionError):
    """The person is registered and switched off."""


@dataclass(frozen=True)
class Viewer:
    """Somebody who has signed in. role: steward, auditor, analyst, engineer (registered, or an operator of Airflow) or guest."""

    name: str
    role: str
    department: str | None = None

    @property
    def sees_values(self) -> bool:
        """Whether checking data is this person's duty: discrepancies, quarantined rows and entities in plain."""
        return self.role in CHECKS_DATA

    @property
    def sees_all_accesses(self) -> bool:
        """Whether other people's accesses are shown; everybody sees their own."""
        return self.role in CHECKS_READERS


def viewer_of(name: str, operator: bool) -> Viewer:
    """The viewer behind a signed-in name: role and department as registered in share.person; else engineer for an operator, else guest.

    Raises:
        InactiveError: the person was deactivated.
    """
    with transaction("shuyuan_web") as connection:
        person = find_person(connection, name)
    if person is None:
        return Viewer(name, "engineer" if operator else "guest")
    if not person.active:
        raise InactiveError(f"{name} is deactivated")
    return Viewer(name, person.role, person.department)
