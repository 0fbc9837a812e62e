"""What a run, or one part of it, found; and how parts become a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from shuyuan.lake.snapshot import Bucket, Layer, Snapshot

KINDS = ("rows", "disputes")
Counts = dict[tuple[str, str], tuple[int, int]]
"""(item, claim_ref) → (compared, disagreed)."""


@dataclass
class Outcome:
    """What a run found. `rows`: entities. `changes`: I, U, D of the library; `disputes`: I, U, P (only who stands with whom), D.

    `files` are the deltas, by kind, relative to the lake; `library` and `discrepancies` the next snapshots.
    """

    rows: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    disputes: Counter[str] = field(default_factory=Counter)
    crosschecks: Counts = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    library: Snapshot = field(default_factory=Snapshot)
    discrepancies: Snapshot = field(default_factory=Snapshot)


@dataclass
class Part:
    """What some buckets of a run found: `buckets` are those that changed, by kind. Travels as JSON between workers."""

    tallies: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    files: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    buckets: dict[str, dict[int, Bucket]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    crosschecks: Counts = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        checks = [[item, ref, *pair] for (item, ref), pair in sorted(self.crosschecks.items())]
        buckets = {kind: {str(n): asdict(b) for n, b in found.items()} for kind, found in self.buckets.items()}
        return {"tallies": self.tallies, "files": self.files, "buckets": buckets, "crosschecks": checks}

    @classmethod
    def read(cls, document: dict[str, Any]) -> Part:
        """From JSON."""
        buckets = {k: {int(n): _bucket(b) for n, b in found.items()} for k, found in document["buckets"].items()}
        checks = {(item, ref): (compared, disagreed) for item, ref, compared, disagreed in document["crosschecks"]}
        tallies = {kind: Counter(tally) for kind, tally in document["tallies"].items()}
        return cls(tallies, document["files"], buckets, checks)


def _bucket(entry: dict[str, Any]) -> Bucket:
    return Bucket(**{**entry, "layers": tuple(Layer(**layer) for layer in entry["layers"])})


def together(parts: Iterable[Part]) -> Part:
    """One part that says what all of them say."""
    whole = Part()
    for part in parts:
        for kind in KINDS:
            whole.tallies[kind].update(part.tallies[kind])
            whole.files[kind] += part.files[kind]
            whole.buckets[kind] |= part.buckets[kind]
        whole.crosschecks = added(whole.crosschecks, part.crosschecks)
    return whole


def added(one: Counts, other: Counts) -> Counts:
    """Counts of both, pair by pair."""
    pairs = {**one, **other}
    return {
        p: (one.get(p, (0, 0))[0] + other.get(p, (0, 0))[0], one.get(p, (0, 0))[1] + other.get(p, (0, 0))[1])
        for p in pairs
    }
