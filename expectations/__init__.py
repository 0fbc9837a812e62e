"""Our own Great Expectations expectations, one module per family; importing the package registers them all. Suites are in `suites/`."""

from expectations.evidence import (
    BATCH,
    NOT_FROM_SOURCE,
    PUBLISHED,
    EvidenceExpectation,
    EvidenceOfBatch,
    ExpectDeletesAtMost,
    ExpectLibraryValueFromItsSource,
    ExpectQuarantineRateAtMost,
    ExpectRowsAtLeast,
    ExpectRowsConserved,
    ExpectVerdictRateAtMost,
)
from expectations.rows import (
    ExpectCrossCheckRateAtMost,
    ExpectEveryDeclaredPairCompared,
    ExpectFreshWithin,
    ExpectNoRowsFromQuery,
    RowsOfQuery,
)

__all__ = [
    "BATCH",
    "NOT_FROM_SOURCE",
    "PUBLISHED",
    "EvidenceExpectation",
    "EvidenceOfBatch",
    "ExpectCrossCheckRateAtMost",
    "ExpectDeletesAtMost",
    "ExpectEveryDeclaredPairCompared",
    "ExpectFreshWithin",
    "ExpectLibraryValueFromItsSource",
    "ExpectNoRowsFromQuery",
    "ExpectQuarantineRateAtMost",
    "ExpectRowsAtLeast",
    "ExpectRowsConserved",
    "ExpectVerdictRateAtMost",
    "RowsOfQuery",
]
