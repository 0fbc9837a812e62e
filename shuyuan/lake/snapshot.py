"""Snapshots: a manifest names per bucket a base file and the layers over it; what did not change points to files of older snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from shuyuan import settings
from shuyuan.lake import sealed

ENGINE = f"duckdb {duckdb.__version__}"
REMEMBERED = 60
"""Steps of its past that a snapshot names: a library that has not been resolved for longer is resolved as a whole."""


@dataclass(frozen=True)
class Layer:
    """A file that was laid over a bucket: rows that are new, changed or gone since. `number`: of the snapshot that brought it, so that
    of two layers the later is known. `engine`: as in Bucket."""

    path: str
    number: int
    engine: str = ""


@dataclass(frozen=True)
class Bucket:
    """One bucket of a snapshot: its base file (`path` relative to the lake), the layers over it, and how many rows they make together.

    `engine`: how the hashes of the base were made (empty: before this was kept). DuckDB does not promise the same hash in every version,
    and a hash covers the items of its day; others are made anew when compared.
    """

    path: str
    rows: int
    engine: str = ""
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Change:
    """One step of a snapshot's past: after `manifest`, the entities named in the file `touched` changed."""

    manifest: str
    touched: str


@dataclass(frozen=True)
class Snapshot:
    """A whole snapshot. `manifest` is its path relative to the lake, empty for the snapshot before the first.

    `number` counts the snapshots of this thing; `past` are the last steps that led here, oldest first.
    """

    manifest: str = ""
    buckets: Mapping[int, Bucket] = field(default_factory=dict)
    number: int = 0
    past: tuple[Change, ...] = ()

    def paths(self) -> list[Path]:
        """Every file that belongs to it."""
        files = [path for bucket in self.buckets.values() for path in (bucket.path, *(x.path for x in bucket.layers))]
        return [settings.load().lake / path for path in (*files, *(step.touched for step in self.past))]

    @property
    def rows(self) -> int:
        return sum(bucket.rows for bucket in self.buckets.values())

    def touched_since(self, manifest: str | None) -> list[Path] | None:
        """Files that name the entities that changed since an older snapshot of the same thing; None when that is not known any more."""
        if manifest == self.manifest:
            return []
        known = [step.manifest for step in self.past]
        if manifest not in known:
            return None
        return [settings.load().lake / step.touched for step in self.past[known.index(manifest) :]]


def load(manifest: str | None, by: str | None = None) -> Snapshot:
    """The snapshot of a manifest; the empty one for None.

    Raises SnapshotError when its buckets do not fit the settings, or it is not bucketed `by` that item; Damaged when it is not what was written.
    """
    if not manifest:
        return Snapshot()
    data = sealed.read_json(settings.load().lake / manifest)
    if data["of"] != settings.load().buckets:
        raise SnapshotError(
            f"{manifest}: written with {data['of']} buckets, but SHUYUAN_BUCKETS is {settings.load().buckets}; set it back"
        )
    if by is not None and data.get("by", by) != by:
        raise SnapshotError(
            f"{manifest}: bucketed by `{data['by']}`, but the catalog now says `{by}`; set `bucket_by: {data['by']}` again"
        )
    buckets = {int(number): _bucket(entry) for number, entry in data["buckets"].items()}
    past = tuple(Change(**step) for step in data.get("past", ()))
    return Snapshot(manifest, buckets, data.get("number", 0), past)


def _bucket(entry: dict[str, Any]) -> Bucket:
    return Bucket(**{**entry, "layers": tuple(Layer(**layer) for layer in entry.get("layers", ()))})


def save(directory: str, base: Snapshot, touched: Mapping[int, Bucket], by: str, named: str | None = None) -> Snapshot:
    """Write the manifest of `base` with `touched` buckets replaced, in one step. Empty buckets leave the manifest. `by`: the bucketing item.

    `named`: the file that names the entities touched since `base`; without it the past is not known from here on.
    """
    buckets = {number: bucket for number, bucket in {**base.buckets, **touched}.items() if bucket.rows or bucket.layers}
    past = (*base.past, Change(base.manifest, named))[-REMEMBERED:] if named and base.manifest else ()
    after = Snapshot(f"{directory}/manifest.json", buckets, base.number + 1, past)
    document = {
        "of": settings.load().buckets,
        "by": by,
        "engine": ENGINE,
        "number": after.number,
        "buckets": {str(number): asdict(bucket) for number, bucket in sorted(buckets.items())},
        "past": [asdict(step) for step in past],
    }
    sealed.write_json(settings.load().lake / after.manifest, document)
    return after


def orphans(live: Iterable[str], directories: tuple[str, ...]) -> Iterator[Path]:
    """Files under `directories` of the lake that no live manifest reaches: what a crash or an old snapshot left behind."""
    root = settings.load().lake
    kept = {root / manifest for manifest in live}
    for manifest in live:
        kept |= set(load(manifest).paths())
    for directory in directories:
        for path in sorted((root / directory).rglob("*")):
            if path.is_file() and path not in kept:
                yield path


class SnapshotError(Exception):
    """A snapshot was bucketed otherwise than the settings and the catalog say; the message holds the way out."""
