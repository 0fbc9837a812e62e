"""What is wrong with suites before anything is judged: unknown expectation, unknown item, missing severity, no query, no such resource.

Great Expectations itself builds every expectation of every suite here, so what passes can be judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import great_expectations.expectations  # noqa: F401 - registers the ordinary expectations
from great_expectations.exceptions import ExpectationNotFoundError
from great_expectations.expectations.registry import get_expectation_impl

from shuyuan import settings
from shuyuan.catalog import Catalog, CatalogError, Library, Resource
from shuyuan.quality import queries, suites
from shuyuan.quality.published import has_query
from shuyuan.quality.suites import DIMENSIONS, SEVERITIES, Rule
from shuyuan.quality.validation import asset_of, expectation
from shuyuan.quality.verdict import JudgeError
from shuyuan.standards import REASONS

ITEM_ARGUMENTS = ("item", "column", "column_A", "column_B", "other")
DEFAULTS = ("_default", "_library")


def problems(catalog: Catalog) -> list[str]:
    """Every problem of every suite in force, as `file:line: what: way out`."""
    found = [*_unless_unreadable(_of_resource(resource) for resource in catalog.resources.values())]
    found += _unless_unreadable(_of_library(library) for library in catalog.libraries.values())
    return list(dict.fromkeys([*found, *_strangers(catalog)]))


def _unless_unreadable(suites_of: Iterable[Iterator[str]]) -> Iterator[str]:
    """The problems of each suite; a file that is no YAML is a problem itself."""
    for found in suites_of:
        try:
            yield from found
        except CatalogError as error:
            yield from error.problems


def _of_resource(resource: Resource) -> Iterator[str]:
    items = {item.name for item in resource.items}
    for rule in suites.for_resource(resource):
        yield from _rule(rule, items, resource.id) or _delta_rule(rule, resource)


def _of_library(library: Library) -> Iterator[str]:
    items = {"_key", *(item.name for item in library.items)}
    for rule in suites.for_library(library):
        yield from _rule(rule, items, library.id) or _library_rule(rule, library)


def _rule(rule: Rule, items: Iterable[str], owner: str) -> list[str]:
    found = list(_words(rule))
    try:
        get_expectation_impl(rule.type)
    except ExpectationNotFoundError:
        found.append(f"unknown expectation `{rule.type}`; see `expectations/` and Great Expectations' gallery")
    used = [(name, rule.kwargs[name]) for name in ITEM_ARGUMENTS if rule.kwargs.get(name)]
    used += [("column_list", name) for name in rule.kwargs.get("column_list", ())]
    found += [f"`{name}: {item}` is no item of {owner}" for name, item in used if item not in items]
    return [f"{rule.where}: {problem}" for problem in found]


def _words(rule: Rule) -> Iterator[str]:
    if rule.severity not in SEVERITIES:
        yield f"`{rule.type}` has severity `{rule.severity}`; say one of {', '.join(SEVERITIES)}"
    if rule.dimension not in DIMENSIONS:
        yield f"`{rule.type}` has dimension `{rule.dimension}`; say one of {'、'.join(DIMENSIONS)} in `meta.dimension`"
    if rule.when not in (None, "full", "change"):
        yield f"`when: {rule.when}` is no delivery mode; say full or change"
    for key in rule.stray:
        yield f"`meta.{key}` means nothing; a comma inside a note must be a Chinese one, or the note be quoted"
    for reason in rule.kwargs.get("reasons", ()):
        if reason not in REASONS:
            yield f"unknown reason `{reason}`; see shuyuan.standards.REASONS"


def _delta_rule(rule: Rule, resource: Resource) -> Iterator[str]:
    reads_rows = asset_of(rule, "delta") == "delta"
    file = str(rule.kwargs.get("query", f"expect/{rule.type}"))
    if reads_rows and (rule.severity == "warning" or "query" in rule.kwargs) and not queries.has_file(file):
        yield (
            f"{rule.where}: `{rule.type}` as a warning needs the full query of its offending rows in sql/{file}.sql; "
            f"write it, or make the rule critical or info"
        )
        return
    try:
        query = queries.of_delta(rule, resource, queries.batch_slot()) if "query" in rule.kwargs else None
        expectation(rule, 0, queries.for_gx(query) if query else None, delta=reads_rows)
    except (JudgeError, KeyError) as error:
        yield _said(error, rule)


def _library_rule(rule: Rule, library: Library) -> Iterator[str]:
    try:
        expectation(rule, 0, queries.of_library(rule, library, 0) if has_query(rule) else None)
    except (JudgeError, KeyError) as error:
        yield _said(error, rule)


def _said(error: JudgeError | KeyError, rule: Rule) -> str:
    if isinstance(error, JudgeError):
        return str(error)
    return f"{rule.where}: `{rule.type}` lacks the argument {error}, which its query asks for"


def _strangers(catalog: Catalog) -> Iterator[str]:
    """Suite files that belong to nothing in the catalog: a misspelt name would be a suite that never judges.

    Not asked of the project's own suites when another catalog is in force: they belong to the project's catalog.
    """
    places = settings.load()
    if places.expectations == suites.PROJECT_SUITES and places.catalog != settings.PROJECT / "catalog":
        return
    known = {
        *DEFAULTS,
        *(r.table for r in catalog.resources.values()),
        *(f"library__{lib}" for lib in catalog.libraries),
    }
    for path in sorted(places.expectations.glob("*.yml")):
        if path.stem not in known:
            yield f"{path}:1: no resource or library of the catalog has this suite; rename or remove the file"
