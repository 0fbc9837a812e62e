"""Files that are there whole or not at all, after a loss of power too: the ledger must not point to what the disk has forgotten."""

from __future__ import annotations

import os
from pathlib import Path


def settle(part: Path, path: Path) -> None:
    """Give a finished file its name: contents first, then the name, then the directory reach the disk."""
    _sync(part, os.O_RDWR)
    part.replace(path)
    _sync(path.parent, os.O_RDONLY)


def write_text(path: Path, text: str) -> None:
    """Write a small file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    settle(part, path)


def _sync(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
