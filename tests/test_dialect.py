"""Carrying the plan's SQL to Spark, without Spark: what is refused, what is written otherwise, and that every library can be carried."""

from __future__ import annotations

from datetime import date

import pytest

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db.sql import SQL, text_of
from shuyuan.resolve import disputes, plan
from shuyuan.resolve.claims import claims

pytest.importorskip("sqlglot", reason="sqlglot is not installed (requirements-dev.txt brings it)")
from shuyuan.resolve.dialect import Untranslated, java, spark

REAL = load_catalog(settings.PROJECT / "catalog")


@pytest.mark.parametrize("library", sorted(REAL.libraries))
def test_every_library_can_be_carried(library: str) -> None:
    declared = REAL.libraries[library]
    every = disputes.disputes(REAL, declared, date(2026, 11, 18), REAL.resources)
    for query in (plan.checked(REAL, declared), every):
        assert query is None or spark(text_of(query))
    for member in declared.members:
        assert "SELECT" in spark(text_of(claims(member, REAL.resources[member.resource], SQL("t"))))


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("SELECT list_sort(a) FROM t", "list_sort|SortArray|ArraySort"),
        ("SELECT a / b FROM t", "Div"),
        ("SELECT strftime(a, '%Y') FROM t", "TimeToStr"),
        ("SELECT a FROM t ORDER BY random()", "Rand"),
        ("SELECT regexp_replace(a, 'b', 'c') FROM t", "'g'"),
        ("SELECT regexp_replace(a, b, 'c', 'g') FROM t", "written out"),
        ("SELECT regexp_replace(a, '\\w', '', 'g') FROM t", r"\\w"),
        ("SELECT regexp_matches(a, '\\bx') FROM t", r"\\b"),
    ],
)
def test_what_nobody_has_run_is_refused_by_name(query: str, named: str) -> None:
    with pytest.raises(Untranslated, match=named):
        spark(query)


@pytest.mark.parametrize(
    ("query", "carried"),
    [
        ("SELECT regexp_replace(a, '(x)[.]+|$', '\\1$', 'g') FROM t", r"REGEXP_REPLACE(a, '(x)[.]+|\\z', '$1\\$')"),
        ("SELECT suffix(lower(a), b) FROM t", "ENDSWITH(LOWER(TRANSLATE(a, 'İΣ', 'iσ')), b)"),
        ("SELECT DATE '2026-01-01' - a FROM t", "DATEDIFF(DAY, a, CAST('2026-01-01' AS DATE))"),
        ("SELECT CAST(a AS VARCHAR) FROM t", "CAST(a AS STRING)"),
    ],
)
def test_what_is_spelled_otherwise(query: str, carried: str) -> None:
    assert carried in spark(query, doubles=())


def test_a_double_becomes_the_text_that_duckdb_writes() -> None:
    query = "SELECT CAST(lon AS VARCHAR), CAST(name AS VARCHAR) FROM t"
    assert spark(query, doubles={"lon"}).count("TYPEOF") == 1
    assert spark(query).count("TYPEOF") == 2, "nothing is said of the columns: Spark looks at each"


@pytest.mark.parametrize(
    ("re2", "carried"),
    [
        (r"[\s,]", r"[ \t\n\f\r,]"),
        (r"a\s$", r"a[ \t\n\f\r]\z"),
        (r"[$[&]", r"[$\[\&]"),
        (r"\.\[x", r"\.\[x"),
        ("^[^0-9]+", "^[^0-9]+"),
    ],
)
def test_patterns(re2: str, carried: str) -> None:
    assert java(re2) == carried
