"""What crashes and old snapshots leave behind, and how it goes: by age, and never from under a step that may still need it.

Three kinds: files that no manifest reaches, half files and spill folders of workers that died, staging tables of batches that have ended.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import time

from shuyuan import settings
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import statement, table
from shuyuan.flow.step import LOADER
from shuyuan.lake import snapshot
from shuyuan.ledger import snapshots

DIRECTORIES = ("source", "library", "staged")
TEMPORARY = ("spill-*", "shuffle-*", "spark-*", "replay-*")


def remove(age: float) -> int:
    """Remove what nobody needs and nothing has touched for `age` seconds. → files, folders and tables removed."""
    before = time() - age
    with transaction(LOADER) as connection:
        needed, busy = snapshots.needed_manifests(connection), _busy_folders(connection)
        tables = _drop_staging(connection, age)
    unreached = [*snapshot.orphans(needed, DIRECTORIES), *settings.load().archive.glob("*/*.part")]
    files = [path for path in unreached if busy.isdisjoint(path.parents) and _untouched_since(before, [path])]
    folders = [folder for folder in _temporary() if _untouched_since(before, [folder, *folder.rglob("*")])]
    empty = [folder for folder in _empty() if folder not in busy and _untouched_since(before, [folder])]
    for path in files:
        path.unlink(missing_ok=True)
    for folder in folders + empty:
        shutil.rmtree(folder, ignore_errors=True)
    return len(files) + len(folders) + len(empty) + tables


def _busy_folders(connection: Connection) -> set[Path]:
    """Folders of batches and runs that have not come to their end; what lies below them is no orphan."""
    rows = connection.execute(statement("ledger/busy_folders")).fetchall()
    return {settings.load().lake / folder for (folder,) in rows}


def _drop_staging(connection: Connection, age: float) -> int:
    names = [str(name) for (name,) in connection.execute(statement("ledger/ended_staging"), {"age": age}).fetchall()]
    for name in names:
        connection.execute(statement("steps/drop_staging", staging=table("staging", name)))
    return len(names)


def _temporary() -> Iterator[Path]:
    for pattern in TEMPORARY:
        yield from settings.load().lake.glob(pattern)


def _empty() -> Iterator[Path]:
    for directory in DIRECTORIES:
        for folder in (settings.load().lake / directory).rglob("*"):
            if folder.is_dir() and not any(folder.iterdir()):
                yield folder


def _untouched_since(moment: float, paths: Iterable[Path]) -> bool:
    """Whether every path is older; what has vanished meanwhile is somebody's who works there."""
    try:
        return all(path.stat().st_mtime < moment for path in paths)
    except FileNotFoundError:
        return False
