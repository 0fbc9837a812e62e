"""Replay: a past day of a library resolved again by the rules of today, and compared with what history says of it as known now.

Belongs here: the order of judging, resolving, comparing and recording. Does not belong here: what members said then (`past.py`), the
comparison itself (`publish.past`). Nothing is corrected.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, load_catalog
from shuyuan.db.engine import transaction
from shuyuan.flow.past import past
from shuyuan.flow.step import LOADER, audited, library_named
from shuyuan.ledger.access import Access, Method, record
from shuyuan.ledger.loads import Step
from shuyuan.publish.past import Compared, Day, compare
from shuyuan.share.decide import Person
from shuyuan.share.duty import Duty, duty
from shuyuan.share.read import Refused, asking, failure, find_person, purpose_id

SAMPLE = 5
"""Differences that are shown of every kind."""


@dataclass(frozen=True)
class Replay:
    """What a replayed day says otherwise than history. Without somebody whose duty it is to check data there is no sample, only counts."""

    library: str
    day: date
    compared: Compared
    access_id: int | None = None


@dataclass(frozen=True)
class _Reader:
    """Who asks to see values, and what was judged of it."""

    name: str
    person: Person | None
    duty: Duty
    access: Access

    def refused(self) -> Refused:
        with transaction("shuyuan_web") as connection:
            return Refused(self.duty.reason, record(connection, replace(self.access, outcome="refused")))

    def shown(self, library: Library, found: Compared) -> int:
        """The audit row of the values that are about to be shown. → access id."""
        names = tuple(dict.fromkeys(one.item or library.key.name for one in found.sample))
        read = replace(self.access, rows=len(found.sample), columns=names)
        with transaction("shuyuan_web") as connection:
            return record(connection, read)


def replay(
    library_id: str, day: date, *, person: str | None = None, purpose: str = "data_verification", method: Method = "cli"
) -> Replay:
    """Resolve a library as of `day` by the rules of today and compare it with its history. Nothing of it is kept.

    `person`: a registered steward or engineer, who also sees a sample of the differences; that they saw it is in ledger.access before it
    is returned. Raises LookupError for an unknown library, Refused for who may not see values, Forgotten when what members delivered is gone.
    """
    catalog = load_catalog(settings.load().catalog)
    library = library_named(catalog, library_id)
    reader = _reader(catalog, library, day, person, purpose_id(catalog, purpose), method) if person else None
    if reader is not None and not reader.duty.values:
        raise reader.refused()
    with audited(Step("replay", library=library_id)) as step, _read_by(reader):
        found = _compared(catalog, library, day, SAMPLE if reader else 0)
        access = reader.shown(library, found) if reader else None
        counts = {k: v for k, v in asdict(found).items() if k not in ("sample", "entities")}
        step.rows_out, step.counts, step.message = found.entities, counts, f"as of {day}"
        with transaction(LOADER) as connection:
            step.record(connection)
    return Replay(library_id, day, found, access)


def _compared(catalog: Catalog, library: Library, day: date, most: int) -> Compared:
    with past(catalog, library, day + timedelta(days=1), day + timedelta(days=1)) as members:
        replayed = Day(day, members.resolve(day))
        with transaction(LOADER) as connection:
            return compare(connection, library, replayed, most)


def _reader(catalog: Catalog, library: Library, day: date, name: str, purpose: str, method: Method) -> _Reader:
    with transaction("shuyuan_web") as connection:
        person = find_person(connection, name)
    judged = duty(person, purpose, library.id, None, catalog)
    access = asking(
        name,
        person,
        purpose,
        method,
        statement=f"replay {library.id} as of {day}",
        objects=(f"history.{library.id}",),
        reason=judged.reason,
    )
    return _Reader(name, person, judged, access)


@contextmanager
def _read_by(reader: _Reader | None) -> Iterator[None]:
    """A reading that fails is on record too."""
    try:
        yield
    except Exception as error:
        if reader is not None:
            failed = replace(reader.access, outcome="failed", reason=failure(error))
            with transaction("shuyuan_web") as connection:
                record(connection, failed)
        raise
