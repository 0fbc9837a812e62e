"""Collect: what a resource's connector fetches goes into the inbox, and every file of it into the ledger, at once.

Without a connector there is nothing to collect: the department drops its files itself.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from time import perf_counter

from shuyuan import settings
from shuyuan.catalog import Resource, load_catalog
from shuyuan.db.engine import transaction
from shuyuan.flow.step import LOADER, Rejected, alone, audited, resource_named
from shuyuan.intake import collect as intake
from shuyuan.intake.collect import Collected, Connections, Environment, Memory, NotCollectable, Remote
from shuyuan.ledger import collected
from shuyuan.ledger.loads import Step


def collect(
    resource_id: str,
    business_date: date,
    connections: Connections | None = None,
    *,
    again: bool = False,
    today: date | None = None,
) -> list[Path]:
    """Fetch what a resource's connector has for a business date, and corrections of the days before. → new files in the inbox.

    `connections`: by default those of the environment. `again`: ask a table or an interface once more for a date that was fetched.
    Repeatable: what is known is not fetched. Raises LookupError for an unknown resource, Rejected where trying again cannot help, and
    Unreachable where it may; all of them recorded.
    """
    resource = resource_named(load_catalog(settings.load().catalog), resource_id)
    if resource.delivery.connector is None:
        return []
    day = today or settings.today()
    with audited(Step("collect", resource=resource_id)), alone("collect", resource_id):
        found = intake.collect(
            resource,
            business_date,
            day,
            connections or Environment(),
            settings.load().inbox,
            _memory(resource),
            again=again,
        )
        began, paths = perf_counter(), []
        try:
            for file in found:
                _record(resource, file, began)
                paths += [file.path] if file.path else []
                began = perf_counter()
        except NotCollectable as error:
            raise Rejected(error.code, str(error)) from error
    return paths


def _memory(resource: Resource) -> Memory:
    def has(remote: Remote) -> bool:
        with transaction(LOADER) as connection:
            return collected.has(connection, resource.id, remote.name, remote.size, remote.modified)

    def of_name(name: str) -> list[tuple[str, str]]:
        with transaction(LOADER) as connection:
            return collected.of_name(connection, resource.id, name)

    return Memory(
        has,
        bytes_of=lambda name: frozenset(sha256 for _, sha256 in of_name(name)),
        laid=lambda name: next((laid for laid, _ in of_name(name)), None),
    )


def _record(resource: Resource, file: Collected, began: float) -> None:
    """One fetched file in the ledger; one whose bytes were known is remembered, but is no event."""
    name = file.path.name if file.path else file.remote.name
    with transaction(LOADER) as connection:
        collected.record(
            connection,
            resource=resource.id,
            remote_name=file.remote.name,
            remote_bytes=file.remote.size,
            modified=file.remote.modified,
            file_name=name,
            file_sha256=file.sha256,
            file_bytes=file.size,
        )
        if file.path:
            step = Step("collect", resource=resource.id, file_name=name, file_sha256=file.sha256, began=began)
            step.counts = {"bytes": file.size}
            step.record(connection)
