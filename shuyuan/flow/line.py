"""The whole line without a scheduler: every waiting delivery of a date, then every library. What tests and `shuyuan run` use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.flow import feed, gate, library
from shuyuan.flow.step import Rejected

Progress = Callable[[str], None]


def deliver(resource_id: str, business_date: date) -> list[int]:
    """Bring every waiting delivery of a resource for a date to its end. → batches. A refused one does not hold up the next."""
    done: list[int] = []
    while (batch_id := feed.receive(resource_id, business_date)) is not None:
        done.append(batch_id)
        try:
            gate.admit(gate.check(feed.read(batch_id)))
        except Rejected:
            continue
    return done


def run(business_date: date, resources: Iterable[str] | None = None, progress: Progress = lambda _: None) -> None:
    """Deliver every resource, then resolve and publish every library they feed."""
    catalog = load_catalog(settings.load().catalog)
    chosen = list(resources or catalog.resources)
    for resource in chosen:
        progress(resource)
        deliver(resource, business_date)
    for name, entry in catalog.libraries.items():
        if any(member.resource in chosen for member in entry.members):
            progress(name)
            library.publish(library.resolve(name, business_date))
