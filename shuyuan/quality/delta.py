"""A batch as the judge sees it: its evidence in memory, its delta in PostgreSQL, and every offending row by the full query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
import pyarrow as pa

import expectations
from shuyuan.catalog import Resource
from shuyuan.db.engine import transaction
from shuyuan.db.sql import table
from shuyuan.quality import queries, words
from shuyuan.quality.suites import Rule
from shuyuan.quality.validation import Bench, Outcome, asset_of
from shuyuan.quality.verdict import OFFENDING, BatchCounts, JudgeError

OWN_QUERY = "expect_no_rows_from_query"


def frame(evidence: pa.Table, counts: BatchCounts) -> pd.DataFrame:
    """Evidence and counts as one small table: item, reason, rows."""
    rows = [(row["item"], row["reason"], row["rows"]) for row in evidence.to_pylist()]
    rows += [(expectations.BATCH, name, count) for name, count in counts.items()]
    return pd.DataFrame(rows, columns=["item", "reason", "rows"])


def judge_evidence(bench: Bench, resource: Resource, rules: Sequence[Rule], counted: pd.DataFrame) -> list[Outcome]:
    """Judge those rules that ask the evidence."""
    asking = [rule for rule in rules if asset_of(rule, "delta") == "evidence"]
    return bench.judge(bench.evidence(counted), asking, {}, resource.table) if asking else []


def judge_rows(bench: Bench, resource: Resource, rules: Sequence[Rule], staging: str) -> list[Outcome]:
    """Judge those rules that read rows, on the staged delta."""
    reading = [rule for rule in rules if asset_of(rule, "delta") == "delta"]
    composed = {
        i: queries.for_gx(queries.of_delta(rule, resource, queries.batch_slot()))
        for i, rule in enumerate(reading)
        if rule.type == OWN_QUERY
    }
    if not reading:
        return []
    return bench.judge(bench.table("staging", staging), reading, composed, resource.table, delta=True)


def offending(resource: Resource, outcomes: Sequence[Outcome], staging: str) -> pa.Table | None:
    """All rows that failed warnings name, one per line, schema OFFENDING; None when there are none.

    Raises:
        JudgeError: the query finds another number of rows than Great Expectations counted.
    """
    failed = [o for o in outcomes if not o.success and o.rule.severity == "warning" and _reads_rows(o.rule)]
    first: dict[int, tuple[str | None, ...]] = {}
    for outcome in failed:
        found = list(_rows(resource, outcome.rule, staging))
        if len(found) != outcome.offending:
            raise JudgeError(
                f"{outcome.rule.where}: Great Expectations counts {outcome.offending} offending rows, the query of "
                f"`{outcome.rule.reason}` finds {len(found)}: its file in sql/ asks something else; nothing was decided"
            )
        message = words.ask(outcome.rule)
        for line, value in found:
            first.setdefault(line, (outcome.rule.target, value, outcome.rule.reason, f"不符合：{message}"))
    rows = [{"line": line, **dict(zip(OFFENDING.names[1:], first[line], strict=True))} for line in sorted(first)]
    return pa.Table.from_pylist(rows, OFFENDING) if rows else None


def _reads_rows(rule: Rule) -> bool:
    return rule.type == OWN_QUERY or queries.has_file(f"expect/{rule.type}")


def _rows(resource: Resource, rule: Rule, staging: str) -> Iterator[tuple[int, str | None]]:
    query = queries.of_delta(rule, resource, table("staging", staging))
    with transaction("shuyuan_loader") as connection:
        for line, value in connection.execute(query):
            yield int(line), value
