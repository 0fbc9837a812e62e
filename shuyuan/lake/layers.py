"""What a snapshot says now: of every key its newest row, out of the base files and the layers over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from shuyuan import settings
from shuyuan.db.sql import columns, statement, text_of
from shuyuan.lake import duck
from shuyuan.lake.snapshot import Bucket, Snapshot

MOST_LAYERS = 6
"""Layers over one bucket before it is written anew; buckets take turns, so that no day pays for all of them."""

Reader = Callable[[list[Path], str], str]


def relation(
    snapshot: Snapshot,
    key: Sequence[str],
    none: str,
    buckets: Collection[int] | None = None,
    *,
    read: Reader | None = None,
    only: str = "",
    moving: bool = False,
) -> str:
    """SQL of the newest row of every key, of some buckets or of all, with the columns of `none` (a SELECT … WHERE false).

    Rows that say that a key is gone are among them. `read(files, engine)`: the relation of some files whose hashes that engine made.
    `only`: a condition that base rows must meet; layers are read whole, or an old row would come back whose newer one does not meet it.
    `moving`: rows may go from bucket to bucket; a bucket that one has left knows less of it than the one where it is.
    """
    numbers = [number for number in sorted(snapshot.buckets) if buckets is None or number in buckets]
    if moving and len(numbers) > 1 and any(snapshot.buckets[number].layers for number in numbers):
        homes = (
            f"SELECT * FROM {relation(snapshot, key, none, [number], read=read, only=only)} WHERE _bucket = {number}"
            for number in numbers
        )
        return f"({' UNION ALL BY NAME '.join(homes)})"
    chosen = [snapshot.buckets[number] for number in numbers]
    reader = read or (lambda files, _: duck.scan(files))
    base, over = _bases(chosen, reader, only), _layers(chosen, reader)
    if not base and not over:
        return f"({none})"
    if not over:
        return f"({none} UNION ALL BY NAME {' UNION ALL BY NAME '.join(base)})"
    query = statement("steps/newest", key=columns(key))
    text = text_of(query).replace(":base", " UNION ALL BY NAME ".join([none, *base]))
    return f"({text.replace(':layers', ' UNION ALL BY NAME '.join([f'SELECT *, 0 AS _layer FROM ({none})', *over]))})"


def _bases(chosen: list[Bucket], read: Reader, only: str) -> list[str]:
    files: dict[str, list[Path]] = defaultdict(list)
    for entry in chosen:
        if entry.path:
            files[entry.engine].append(_path(entry.path))
    where = f" WHERE {only}" if only else ""
    return [f"SELECT * FROM {read(paths, engine)}{where}" for engine, paths in files.items()]


def _layers(chosen: list[Bucket], read: Reader) -> list[str]:
    files: dict[tuple[int, str], list[Path]] = defaultdict(list)
    for entry in chosen:
        for layer in entry.layers:
            files[layer.number, layer.engine].append(_path(layer.path))
    return [f"SELECT *, {number} AS _layer FROM {read(paths, engine)}" for (number, engine), paths in files.items()]


def _path(name: str) -> Path:
    return settings.load().lake / name


def is_full(bucket: Bucket, number: int) -> bool:
    """Whether a bucket has as many layers as it may; the next change writes it anew."""
    return len(bucket.layers) >= MOST_LAYERS + number % MOST_LAYERS
