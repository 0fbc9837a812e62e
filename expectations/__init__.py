"""Our own Great Expectations expectations, one module per family; importing the package registers them all. Suites are in `suites/`."""

from expectations.evidence import (
    BATCH,
    EvidenceExpectation,
    EvidenceOfBatch,
    ExpectDeletesAtMost,
    ExpectQuarantineRateAtMost,
    ExpectRowsAtLeast,
    ExpectRowsConserved,
    ExpectVerdictRateAtMost,
)
from expectations.rows import (
    ExpectCrossCheckRateAtMost,
    ExpectEveryDeclaredPairCompared,
    ExpectFreshWithin,
    ExpectLibraryValueFromItsSource,
    ExpectNoRowsFromQuery,
    RowsOfQuery,
)

__all__ = [
    "BATCH",
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
