"""The real tables through the whole line, measured: rows by resource, quarantine by reason, pairs compared, seconds by step. Prints JSON.

    python bench/real_line.py DIR [--home HOME] [--date YYYY-MM-DD]

DIR holds the departments' files in any folders. HOME (default: a temporary one that is removed) is the deployment that is made or reused.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from shuyuan import settings
from shuyuan.db import embedded
from shuyuan.db.engine import transaction
from shuyuan.flow import line
from shuyuan.flow.migrate import migrate
from shuyuan.flow.status import summary
from shuyuan.intake.drop import drop

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "beijing"
BATCHES = "SELECT resource, state, physical, loaded, quarantined, blank, preamble FROM ledger.batch ORDER BY resource"
REASONS = (
    "SELECT resource, q.reason, count(*) FROM ledger.quarantine q JOIN ledger.batch USING (batch_id) GROUP BY 1, 2"
)
PAIRS = "SELECT library, item, claim_ref, compared, disagreed FROM ledger.crosscheck ORDER BY compared DESC, claim_ref"
VERDICTS = "SELECT reason, sum(rows)::int FROM ledger.evidence GROUP BY reason ORDER BY 2 DESC"


class Laps:
    """Seconds between calls, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.perf_counter()

    def __call__(self, name: str) -> None:
        self.seconds[name] = round(time.perf_counter() - self._began, 1)
        self._began = time.perf_counter()


def measure(source: Path, day: date) -> dict[str, Any]:
    """Lay the files, run the line, and read from the ledger what became of them."""
    lap = Laps()
    embedded.start(settings.load().home)
    catalog = migrate()
    lap("start and migrate")
    dropped = drop(catalog, source, day)
    lap("drop")
    line.run(day)
    lap("line")
    return {"files": len(dropped.files), "missing": dropped.missing, "seconds": lap.seconds, **_found()}


def _found() -> dict[str, Any]:
    with transaction("shuyuan_owner") as connection:
        batches, reasons, pairs, verdicts = (
            connection.execute(query.encode()).fetchall() for query in (BATCHES, REASONS, PAIRS, VERDICTS)
        )
    compared = [
        dict(zip(("library", "item", "claim", "compared", "disagreed"), row, strict=True)) for row in pairs if row[3]
    ]
    return {
        "resources": _by_resource(batches, reasons),
        "verdicts": dict(verdicts),
        "pairs": compared,
        "pairs_without_common_entity": len(pairs) - len(compared),
        "status": summary(),
    }


def _by_resource(batches: list[Any], reasons: list[Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for resource, *cells in batches:
        found[resource] |= dict(
            zip(("state", "physical", "loaded", "quarantined", "blank", "preamble"), cells, strict=True)
        )
    for resource, reason, rows in reasons:
        found[resource].setdefault("reasons", {})[reason] = rows
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--date", type=date.fromisoformat, default=date.today())
    asked = parser.parse_args()
    home = asked.home or Path(tempfile.mkdtemp(prefix="shuyuan-real-")) / "home"
    os.environ |= {
        "SHUYUAN_HOME": str(home),
        "SHUYUAN_CATALOG": str(EXAMPLE),
        "SHUYUAN_EXPECTATIONS": str(EXAMPLE / "expectations"),
    }

    try:
        json.dump(measure(asked.source, asked.date), sys.stdout, ensure_ascii=False, indent=1)
    finally:
        embedded.stop(home)
        if asked.home is None:
            shutil.rmtree(home.parent)


if __name__ == "__main__":
    main()
