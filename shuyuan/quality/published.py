"""A published library as the judge sees it: its table, the cross-checks of the run and the freshness of its members, all in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from shuyuan.catalog import Library, resource_of
from shuyuan.db.engine import transaction
from shuyuan.db.sql import statement
from shuyuan.ledger.findings import Finding
from shuyuan.quality import one_source, queries
from shuyuan.quality.suites import Rule
from shuyuan.quality.validation import Bench, Outcome, asset_of

ONE_SOURCE = "expect_library_value_from_its_source"
PAIRS = "expect_every_declared_pair_compared"


def judge(bench: Bench, library: Library, rules: Sequence[Rule], run_id: int) -> list[Outcome]:
    """Judge every rule on its asset; outcomes in the suite's order per asset."""
    tables = {
        "library": ("library", library.id),
        "crosscheck": ("ledger", "crosscheck"),
        "freshness": ("ledger", "freshness"),
    }
    outcomes = _judge_sources(bench, library, rules)
    for asset, (schema, name) in tables.items():
        mine = [rule for rule in rules if asset_of(rule, "library") == asset and _applies(rule, library)]
        if mine:
            composed = {i: queries.of_library(rule, library, run_id) for i, rule in enumerate(mine) if has_query(rule)}
            outcomes += bench.judge(bench.table(schema, name), mine, composed, f"library__{library.id}")
    return outcomes


def _judge_sources(bench: Bench, library: Library, rules: Sequence[Rule]) -> list[Outcome]:
    """One number, one source of every item that a rule asks about, counted in one pass."""
    asking = [rule for rule in rules if rule.type == ONE_SOURCE]
    if not asking:
        return []
    counted = one_source.evidence(library, list(dict.fromkeys(str(rule.target) for rule in asking)))
    return bench.judge(bench.evidence(counted), asking, {}, f"library__{library.id}")


def decidable(outcomes: Sequence[Outcome], library: Library, run_id: int) -> tuple[list[Outcome], list[Finding]]:
    """Without the failures that prove nothing: a member was admitted, a steward ruled, or a later run published, between the run and this judgement.

    What was published then differs from today's claims as it must; the run that follows the new claims is judged against them.
    Asked after judging, so that a member that moves meanwhile is noticed. → outcomes that stand, a note per one that does not.
    """
    moved = _moved(library, run_id)
    undecided = [outcome for outcome in outcomes if not outcome.success and _moved_under(outcome.rule, library, moved)]
    return [outcome for outcome in outcomes if outcome not in undecided], [_note(outcome.rule) for outcome in undecided]


def _moved(library: Library, run_id: int) -> set[str]:
    values = {"run_id": run_id, "members": [member.resource for member in library.members]}
    with transaction("shuyuan_loader") as connection:
        return {name for (name,) in connection.execute(statement("steps/moved_members"), values)}


def _moved_under(rule: Rule, library: Library, moved: set[str]) -> bool:
    if rule.type != ONE_SOURCE:
        return False
    item = library.item(str(rule.target))
    claims = {resource_of(ref) for ref in (*(scope.ref for scope in item.source), *item.fallback)}
    return library.id in moved or bool(claims & moved)


def _note(rule: Rule) -> Finding:
    message = f"“{rule.label}”一数一源待下次核对：发布之后其来源又有新数据入库，或有新的裁定"
    return Finding("undecided", "info", message, rule.dimension, rule.target)


def has_query(rule: Rule) -> bool:
    """Whether the rule is answered by one of our own queries."""
    return rule.type in queries.LIBRARY_RULES


def _applies(rule: Rule, library: Library) -> bool:
    return rule.type != PAIRS or any(item.check for item in library.items)
