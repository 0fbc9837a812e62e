"""The SQL behind rules that read rows: composed from files, with `{batch}` standing for the table that is judged.

The same text is counted by Great Expectations and, for rows to be set aside, read in full: what is judged is what is quarantined.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shuyuan.catalog import Library, Resource
from shuyuan.db import sql
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, Literal, fragment, statement, table
from shuyuan.quality.suites import Rule

_SLOT = "\x01batch\x01"  # cannot occur in SQL text, so that doubling braces leaves it alone
_NAMES = ("column", "column_A", "column_B", "item", "other")
LIBRARY_RULES = (
    "expect_every_declared_pair_compared",
    "expect_cross_check_rate_at_most",
    "expect_fresh_within",
    "expect_no_rows_from_query",
)
"""Rules over a library that are answered by a query of ours."""


def has_file(name: str) -> bool:
    """Whether `sql/<name>.sql` exists."""
    return (sql.FOLDER / f"{name}.sql").exists()


def for_gx(composed: Composable) -> str:
    """The text for Great Expectations, which formats it with `{batch}`: every other brace is doubled."""
    return sql.text_of(composed).replace("{", "{{").replace("}", "}}").replace(_SLOT, "{batch}")


def batch_slot() -> Composable:
    """Stands for the judged table in a text for Great Expectations, which fills in a subquery, with an alias of its own or without."""
    return fragment("(SELECT * FROM {slot})", slot=SQL(_SLOT))


def of_delta(rule: Rule, resource: Resource, batch: Composable) -> Composed:
    """The query of a rule that reads the staged delta: `line` and `value` of every offending row. Deletions are not judged.

    Raises:
        FileNotFoundError: the rule's type or `query` has no file in `sql/`.
    """
    name = str(rule.kwargs.get("query", f"expect/{rule.type}"))
    parts: dict[str, Composable] = {
        "min_value": Literal(None), "max_value": Literal(None), "or_equal": Literal(False)
    }  # fmt: skip
    parts |= {key: Identifier(value) if key in _NAMES else Literal(value) for key, value in rule.kwargs.items()}
    parts |= {"item_name": Literal(rule.target), "source": table("source", resource.table), "batch": batch}
    return statement(name, delta=fragment("(SELECT * FROM {batch} WHERE _op <> 'D')", batch=batch), **parts)


def of_library(rule: Rule, library: Library, run_id: int) -> str:
    """The query of a rule over the published library, its cross-checks or its members' freshness, for Great Expectations."""
    compose = {
        "expect_every_declared_pair_compared": lambda: _every_pair(library, run_id),
        "expect_cross_check_rate_at_most": lambda: _crosscheck_rate(rule.kwargs, run_id),
        "expect_fresh_within": lambda: _late_members(library, int(rule.kwargs.get("working_days", 0))),
    }.get(rule.type)
    return for_gx(compose() if compose else _from_file(rule, library, run_id))


def _from_file(rule: Rule, library: Library, run_id: int) -> Composable:
    parts: dict[str, Composable] = {"batch": batch_slot(), "run_id": Literal(run_id), "item_name": Literal(rule.target)}
    if rule.target:
        parts["item"] = Identifier(rule.target)
    return statement(str(rule.kwargs["query"]), library=table("library", library.id), **parts)


def _every_pair(library: Library, run_id: int) -> Composable:
    pairs = [(item.name, check.ref) for item in library.items for check in item.check]
    values = [fragment("({item}, {ref})", item=Literal(item), ref=Literal(ref)) for item, ref in pairs]
    return statement("steps/every_pair", batch=batch_slot(), run_id=Literal(run_id), pairs=sql.join(values))


def _crosscheck_rate(kwargs: Mapping[str, Any], run_id: int) -> Composable:
    parts = {name: Literal(kwargs[name]) for name in ("item", "claim_ref", "max_rate")}
    return statement("steps/crosscheck_rate", batch=batch_slot(), run_id=Literal(run_id), **parts)


def _late_members(library: Library, working_days: int) -> Composable:
    members = Literal([member.resource for member in library.members])
    return statement("steps/late_members", batch=batch_slot(), members=members, working_days=Literal(working_days))
