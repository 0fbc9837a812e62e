"""Deliveries that lie in the inbox and that nobody has taken: all of them, or those nobody waits for, as their day was taken already.

Told by name and size, so that a full inbox costs no reading; whether the content is new, `receive` finds out.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db.engine import transaction
from shuyuan.db.sql import statement
from shuyuan.flow.step import LOADER
from shuyuan.intake import complete
from shuyuan.intake import receive as inbox


def stragglers(today: date) -> list[tuple[str, date]]:
    """(resource, business date) of every complete delivery in the inbox, up to `today`, that came after its day's first was taken.

    What has no first delivery yet is the scheduled run's, which waits for it.
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


def arrivals(today: date) -> list[tuple[str, date, str]]:
    """(resource, business date, mark) of everything in the inbox, up to `today`, that nobody has taken; the mark tells one arrival from the next.

    A name without a date is taken for today's. What cannot be taken as it lies (`bad_control`) is left to the feed's own run, which says so.
    """
    with transaction(LOADER) as connection:
        known = set(connection.execute(statement("ledger/known_files")).fetchall())
    new: defaultdict[tuple[date, str], list[str]] = defaultdict(list)
    for resource, day, path in _lying(today):
        size = path.stat().st_size
        if day <= today and (resource, path.name, size) not in known:
            new[day, resource].append(f"{path.name}\t{size}")
    return [(resource, day, _mark(files)) for (day, resource), files in sorted(new.items())]


def _lying(today: date) -> Iterator[tuple[str, date, Path]]:
    for resource in load_catalog(settings.load().catalog).resources.values():
        for delivery in complete.found(resource, settings.load().inbox, None):
            if delivery.problem is None:
                yield from ((resource.id, delivery.day or today, path) for path, _ in delivery.files)


def _mark(files: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(files)).encode(errors="surrogateescape")).hexdigest()[:12]
