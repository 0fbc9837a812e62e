"""Old copies: a claim that repeats what the library itself held before is not another opinion, it is the same one late.

Belongs here: recognising that a department lags. It is told as a finding of the run; the class of a dispute is decided by dates when it opens.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from shuyuan.ledger.findings import Finding

KIND: Final = "former_value"
LEAST: Final = 5
"""Fewer repetitions are chance."""
SHARE: Final = 0.5
"""At least this part of what a run newly disputes between two departments repeats former values."""


def stale(former: pa.Table) -> list[Finding]:
    """Findings about departments whose new disputes are mostly old values. `former`: `ledger.court.former`."""
    return [_finding(row) for row in former.to_pylist() if row["former"] >= max(LEAST, SHARE * row["opened"])]


def _finding(row: dict[str, Any]) -> Finding:
    message = (
        f"{row['claim_ref']} 新增的 {row['opened']} 条差异中有 {row['former']} 条重复 {row['source_ref']} 以前的值：更新滞后。"
        f"请其及时报送，或给该信息项设 `timing:` 天数 / "
        f"{row['claim_ref']} repeats in {row['former']} of {row['opened']} new disputes what {row['source_ref']} said before: it lags. "
        f"Ask for later deliveries, or give the item `timing:` days"
    )
    return Finding(KIND, "info", message, "timeliness", row["item"], row["former"])
