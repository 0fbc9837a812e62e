"""Snapshots: a manifest names one Parquet file per bucket; untouched buckets point to files of older snapshots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from shuyuan import settings
from shuyuan.lake import durable

ENGINE = f"duckdb {duckdb.__version__}"


@dataclass(frozen=True)
class Bucket:
    """One file of a snapshot: `path` relative to the lake, its rows, and how their hashes were made (empty: before this was kept).

    DuckDB does not promise the same hash in every version, and a hash covers the items of its day; others are made anew when compared.
    """

    path: str
    rows: int
    engine: str = ""


@dataclass(frozen=True)
class Snapshot:
    """A whole snapshot. `manifest` is its path relative to the lake, empty for the snapshot before the first."""

    manifest: str = ""
    buckets: Mapping[int, Bucket] = field(default_factory=dict)

    def paths(self, bucket: int | None = None) -> list[Path]:
        """Files of one bucket, or of all."""
        chosen = self.buckets.values() if bucket is None else filter(None, [self.buckets.get(bucket)])
        return [settings.load().lake / entry.path for entry in chosen]

    def hashed_by(self, engine: str, bucket: int | None = None) -> tuple[list[Path], list[Path]]:
        """(files whose hashes are that engine's, the others), of one bucket or of all."""
        chosen: tuple[list[Path], list[Path]] = ([], [])
        for number, entry in self.buckets.items():
            if bucket is not None and number != bucket:
                continue
            chosen[entry.engine != engine].append(settings.load().lake / entry.path)
        return chosen

    @property
    def rows(self) -> int:
        return sum(bucket.rows for bucket in self.buckets.values())


def load(manifest: str | None, by: str | None = None) -> Snapshot:
    """The snapshot of a manifest; the empty one for None.

    Raises SnapshotError when its buckets do not fit the settings, or it is not bucketed `by` that item.
    """
    if not manifest:
        return Snapshot()
    data = json.loads((settings.load().lake / manifest).read_text(encoding="utf-8"))
    if data["of"] != settings.load().buckets:
        raise SnapshotError(
            f"{manifest}: written with {data['of']} buckets, but SHUYUAN_BUCKETS is {settings.load().buckets}; set it back"
        )
    if by is not None and data.get("by", by) != by:
        raise SnapshotError(
            f"{manifest}: bucketed by `{data['by']}`, but the catalog now says `{by}`; set `bucket_by: {data['by']}` again"
        )
    return Snapshot(manifest, {int(number): Bucket(**bucket) for number, bucket in data["buckets"].items()})


def save(directory: str, base: Snapshot, touched: Mapping[int, Bucket], by: str) -> Snapshot:
    """Write the manifest of `base` with `touched` buckets replaced, in one step. Empty buckets leave the manifest. `by`: the bucketing item."""
    buckets = {number: bucket for number, bucket in {**base.buckets, **touched}.items() if bucket.rows}
    manifest = f"{directory}/manifest.json"
    path = settings.load().lake / manifest
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "of": settings.load().buckets,
        "by": by,
        "engine": ENGINE,
        "buckets": {str(number): vars(bucket) for number, bucket in sorted(buckets.items())},
    }
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, indent=1), encoding="utf-8")
    durable.settle(part, path)
    return Snapshot(manifest, buckets)


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
