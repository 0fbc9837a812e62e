"""Deliveries nobody waits for any more: a correction, or a second file, for a day whose delivery was taken already."""

from __future__ import annotations

from datetime import date

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db.engine import transaction
from shuyuan.db.sql import statement
from shuyuan.flow.step import LOADER
from shuyuan.intake import receive as inbox


def stragglers(today: date) -> list[tuple[str, date]]:
    """(resource, business date) of every complete delivery in the inbox, up to `today`, that came after its day's first was taken.

    Told by name and size, so that a full inbox costs no reading; whether the content is new, `receive` finds out. What has no first
    delivery yet is the scheduled run's, which waits for it.
    """
    resources = load_catalog(settings.load().catalog).resources
    with transaction(LOADER) as connection:
        known = set(connection.execute(statement("ledger/known_files")).fetchall())
        days = set(connection.execute(statement("ledger/taken_days")).fetchall())
    found = {
        (day, resource.id)
        for resource in resources.values()
        for day, path in inbox.dated(resource, settings.load().inbox)
        if day <= today and (resource.id, day) in days and (resource.id, path.name, path.stat().st_size) not in known
    }
    return [(resource, day) for day, resource in sorted(found)]
