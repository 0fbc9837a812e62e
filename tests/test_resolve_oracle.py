"""Resolve against the oracle: whatever the departments say, the engine finds what the rules say, row for row."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rounds
from oracle import Found, resolve
from oracle_worlds import (
    DAY,
    contradictions,
    every_pair,
    items,
    live,
    rich_contradictions,
    rich_items,
    rows,
    world,
    write,
)

from shuyuan import settings
from shuyuan.lake.snapshot import Snapshot
from shuyuan.resolve.run import Inputs, Outcome, run

OURS = ("_key", "_op", "_compared_")


@pytest.fixture(scope="module", autouse=True)
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("oracle")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHUYUAN_HOME", str(home))
        patch.setenv("SHUYUAN_BUCKETS", "3")
        settings.load.cache_clear()
        yield home / "lake"
    settings.load.cache_clear()


def found(outcome: Outcome) -> Found:
    """What a first run has written, in the oracle's terms."""
    every, disputes = (written(outcome.files[kind]) for kind in ("rows", "disputes"))
    assert len({row["_key"] for row in every}) == len(every), "an entity stands twice in the library"
    return Found(
        {row["_key"]: {name: value for name, value in row.items() if not name.startswith(OURS)} for row in every},
        {(row["entity"], row["item"], row["claim_ref"]): row for row in disputes},
        outcome.crosschecks,
    )


def written(files: list[str]) -> list[dict[str, Any]]:
    return [row for path in files for row in pq.read_table(settings.load().lake / path).to_pylist()]


def by_appearance(pattern: str) -> str:
    """The same pattern, its letters given in the order in which they appear."""
    known: dict[str, str] = {".": "."}
    return "".join(known.setdefault(letter, chr(ord("a") + len(known) - 1)) for letter in pattern)


def same(engine: Found, oracle: Found) -> None:
    assert engine.rows == oracle.rows
    assert engine.disputes.keys() == oracle.disputes.keys()
    for key, expected in oracle.disputes.items():
        pattern = engine.disputes[key]["pattern"]
        told = engine.disputes[key] | {"pattern": pattern and by_appearance(pattern)}
        assert {name: told[name] for name in expected} == expected, key
    assert engine.counts == oracle.counts


def engine_says(
    declared: list[dict[str, Any]],
    drawn: dict[str, list[dict[str, Any]]],
    contradicted: list[dict[str, Any]],
) -> Found:
    shutil.rmtree(settings.load().lake, ignore_errors=True)
    settings.load().lake.mkdir(parents=True)
    catalog, library = world(declared, contradicted)
    return found(run(catalog, library, Inputs(write(drawn), Snapshot(), Snapshot()), DAY, "library/world/1"))


def oracle_says(
    declared: list[dict[str, Any]],
    drawn: dict[str, list[dict[str, Any]]],
    contradicted: list[dict[str, Any]],
) -> Found:
    """A department whose every row is deleted has delivered all the same."""
    catalog, library = world(declared, contradicted)
    return resolve(catalog, library, live(drawn), DAY, [name for name, every in drawn.items() if every])


@given(declared=items(), drawn=rows(), contradicted=contradictions())
@rounds(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_library_over_any_rows(
    declared: list[dict[str, Any]], drawn: dict[str, list[dict[str, Any]]], contradicted: list[dict[str, Any]]
) -> None:
    same(engine_says(declared, drawn, contradicted), oracle_says(declared, drawn, contradicted))


@given(contradicted=contradictions())
@rounds(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_contradictions_over_every_two_values(contradicted: list[dict[str, Any]]) -> None:
    """Over enough rows that what is declared nearly always finds somebody."""
    same(
        engine_says(rich_items(1)[:1], every_pair(), contradicted),
        oracle_says(rich_items(1)[:1], every_pair(), contradicted),
    )


@given(drawn=rows(most=9))
@rounds(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
def test_a_library_of_every_rule(drawn: dict[str, list[dict[str, Any]]]) -> None:
    rules = rich_items(), drawn, rich_contradictions()
    same(engine_says(*rules), oracle_says(*rules))


def test_every_two_values_of_every_item() -> None:
    rules = rich_items(), every_pair(), rich_contradictions()
    expected = oracle_says(*rules)
    assert {row["class"] for row in expected.disputes.values()} == {"error", "timing", "definition", "finding"}
    assert len({row["pattern"] for row in expected.disputes.values()}) > 5
    contradicted = {one["id"] for one in rich_contradictions()}
    assert contradicted <= {item for _, item, _ in expected.disputes}, "each has found somebody"
    same(engine_says(*rules), expected)
