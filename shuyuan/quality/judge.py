"""Judge a batch before it is admitted, a library after it is published; check that the suites themselves make sense.

Belongs here: from outcomes to a decision. How a suite is read, validated, told and rendered is in the modules beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from shuyuan.catalog import Catalog, Library, Resource
from shuyuan.ledger.findings import Finding
from shuyuan.quality import suites, words
from shuyuan.quality.suites import Rule
from shuyuan.quality.verdict import BatchCounts, Decision, JudgeError, Verdict

if TYPE_CHECKING:
    from shuyuan.quality.validation import Outcome

__all__ = ["BatchCounts", "JudgeError", "Verdict", "batch", "check_suites", "library"]

VERDICTS = "expect_verdict_rate_at_most"


def batch(batch_id: int, resource: Resource, evidence: pa.Table, counts: BatchCounts, staging: str | None) -> Verdict:
    """Judge a batch by its evidence (item, reason, rows), its counts, and its delta in `staging.<staging>` (None: nothing changed).

    critical failed → `reject`; warning failed → `quarantine`; else `pass`.

    Raises:
        JudgeError: a rule could not be evaluated; nothing is decided.
    """
    from shuyuan.quality import delta, docs, validation  # noqa: PLC0415 - Great Expectations costs two seconds

    rules = suites.for_resource(resource)
    with closing(validation.Bench()) as bench:
        outcomes = delta.judge_evidence(bench, resource, rules, delta.frame(evidence, counts))
        if staging is not None:
            outcomes += delta.judge_rows(bench, resource, rules, staging)
    rows = delta.offending(resource, outcomes, staging) if staging is not None else None
    document = validation.merged(
        resource.table, outcomes, {"batch_spec": {"data_asset_name": f"{resource.id}, batch {batch_id}"}}
    )
    page = docs.write(document, resource.table, batch_id)
    return _verdict(
        resource.table,
        outcomes,
        document.to_json_dict(),
        page,
        rows=rows,
        verdict_rules=_verdict_rules(outcomes, evidence),
    )


def library(run_id: int, library: Library, catalog: Catalog) -> Verdict:
    """Judge a published library: one number one source, every declared pair compared, rates of disagreement, freshness of members.

    critical failed → `reject` (what is published is wrong: stop and look); everything else is `pass` with findings. A difference
    that is explained by data admitted since the run is a note, kind `undecided`: the next run is judged against that data.

    Raises:
        JudgeError: a rule could not be evaluated.
    """
    from shuyuan.quality import docs, published, validation  # noqa: PLC0415 - Great Expectations costs two seconds

    name = f"library__{library.id}"
    with closing(validation.Bench()) as bench:
        found = published.judge(bench, library, suites.for_library(library), run_id)
    outcomes, notes = published.decidable(found, library, run_id)
    document = validation.merged(name, outcomes, {"batch_spec": {"data_asset_name": f"{library.id}, run {run_id}"}})
    page = docs.write(document, name, run_id)
    return _verdict(name, outcomes, document.to_json_dict(), page, notes=notes)


def check_suites(catalog: Catalog) -> list[str]:
    """What is wrong with the suites in force, as `file:line: what: way out`; empty when they are sound."""
    from shuyuan.quality import check  # noqa: PLC0415 - Great Expectations costs two seconds

    return check.problems(catalog)


def _verdict(
    suite: str,
    outcomes: Sequence[Outcome],
    results: Mapping[str, Any],
    docs: str,
    notes: Sequence[Finding] = (),
    **more: Any,
) -> Verdict:
    failed = [outcome for outcome in outcomes if not outcome.success]
    return Verdict(
        suite=suite,
        success=not failed,
        evaluated=len(outcomes),
        failed=len(failed),
        score=round(100 * sum(o.conformity for o in outcomes) / len(outcomes), 2) if outcomes else 100.0,
        decision=_decision([outcome.rule for outcome in failed], quarantines="rows" in more),
        results=dict(results),
        findings=(*(_finding(outcome) for outcome in failed), *notes),
        docs=docs,
        **more,
    )


def _decision(failed: Sequence[Rule], *, quarantines: bool) -> Decision:
    severities = {rule.severity for rule in failed}
    if "critical" in severities:
        return "reject"
    return "quarantine" if "warning" in severities and quarantines else "pass"


def _finding(outcome: Outcome) -> Finding:
    rule = outcome.rule
    message = words.found(rule, outcome.result.result)
    return Finding(rule.reason, rule.severity, message, rule.dimension, rule.target, outcome.offending)


def _verdict_rules(outcomes: Sequence[Outcome], evidence: pa.Table) -> tuple[tuple[str, str], ...]:
    seen = {(row["item"], row["reason"]) for row in evidence.to_pylist() if row["rows"]}
    asked = [
        (str(outcome.rule.target), reason)
        for outcome in outcomes
        if outcome.rule.type == VERDICTS and outcome.rule.severity == "warning" and not outcome.success
        for reason in outcome.rule.kwargs["reasons"]
    ]
    return tuple(dict.fromkeys(pair for pair in asked if pair in seen))
