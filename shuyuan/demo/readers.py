"""The people of the demo city who read: who they are and what was opened to them. Repeatable.

Belongs here: four persons and three grants, so that `shuyuan query` answers from the first minute. Rules of sharing are in `share`.
"""

from __future__ import annotations

from shuyuan.share import people

APPROVER = "数据管理局 审批员"
PERSONS: tuple[tuple[str, str, people.PersonRole], ...] = (
    ("wang_tax", "tax", "analyst"),
    ("li_health", "health", "analyst"),
    ("zhao_steward", "credit_office", "steward"),
    ("sun_audit", "civil_affairs", "auditor"),
)
# (library, items, purpose, person): the health analyst compares people, so she sees them masked.
GRANTS = (
    ("legal_entity", "*", "business_collaboration", "wang_tax"),
    ("credit", "*", "administrative_basis", "wang_tax"),
    ("population", "*", "data_verification", "li_health"),
)


def register() -> None:
    """Make the demo's persons, their logins and their grants. Raises ValueError when the catalog is not the demo city's."""
    for name, department, role in PERSONS:
        people.add_person(name, department, role)
    for library, items, purpose, person in GRANTS:
        people.grant(library, [items], [purpose], APPROVER, person=person)
