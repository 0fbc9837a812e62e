"""Expectations over the evidence of a batch: the verdicts and counts that one pass of standardising has left, never the rows again.

The evidence is a small table in memory (`item`, `reason`, `rows`); the counts of the batch stand in it as item `_batch`. Judging it takes
milliseconds whatever the size of the delivery. Of a published library it is what one pass over library and claims has counted.
Belongs here: rules about shares and sums. Does not belong here: rules that read rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

BATCH = "_batch"
"""The item under which the counts of the batch itself stand: physical, loaded, quarantined, blank, preamble, inserted, …"""

PUBLISHED = "published"
"""The count under BATCH of a library's entities."""
NOT_FROM_SOURCE = "not_from_source"
"""The reason under which the values of an item are counted that are not their one source's."""

METRIC = "shuyuan.evidence"
Evidence = Mapping[tuple[str, str], int]


class EvidenceOfBatch(TableMetricProvider):  # type: ignore[misc]  # Great Expectations ships no types that mypy can follow
    """The evidence as a mapping (item, reason) → rows."""

    metric_name = METRIC

    @metric_value(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(
        cls,  # noqa: N805 - Great Expectations calls it with the class
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[tuple[str, str], int]:
        frame, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        rows = zip(frame["item"], frame["reason"], frame["rows"], strict=True)
        return {(str(item), str(reason)): int(count) for item, reason, count in rows}


class EvidenceExpectation(BatchExpectation):  # type: ignore[misc]
    """A rule about the evidence. A subclass answers `judge`: how many rows offend, of how many, and whether that is too many."""

    metric_dependencies: ClassVar[tuple[str, ...]] = (METRIC,)
    asset: ClassVar[str] = "evidence"

    def judge(self, evidence: Evidence) -> tuple[int, int, bool]:
        """(offending rows, rows judged, success)."""
        raise NotImplementedError

    def observed(self, evidence: Evidence) -> Any:
        """What is shown as the observed value."""
        offending, judged, _ = self.judge(evidence)
        return f"{offending} / {judged}"

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        evidence: Evidence = metrics[METRIC]
        offending, judged, success = self.judge(evidence)
        return {
            "success": success,
            "result": {
                "observed_value": self.observed(evidence),
                "element_count": judged,
                "unexpected_count": offending,
                "unexpected_percent": 100 * offending / judged if judged else 0.0,
            },
        }


def of_batch(evidence: Evidence, *names: str) -> int:
    """Sum of counts of the batch, such as `of_batch(evidence, "loaded", "quarantined")`."""
    return sum(evidence.get((BATCH, name), 0) for name in names)


class ExpectVerdictRateAtMost(EvidenceExpectation):
    """At most `max_rate` of the data rows carry one of `reasons` on `item` (data rows = loaded + quarantined)."""

    item: str
    reasons: list[str]
    max_rate: float = 0.0

    success_keys: ClassVar[tuple[str, ...]] = ("item", "reasons", "max_rate")

    def judge(self, evidence: Evidence) -> tuple[int, int, bool]:
        offending = sum(evidence.get((self.item, reason), 0) for reason in self.reasons)
        rows = of_batch(evidence, "loaded", "quarantined")
        return offending, rows, offending <= self.max_rate * rows

    def observed(self, evidence: Evidence) -> str:
        found = {reason: evidence[self.item, reason] for reason in self.reasons if (self.item, reason) in evidence}
        return ", ".join(f"{reason}: {rows}" for reason, rows in sorted(found.items())) or "0"


class ExpectRowsConserved(EvidenceExpectation):
    """Nothing lost, nothing silent: physical = loaded + quarantined + blank + preamble."""

    def judge(self, evidence: Evidence) -> tuple[int, int, bool]:
        physical = of_batch(evidence, "physical")
        lost = abs(physical - of_batch(evidence, "loaded", "quarantined", "blank", "preamble"))
        return lost, max(physical, lost), lost == 0

    def observed(self, evidence: Evidence) -> str:
        names = ("physical", "loaded", "quarantined", "blank", "preamble")
        return ", ".join(f"{name}: {of_batch(evidence, name)}" for name in names)


class ExpectDeletesAtMost(EvidenceExpectation):
    """At most `max_rate` of the rows that were live before may disappear at once; a truncated register looks like a mass deletion."""

    max_rate: float = 0.2

    success_keys: ClassVar[tuple[str, ...]] = ("max_rate",)

    def judge(self, evidence: Evidence) -> tuple[int, int, bool]:
        deleted, before = of_batch(evidence, "deleted"), of_batch(evidence, "previous_rows")
        return deleted, max(before, deleted), deleted <= self.max_rate * before


class ExpectRowsAtLeast(EvidenceExpectation):
    """The delivery brings at least `min_rows` data rows (loaded + quarantined)."""

    min_rows: int = 1

    success_keys: ClassVar[tuple[str, ...]] = ("min_rows",)

    def judge(self, evidence: Evidence) -> tuple[int, int, bool]:
        rows = of_batch(evidence, "loaded", "quarantined")
        return max(self.min_rows - rows, 0), max(self.min_rows, rows), rows >= self.min_rows

    def observed(self, evidence: Evidence) -> int:
        return of_batch(evidence, "loaded", "quarantined")


class ExpectQuarantineRateAtMost(EvidenceExpectation):
    """At most `max_rate` of the data rows were set aside while reading: above that the file is broken, not its rows."""

    max_rate: float = 0.2

    success_keys: ClassVar[tuple[str, ...]] = ("max_rate",)

    def judge(self, evidence: Evidence) -> tuple[int, int, bool]:
        quarantined = of_batch(evidence, "quarantined")
        rows = of_batch(evidence, "loaded", "quarantined")
        return quarantined, rows, quarantined <= self.max_rate * rows


class ExpectLibraryValueFromItsSource(EvidenceExpectation):
    """One number, one source (一数一源): every published value of `item` is the claim of its one source, or its declared fallback's, marked."""

    asset: ClassVar[str] = "one_source"
    item: str

    success_keys: ClassVar[tuple[str, ...]] = ("item",)

    def judge(self, evidence: Evidence) -> tuple[int, int, bool]:
        offending, published = evidence[self.item, NOT_FROM_SOURCE], of_batch(evidence, PUBLISHED)
        return offending, published, offending == 0
