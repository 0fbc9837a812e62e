"""What the inbox looks like, for somebody who only wants to know whether it has changed. Light: the triggerer imports it.

Belongs here: names, sizes and ages of files. Does not belong here: whose delivery a file is (`complete.py`), or whether it is known.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


def picture(inbox: Path) -> str:
    """A fingerprint of every visible file in the departments' folders by name, size and age; no file is opened."""
    return hashlib.sha256("\n".join(sorted(_lines(inbox))).encode(errors="surrogateescape")).hexdigest()


def _lines(inbox: Path) -> Iterator[str]:
    for folder in _entries(inbox):
        if folder.is_dir():
            for file in _entries(Path(folder)):
                try:
                    seen = file.stat()
                except FileNotFoundError:  # renamed while we looked; the next picture shows it
                    continue
                if not file.name.startswith("."):
                    yield f"{folder.name}/{file.name}\t{seen.st_size}\t{seen.st_mtime_ns}"


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
