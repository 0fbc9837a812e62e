"""Suites as files: the city's are sound, mistakes are named with file and line, a feed without a suite is judged by the default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shuyuan import settings
from shuyuan.catalog import Catalog, load_catalog
from shuyuan.quality import judge, suites


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(settings.PROJECT / "catalog")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """A suites folder with the real defaults, to which a test adds a file."""
    for name in ("_default", "_library"):
        (tmp_path / f"{name}.yml").write_text((settings.PROJECT / f"expectations/suites/{name}.yml").read_text("utf-8"))
    monkeypatch.setenv("SHUYUAN_EXPECTATIONS", str(tmp_path))
    settings.load.cache_clear()
    yield lambda name, text: (tmp_path / f"{name}.yml").write_text(f"suite: {name}\nexpectations:\n{text}") and None
    monkeypatch.undo()
    settings.load.cache_clear()


def test_the_suites_of_the_city_are_sound(catalog: Catalog) -> None:
    assert judge.check_suites(catalog) == []


def test_every_resource_and_library_of_the_city_has_a_suite_of_its_own(catalog: Catalog) -> None:
    named = [r.table for r in catalog.resources.values()] + [f"library__{name}" for name in catalog.libraries]
    assert [name for name in named if not suites.path_of(name).exists()] == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("  - {type: expect_column_values_to_be_nice, column: name, severity: info, meta: {dimension: 准确性}}",
         "unknown expectation `expect_column_values_to_be_nice`"),
        ("  - {type: expect_column_values_to_not_be_null, column: nmae, severity: info, meta: {dimension: 准确性}}",
         "`column: nmae` is no item of public_security.resident"),
        ("  - {type: expect_compound_columns_to_be_unique, column_list: [name, sexx], severity: info, meta: {dimension: 准确性}}",
         "`column_list: sexx` is no item"),
        ("  - {type: expect_column_values_to_not_be_null, column: name, meta: {dimension: 准确性}}", "has severity ``"),
        ("  - {type: expect_column_values_to_not_be_null, column: name, severity: fatal, meta: {dimension: 准确性}}", "severity `fatal`"),
        ("  - {type: expect_column_values_to_not_be_null, column: name, severity: info}", "dimension ``"),
        ("  - {type: expect_verdict_rate_at_most, item: name, reasons: [nonsense], severity: info, meta: {dimension: 准确性}}",
         "unknown reason `nonsense`"),
        ("  - {type: expect_compound_columns_to_be_unique, column_list: [name, sex], severity: warning, meta: {dimension: 准确性}}",
         "needs the full query of its offending rows in sql/expect/expect_compound_columns_to_be_unique.sql"),
        ("  - {type: expect_no_rows_from_query, query: expect/absent, severity: info, meta: {dimension: 准确性}}", "sql/expect/absent.sql"),
        ("  - {type: expect_no_rows_from_query, query: expect/same_value, item: name, severity: info, meta: {dimension: 准确性}}",
         "lacks the argument 'other'"),
        ("  - {type: expect_column_values_to_be_in_set, column: sex, valueset: [x], severity: info, meta: {dimension: 准确性}}", "cannot be built"),
        ("  - {type: expect_rows_at_least, severity: info, meta: {dimension: 完整性, note: 太少,不对}}", "`meta.不对` means nothing"),
        ("  - {type: expect_rows_at_least, when: sometimes, severity: info, meta: {dimension: 完整性}}", "`when: sometimes`"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_and_line(
    catalog: Catalog, folder: Callable[[str, str], None], text: str, problem: str
) -> None:
    folder("public_security__resident", text)
    found = [line for line in judge.check_suites(catalog) if "public_security__resident.yml:3: " in line]
    assert len(found) == 1
    assert problem in found[0]


def test_a_library_rule_about_an_item_it_does_not_have_is_named(
    catalog: Catalog, folder: Callable[[str, str], None]
) -> None:
    folder(
        "library__geo",
        "  - {type: expect_library_value_from_its_source, item: heigth, severity: critical, meta: {dimension: 一致性}}",
    )
    (problem,) = judge.check_suites(catalog)
    assert "library__geo.yml:3: `item: heigth` is no item of geo" in problem


def test_a_suite_that_belongs_to_nothing_is_named(catalog: Catalog, folder: Callable[[str, str], None]) -> None:
    folder("public_security__residents", "  []")
    (problem,) = judge.check_suites(catalog)
    assert "public_security__residents.yml:1: no resource or library" in problem


def test_broken_yaml_is_named(catalog: Catalog, folder: Callable[[str, str], None]) -> None:
    folder("tax__arrears", "  - {type: [")
    (problem,) = judge.check_suites(catalog)
    assert "tax__arrears.yml" in problem
    assert "not YAML" in problem


def test_a_feed_without_a_suite_is_judged_by_the_default(catalog: Catalog, folder: Callable[[str, str], None]) -> None:
    arrears = catalog.resources["tax.arrears"]
    rules = suites.for_resource(arrears)
    assert {rule.type for rule in rules} >= {
        "expect_rows_conserved",
        "expect_deletes_at_most",
        "expect_no_rows_from_query",
    }
    keys = [rule for rule in rules if rule.severity == "critical" and rule.target == "notice_no"]
    assert [rule.kwargs["max_rate"] for rule in keys] == [0.2]


def test_a_resources_own_rule_replaces_the_defaults(catalog: Catalog, folder: Callable[[str, str], None]) -> None:
    folder(
        "tax__arrears",
        "  - {type: expect_deletes_at_most, max_rate: 0.9, severity: critical, meta: {dimension: 完整性}}",
    )
    rules = [
        rule for rule in suites.for_resource(catalog.resources["tax.arrears"]) if rule.type == "expect_deletes_at_most"
    ]
    assert [(rule.kwargs["max_rate"], rule.where.endswith("tax__arrears.yml:3")) for rule in rules] == [(0.9, True)]


def test_importing_the_room_does_not_import_great_expectations() -> None:
    import subprocess
    import sys

    code = "import sys; from shuyuan.quality import calendar, freshness, judge; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=settings.PROJECT, check=False).returncode == 0
