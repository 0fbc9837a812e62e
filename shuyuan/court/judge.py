"""One library before the court: who is how reliable about what, and whose claim of each kind of dispute is probably wrong.

Belongs here: from the library's counted disputes to verdicts. Where counts come from and where verdicts go is in `ledger/court.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from shuyuan.catalog import Library, LibraryItem
from shuyuan.court.claims import Floats, encode, total
from shuyuan.court.learn import Judgement, learn
from shuyuan.court.patterns import PATTERNS, SILENT, claims_table, disputed, key, name_of, prior, words

RELIABILITY: Final = pa.schema(
    [("item", pa.string()), ("ref", pa.string()), ("authority", pa.bool_()), ("claims", pa.int64()), ("reliability", pa.float64())]
)  # fmt: skip
VERDICTS: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("item", "source_ref", "pattern", "claim_ref")),
        ("source_right", pa.float64()),
        ("claim_right", pa.float64()),
        ("suspect", pa.string()),
        ("probability", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Verdicts:
    """`reliability` (RELIABILITY): per item and claimant, how often right. `verdicts` (VERDICTS): per kind of dispute, how probably the
    published value and the claim are right, who is suspected (a ref) and how probably that claim is wrong."""

    reliability: pa.Table
    verdicts: pa.Table


def judge(library: Library, patterns: pa.Table, crosschecks: pa.Table) -> Verdicts:
    """Learn from a library's open disputes (`patterns.PATTERNS`) and its counted comparisons (`patterns.CROSSCHECKS`), and judge each dispute.

    The published value is not touched by it. Deterministic: equal counts give equal verdicts, in whatever order they come.
    """
    claims = encode(claims_table(library, _sorted(patterns), crosschecks))
    if not claims.cells:
        return Verdicts(RELIABILITY.empty_table(), VERDICTS.empty_table())
    judged = learn(claims, prior(library, claims))
    return Verdicts(
        pa.Table.from_pylist(list(_reliabilities(library, judged)), schema=RELIABILITY),
        pa.Table.from_pylist(list(_verdicts(library, _sorted(patterns), judged)), schema=VERDICTS),
    )


def _sorted(patterns: pa.Table) -> pa.Table:
    return patterns.select(PATTERNS.names).sort_by([(name, "ascending") for name in PATTERNS.names])


def _reliabilities(library: Library, judged: Judgement) -> Iterator[dict[str, Any]]:
    claims = judged.claims
    made = total(claims.weight, claims.slot, judged.reliability.size).reshape(judged.reliability.shape)
    at = {name: number for number, name in enumerate(claims.sources)}
    for number, item in enumerate(map(library.item, claims.items)):
        own = {scope.ref for scope in item.source}
        for ref in dict.fromkeys(item.refs):
            source = at.get(name_of(item, ref))
            if source is not None and made[source, number] > 0:
                yield {
                    "item": item.name,
                    "ref": ref,
                    "authority": ref in own,
                    "claims": round(made[source, number]),
                    "reliability": float(judged.reliability[source, number]),
                }


def _verdicts(library: Library, patterns: pa.Table, judged: Judgement) -> Iterator[dict[str, Any]]:
    right = _right(judged)
    items = {item.name: item for item in library.items}
    for name, source_ref, pattern in zip(*(patterns[n].to_pylist() for n in PATTERNS.names[:3]), strict=True):
        cell = right.get(key(name, source_ref, pattern))
        if cell:
            yield from _of_pattern(items[name], source_ref, pattern, cell)


def _right(judged: Judgement) -> dict[str, dict[str, float]]:
    """Object → letter → how probably it is right."""
    found: dict[str, dict[str, float]] = {}
    objects = judged.claims.objects.take(pa.array(judged.claims.cell_of_group)).to_pylist()
    for about, letter, share in zip(objects, judged.claims.values.to_pylist(), _held(judged.probability), strict=True):
        found.setdefault(about, {})[letter] = share
    return found


def _held(probability: Floats) -> list[float]:
    shares: list[float] = np.clip(probability, 0.0, 1.0).tolist()
    return shares


def _of_pattern(item: LibraryItem, source_ref: str, pattern: str, right: dict[str, float]) -> Iterator[dict[str, Any]]:
    said = words(item, source_ref, pattern)
    published = right.get(said[0].letter if said else SILENT, 0.0)
    for word in disputed(said):
        if word.definition:
            continue
        claimed = right.get(word.letter, 0.0)
        blamed = published < claimed
        yield {
            "item": item.name,
            "source_ref": source_ref,
            "pattern": pattern,
            "claim_ref": word.ref,
            "source_right": published,
            "claim_right": claimed,
            "suspect": source_ref if blamed else word.ref,
            "probability": 1 - min(published, claimed),
        }
