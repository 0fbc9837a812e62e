"""Systematic confusions: two departments that read the same code differently disagree by definition, not by mistake.

Belongs here: recognising that one pair of codes explains most of what two departments dispute and happens to most who have the code. It is told as
a finding of the run; whoever keeps the catalog then declares the check a definition or mends a crosswalk. No dispute is reclassified by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pyarrow as pa

from shuyuan.catalog import Library
from shuyuan.ledger.findings import Finding

KIND: Final = "systematic_confusion"
LEAST: Final = 20
"""Fewer disputes are no system."""
OF_DISPUTES: Final = 0.5
"""The pair explains at least this share of what the two dispute about the item."""
OF_CELLS: Final = 0.5
"""At least this share of the compared cells with the code disagree in this very way."""
Cells = Callable[[str, str], tuple[int, int]]
Pair = tuple[str, str]


def confusions(library: Library, values: pa.Table, crosschecks: pa.Table, cells: Cells) -> list[Finding]:
    """Findings about pairs of codes that a run added to. `values`: `ledger.court.Evidence.values`; `cells(item, value)`: how many entities
    have a value in the item, and how many this one (asked only of pairs that explain most of a dispute)."""
    compared = {(row["item"], row["claim_ref"]): row["compared"] or 0 for row in crosschecks.to_pylist()}
    rows = [row for row in values.to_pylist() if not _declared(library, row["item"], row["claim_ref"])]
    return [_finding(row, share) for row in _chief(rows) if (share := _share(row, compared, cells)) >= OF_CELLS]


def _declared(library: Library, item: str, ref: str) -> bool:
    return any(check.definition for one in library.items if one.name == item for check in one.check if check.ref == ref)


def _chief(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Pairs of codes that explain most of what two departments dispute about an item."""
    disputes: dict[Pair, int] = {}
    for row in rows:
        disputes[row["item"], row["claim_ref"]] = disputes.get((row["item"], row["claim_ref"]), 0) + row["count"]
    for row in rows:
        enough = max(LEAST, OF_DISPUTES * disputes[row["item"], row["claim_ref"]])
        if row["added"] and row["count"] >= enough:
            yield row


def _share(row: dict[str, Any], compared: dict[Pair, int], cells: Cells) -> float:
    """Of the cells with the source's code that were compared, the share that disagrees in this way. Which cells were compared is not
    kept by value: the code is taken to be as frequent among them as in the library, but for those that are known to disagree."""
    filled, with_code = cells(row["item"], row["source_value"])
    expected = with_code * compared.get((row["item"], row["claim_ref"]), 0) / max(1, filled)
    return float(row["count"] / max(row["count"], min(with_code, expected)))


def _finding(row: dict[str, Any], share: float) -> Finding:
    message = (
        f"{row['source_ref']} 为 {row['source_value']} 时 {row['claim_ref']} 为 {row['claim_value']}：{row['count']} 次，占已比对 "
        f"{row['source_value']} 的 {share:.0%}。多为口径不同：在该校核上声明 `definition: true`，或修正该部门的对照表 / "
        f"{row['claim_ref']} says {row['claim_value']} where {row['source_ref']} says {row['source_value']}: {row['count']} times, "
        f"{share:.0%} of the compared {row['source_value']}. Probably a difference of definition: declare the check `definition: true` "
        "or mend the department's crosswalk"
    )
    return Finding(KIND, "warning", message, "consistency", row["item"], row["count"])
