"""One sitting of the court: after a run's discrepancies are settled and its comparisons recorded, in the same transaction.

Belongs here: the order of things. What is heard and said is kept by `ledger/court.py`, what is thought by `judge.py`, `confusion.py` and `stale.py`.
"""

from __future__ import annotations

from functools import partial

from shuyuan.catalog import Library
from shuyuan.court.confusion import confusions
from shuyuan.court.judge import Verdicts, judge
from shuyuan.court.stale import stale
from shuyuan.db.engine import Connection
from shuyuan.ledger import court, findings


def coded(library: Library) -> list[str]:
    """Items of codes: what they contradict each other by is counted too."""
    return [item.name for item in library.items if item.check and item.compare == "code"]


def sit(connection: Connection, library: Library, run_id: int) -> Verdicts:
    """Count the run's disputes, learn, judge, record; tell systematic confusions and old copies as findings of the run. Changes nothing that is published.

    To be called once per run, after `publish.library.settle` and `ledger.discrepancies.record_crosschecks`.
    """
    court.count(connection, library.id, run_id, coded(library))
    heard = court.evidence(connection, library.id, run_id)
    said = judge(library, heard.patterns, heard.crosschecks)
    court.record(connection, library.id, run_id, said)
    cells = partial(court.cells_with, connection, library.id)
    told = confusions(library, heard.values, heard.crosschecks, cells)
    findings.record(connection, [*told, *stale(court.former(connection, library.id, run_id))], run_id=run_id)
    return said
