"""What must be true of this machine before the demo begins; each refusal says what is wrong and the way out.

The port has a check of its own, where it is taken (`daemons`). Belongs here: Python, disk.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
BASE = 1_500_000_000  # bytes: a PostgreSQL cluster with its write-ahead log, Airflow's database and logs
PER_PERSON = 25_000  # bytes: deliveries, archive, lake and warehouse of two days


class Unfit(RuntimeError):
    """This machine cannot run the demo; the message says what to do."""


def python() -> None:
    """Raise Unfit on a Python that the pinned requirements do not run on."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = ".".join(map(str, sys.version_info[:3]))
        raise Unfit(f"Python {found} runs this; Shuyuan needs 3.11 to 3.13: install one and run make demo again")


def disk(home: Path, people: int) -> None:
    """Raise Unfit when the file system of `home` has not enough room for a demo of so many people."""
    place = next(parent for parent in (home, *home.parents) if parent.exists())
    free, wanted = shutil.disk_usage(place).free, BASE + people * PER_PERSON
    if free < wanted:
        raise Unfit(
            f"{place} has {free / 1e9:.1f} GB free and the demo of {people} people needs {wanted / 1e9:.1f} GB; "
            "make room, set SHUYUAN_HOME to a larger disk, or take fewer people: --people 2000"
        )
