"""Where things are: one frozen object, read from the environment once per process.

Belongs here: paths, URLs and the few numbers an operator tunes. Does not belong here: rules of the trade (they are in `catalog/`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

PROJECT = Path(__file__).resolve().parent.parent
BEIJING = ZoneInfo("Asia/Shanghai")


def today() -> date:
    """The calendar day in Beijing, as the database counts it too, whatever the machine's time zone."""
    return datetime.now(BEIJING).date()


@dataclass(frozen=True)
class Settings:
    """The deployment this process belongs to. `home` holds all state; `catalog` and `expectations` are the rules in force."""

    home: Path
    catalog: Path
    expectations: Path
    buckets: int
    memory_limit: str
    workers: int
    engine: str
    spark_master: str

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def archive(self) -> Path:
        return self.home / "archive"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def docs(self) -> Path:
        return self.home / "docs"

    @property
    def log(self) -> Path:
        return self.home / "log"


@cache
def load() -> Settings:
    """The settings of this process. Variables: SHUYUAN_HOME, SHUYUAN_CATALOG, SHUYUAN_EXPECTATIONS, SHUYUAN_BUCKETS, SHUYUAN_MEMORY,
    SHUYUAN_WORKERS, SHUYUAN_ENGINE, SHUYUAN_SPARK_MASTER.

    Tests that change the environment call `load.cache_clear()`.
    """
    env = os.environ
    catalog = Path(env.get("SHUYUAN_CATALOG", PROJECT / "catalog")).resolve()
    # A catalog of another house may bring its own suites along.
    suites = catalog / "expectations" if (catalog / "expectations").is_dir() else PROJECT / "expectations" / "suites"
    return Settings(
        home=Path(env.get("SHUYUAN_HOME", PROJECT / ".shuyuan")).resolve(),
        catalog=catalog,
        expectations=Path(env.get("SHUYUAN_EXPECTATIONS", suites)).resolve(),
        buckets=int(env.get("SHUYUAN_BUCKETS", "8")),
        memory_limit=env.get("SHUYUAN_MEMORY", "1GB"),
        workers=int(env.get("SHUYUAN_WORKERS", "1")),
        engine=_engine(env.get("SHUYUAN_ENGINE", "duckdb")),
        spark_master=env.get("SHUYUAN_SPARK_MASTER", "local[*]"),
    )


def _engine(name: str) -> str:
    if name in ("duckdb", "spark"):
        return name
    raise ValueError(f"SHUYUAN_ENGINE is {name!r}: say duckdb (this process) or spark (requirements-spark.txt)")
