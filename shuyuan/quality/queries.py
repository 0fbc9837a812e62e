"""The SQL behind rules that read rows: composed from files, with `{batch}` standing for the table that is judged.

The same text is counted by Great Expectations and, for rows to be set aside, read in full: what is judged is what is quarantined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shuyuan.catalog import Library, LibraryItem, Resource, item_of, resource_of
from shuyuan.db import sql
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, Literal, fragment, statement, table
from shuyuan.quality.suites import Rule

_SLOT = "\x01batch\x01"  # cannot occur in SQL text, so that doubling braces leaves it alone
_NAMES = ("column", "column_A", "column_B", "item", "other")
LIBRARY_RULES = (
    "expect_library_value_from_its_source",
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
        "expect_library_value_from_its_source": lambda: one_source(library, str(rule.target), batch_slot()),
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


def one_source(library: Library, name: str, batch: Composable) -> Composable:
    """Entities whose published value of the item is not its one source's claim, nor its declared fallback's, marked."""
    item = library.item(name)
    refs = [*(scope.ref for scope in item.source), *item.fallback]
    members = list(dict.fromkeys(resource_of(ref) for ref in refs))
    alias = {resource: Identifier(f"c{i}") for i, resource in enumerate(members)}
    return statement(
        "steps/one_source",
        batch=batch,
        item=Identifier(name),
        item_name=Literal(name),
        source=_source(item, alias),
        fallback=_fallback(library, item, alias),
        fallback_from=_fallback_from(library, item, alias),
        joins=_joins(library, alias),
        library=Literal(library.id),
    )


def _joins(library: Library, alias: Mapping[str, Identifier]) -> Composable:
    template = "LEFT JOIN {view} AS {alias} ON {alias}.entity = library._key"
    views = {resource: table("claim", f"{library.id}__{library.member(resource).table}") for resource in alias}
    return sql.join([fragment(template, view=views[r], alias=alias[r]) for r in alias], "\n    ")


def _claim(ref: str, alias: Mapping[str, Identifier]) -> Composable:
    return fragment("{alias}.{item}", alias=alias[resource_of(ref)], item=Identifier(item_of(ref)))


def _source(item: LibraryItem, alias: Mapping[str, Identifier]) -> Composable:
    """The source's claim; scoped sources speak only for the entities whose key starts with one of their prefixes."""
    if not any(scope.prefixes for scope in item.source):
        return _claim(item.source[0].ref, alias)
    arms = [
        fragment("WHEN {scope} THEN {claim}", scope=_scope(scope.prefixes), claim=_claim(scope.ref, alias))
        for scope in item.source
    ]
    return fragment("CASE {arms} END", arms=sql.join(arms, " "))


def _scope(prefixes: Sequence[str]) -> Composable:
    tests = [fragment("starts_with(library._key, {prefix})", prefix=Literal(prefix)) for prefix in prefixes]
    return sql.join(tests, " OR ") if tests else SQL("true")


def _fallback(library: Library, item: LibraryItem, alias: Mapping[str, Identifier]) -> Composable:
    if not item.fallback:  # a null of the item's own type
        return fragment("CASE WHEN false THEN library.{item} END", item=Identifier(item.name))
    return _by_claimant(library, item, alias, [_claim(ref, alias) for ref in item.fallback])


def _fallback_from(library: Library, item: LibraryItem, alias: Mapping[str, Identifier]) -> Composable:
    template = "CASE WHEN {claim} IS NOT NULL THEN {resource} END"
    told = [fragment(template, claim=_claim(ref, alias), resource=Literal(resource_of(ref))) for ref in item.fallback]
    return _by_claimant(library, item, alias, told) if told else SQL("NULL::text")


def _by_claimant(
    library: Library, item: LibraryItem, alias: Mapping[str, Identifier], told: Sequence[Composable]
) -> Composable:
    """What the first fallback says that knows any item of the group; nothing where the source's own row knows one."""
    group = library.group_of(item)
    own = _known(_source(one, alias) for one in group)
    arms = [
        fragment("WHEN {known} THEN {said}", known=_known(_claim(one.fallback[n], alias) for one in group), said=said)
        for n, said in enumerate(told)
    ]
    return fragment("CASE WHEN {own} THEN NULL {arms} END", own=own, arms=sql.join(arms, " "))


def _known(claims: Iterable[Composable]) -> Composable:
    return fragment(
        "({known})", known=sql.join([fragment("{claim} IS NOT NULL", claim=claim) for claim in claims], " OR ")
    )


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
