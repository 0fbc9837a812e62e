"""The whole line without a scheduler: every waiting delivery of a date, then every library. What tests and `shuyuan run` use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.flow import feed, gate, library
from shuyuan.flow.collect import collect
from shuyuan.flow.step import Rejected, resource_named

Progress = Callable[[str], None]


class Incomplete(Exception):
    """Some feeds or libraries did not come to their end; all others did. `failures`: id → its error."""

    def __init__(self, failures: dict[str, Exception]) -> None:
        self.failures = failures
        told = "\n".join(f"{name}: {type(error).__name__}: {error}" for name, error in failures.items())
        super().__init__(f"everything else is done, but not {len(failures)} of them; mend and run again:\n{told}")


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
    """Deliver every resource, then resolve and publish every library they feed. Raises Incomplete at the end, never in the middle."""
    catalog = load_catalog(settings.load().catalog)
    chosen = [resource_named(catalog, name).id for name in resources or catalog.resources]
    failures: dict[str, Exception] = {}
    for resource in chosen:
        progress(resource)
        if catalog.resources[resource].delivery.connector is not None:
            # A server that does not answer holds up nothing that lies in the inbox already.
            _try(resource, lambda name: collect(name, business_date), failures)
        _try(resource, lambda name: deliver(name, business_date), failures)
    for name, entry in catalog.libraries.items():
        if any(member.resource in chosen for member in entry.members):
            progress(name)
            _try(name, lambda name: library.publish(library.resolve(name, business_date)), failures)
    if failures:
        raise Incomplete(failures) from next(iter(failures.values()))


def _try(name: str, work: Callable[[str], object], failures: dict[str, Exception]) -> None:
    try:
        work(name)
    except Exception as error:  # recorded in the ledger by its step; a department in trouble blocks no other
        failures[name] = error
