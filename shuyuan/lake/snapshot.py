"""Snapshots: a manifest names one Parquet file per bucket; untouched buckets point to files of older snapshots."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from shuyuan import settings


@dataclass(frozen=True)
class Bucket:
    """One file of a snapshot: `path` relative to the lake, and its rows."""

    path: str
    rows: int


@dataclass(frozen=True)
class Snapshot:
    """A whole snapshot. `manifest` is its path relative to the lake, empty for the snapshot before the first."""

    manifest: str = ""
    buckets: Mapping[int, Bucket] = field(default_factory=dict)

    def paths(self, bucket: int | None = None) -> list[Path]:
        """Files of one bucket, or of all."""
        chosen = self.buckets.values() if bucket is None else filter(None, [self.buckets.get(bucket)])
        return [settings.load().lake / entry.path for entry in chosen]

    @property
    def rows(self) -> int:
        return sum(bucket.rows for bucket in self.buckets.values())


def load(manifest: str | None) -> Snapshot:
    """The snapshot of a manifest; the empty one for None. Raises SnapshotError when buckets do not fit the settings."""
    if not manifest:
        return Snapshot()
    data = json.loads((settings.load().lake / manifest).read_text(encoding="utf-8"))
    if data["of"] != settings.load().buckets:
        raise SnapshotError(manifest, data["of"])
    return Snapshot(manifest, {int(number): Bucket(**bucket) for number, bucket in data["buckets"].items()})


def save(directory: str, base: Snapshot, touched: Mapping[int, Bucket]) -> Snapshot:
    """Write the manifest of `base` with `touched` buckets replaced, in one step. Empty buckets leave the manifest."""
    buckets = {number: bucket for number, bucket in {**base.buckets, **touched}.items() if bucket.rows}
    manifest = f"{directory}/manifest.json"
    path = settings.load().lake / manifest
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "of": settings.load().buckets,
        "engine": f"duckdb {duckdb.__version__}",
        "buckets": {str(number): vars(bucket) for number, bucket in sorted(buckets.items())},
    }
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as out:
        json.dump(document, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
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
    """A snapshot was written with another number of buckets than the settings say."""

    def __init__(self, manifest: str, buckets: int) -> None:
        super().__init__(
            f"{manifest}: written with {buckets} buckets, but SHUYUAN_BUCKETS is {settings.load().buckets}; "
            f"set SHUYUAN_BUCKETS={buckets}, or rebuild into a new SHUYUAN_HOME"
        )
