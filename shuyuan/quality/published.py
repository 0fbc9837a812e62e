"""A published library as the judge sees it: its table, the cross-checks of the run and the freshness of its members, all in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from shuyuan.catalog import Library
from shuyuan.quality import queries
from shuyuan.quality.suites import Rule
from shuyuan.quality.validation import Bench, Outcome, asset_of

PAIRS = "expect_every_declared_pair_compared"


def judge(bench: Bench, library: Library, rules: Sequence[Rule], run_id: int) -> list[Outcome]:
    """Judge every rule on its asset; outcomes in the suite's order per asset."""
    tables = {
        "library": ("library", library.id),
        "crosscheck": ("ledger", "crosscheck"),
        "freshness": ("ledger", "freshness"),
    }
    outcomes: list[Outcome] = []
    for asset, (schema, name) in tables.items():
        mine = [rule for rule in rules if asset_of(rule, "library") == asset and _applies(rule, library)]
        if mine:
            composed = {i: queries.of_library(rule, library, run_id) for i, rule in enumerate(mine) if has_query(rule)}
            outcomes += bench.judge(bench.table(schema, name), mine, composed, f"library__{library.id}")
    return outcomes


def has_query(rule: Rule) -> bool:
    """Whether the rule is answered by one of our own queries."""
    return rule.type in queries.LIBRARY_RULES


def _applies(rule: Rule, library: Library) -> bool:
    return rule.type != PAIRS or any(item.check for item in library.items)
