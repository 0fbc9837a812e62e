"""What a judgement says: shapes only, without Great Expectations."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pyarrow as pa

from shuyuan.ledger.findings import Finding

Decision = Literal["pass", "quarantine", "reject"]
OFFENDING = pa.schema([("line", pa.int64()), *((name, pa.string()) for name in ("item", "value", "reason", "message"))])
"""Schema of `Verdict.rows`: one row per offending line; the first rule of the suite that names a line gives its reason."""


class JudgeError(RuntimeError):
    """A suite could not be judged: neither a pass nor a rejection. Names the rule's file and line and the way out."""


@dataclass(frozen=True)
class BatchCounts:
    """The counts of a batch: rows of the file by what became of them, rows of the delta, and the rows live before it."""

    physical: int
    loaded: int
    quarantined: int
    blank: int
    preamble: int
    inserted: int
    updated: int
    deleted: int
    unchanged: int
    previous_rows: int

    def items(self) -> list[tuple[str, int]]:
        """(name, rows) of every count."""
        return list(asdict(self).items())


@dataclass(frozen=True)
class Verdict:
    """A judgement of a batch or of a published library.

    `score` is 0–100: the mean share of conforming rows over all rules (GB/T 36344-2018: conforming / total). `results` is the Great
    Expectations document, without cell values. `rows` are all offending rows (schema OFFENDING) of failed warnings that read rows;
    `verdict_rules` are (item, reason) pairs of failed warnings on verdicts: every staged row with that verdict is to be quarantined.
    `docs` is the HTML page, relative to the docs folder.
    """

    suite: str
    success: bool
    evaluated: int
    failed: int
    score: float
    decision: Decision
    results: dict[str, Any]
    findings: tuple[Finding, ...] = ()
    rows: pa.Table | None = None
    verdict_rules: tuple[tuple[str, str], ...] = ()
    docs: str | None = field(default=None)
