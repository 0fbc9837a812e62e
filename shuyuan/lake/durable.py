"""Files that are there whole or not at all, after a loss of power too: the ledger must not point to what the disk has forgotten."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_WORDS = tuple(os.strerror(number) for number in FULL)
"""How engines tell of it that do not raise an OSError."""


def settle(part: Path, path: Path) -> None:
    """Give a finished file its name: contents first, then the name, then the directory reach the disk."""
    with room_for(path):
        _sync(part, os.O_RDWR)
        part.replace(path)
        _sync(path.parent, os.O_RDONLY)


def write_text(path: Path, text: str) -> None:
    """Write a small file, whole or not at all."""
    part = path.with_suffix(".part")
    with room_for(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
    settle(part, path)


class DiskFull(Exception):
    """There was no room for a file; what was live before still is."""


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Within the block `path` is written. Raises DiskFull, with the file, what is free and the way out, where any engine tells of a full disk."""
    try:
        yield
    except DiskFull:
        raise
    except Exception as error:
        if getattr(error, "errno", None) not in FULL and not any(words in str(error) for words in FULL_WORDS):
            raise
        there = next(folder for folder in (path, *path.parents) if folder.is_dir())
        free = shutil.disk_usage(there).free // 1024
        raise DiskFull(
            f"{path}: the disk is full ({free} KiB free; {error}). What was live before still is; free space or let orphans go "
            "(`shuyuan orphans`), then run the step again"
        ) from error


def _sync(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
