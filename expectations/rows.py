"""Expectations whose offending rows are found by one SQL query, counted by the server and never carried through a capped list.

The query comes from a file in `sql/`; the judge composes it (identifiers quoted, `{batch}` left for Great Expectations) and hands it in as
`unexpected_rows_query`. The other fields say in the catalog's words what is asked, so that results and reports can be read.
"""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.expectations.core import UnexpectedRowsExpectation

COUNT = "unexpected_rows_query.row_count"
TABLE_ROWS = "table.row_count"


class RowsOfQuery(UnexpectedRowsExpectation):  # type: ignore[misc]
    """Succeeds when the query finds no row. Only counts are asked of the server; the rows, if wanted, by the full query.

    `share_of_table`: the rows found are rows of the judged table, so that a share can be told; otherwise the rule is met or not.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = (COUNT, TABLE_ROWS)
    asset: ClassVar[str] = "delta"
    share_of_table: ClassVar[bool] = True

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        rows = int(metrics[COUNT])
        counts: dict[str, Any] = {"observed_value": rows}
        if self.share_of_table:
            of = max(int(metrics[TABLE_ROWS]), rows)
            percent = 100.0 * rows / of if of else 0.0
            counts |= {"unexpected_count": rows, "unexpected_percent": percent, "element_count": of}
        return {"success": rows == 0, "result": counts}


class ExpectNoRowsFromQuery(RowsOfQuery):
    """No row of the delta (or of the library) is found by the file `sql/<query>.sql`; `item` and `other` name the columns it speaks about."""

    query: str
    item: str | None = None
    other: str | None = None


class ExpectEveryDeclaredPairCompared(RowsOfQuery):
    """Every check that the catalog declares was compared in this run (多元校核)."""

    asset: ClassVar[str] = "crosscheck"
    share_of_table: ClassVar[bool] = False


class ExpectCrossCheckRateAtMost(RowsOfQuery):
    """At most `max_rate` of the compared values of `item` disagree with `claim_ref`."""

    asset: ClassVar[str] = "crosscheck"
    share_of_table: ClassVar[bool] = False
    item: str
    claim_ref: str
    max_rate: float


class ExpectFreshWithin(RowsOfQuery):
    """No member of the library is more than `working_days` working days late."""

    asset: ClassVar[str] = "freshness"
    share_of_table: ClassVar[bool] = False
    working_days: int = 0
