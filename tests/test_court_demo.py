"""Who is wrong in the demo city: every planted contradiction says it, and the court has to find it out from the deliveries alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from demo_reading import State, _agree, _claim, deliver

from shuyuan.catalog import Catalog, Library, LibraryItem, load_catalog
from shuyuan.court.judge import judge
from shuyuan.court.patterns import CROSSCHECKS, PATTERNS, disputed, words
from shuyuan.demo import city
from shuyuan.demo import score as scoring
from shuyuan.demo.truth import table_of

CATALOG = Path(__file__).parent.parent / "catalog"
DAY = date(2026, 8, 28)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(CATALOG)


@pytest.fixture(scope="module", params=[7, 8], ids="seed {}".format)
def town(
    request: pytest.FixtureRequest, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> tuple[State, pa.Table]:
    """What stands after the first day, and the truth about it."""
    inbox, state = tmp_path_factory.mktemp("city"), State(catalog)
    made = city.generate(inbox, DAY, people=6000, seed=request.param, catalog=CATALOG)
    for name, path in made.files.items():
        state.take(catalog.resources[name], deliver(catalog, catalog.resources[name], path, DAY, False))
    return state, table_of(made.rows)


def heard(state: State, library: Library) -> tuple[pa.Table, pa.Table, list[dict[str, Any]]]:
    """Patterns, comparisons and open disputes of a library, counted one entity at a time."""
    speaking = {member.resource: state._speaking(member) for member in library.members}
    entities = sorted({key for member in library.members if member.entity for key in speaking[member.resource]})
    patterns: Counter[tuple[str, str, str]] = Counter()
    compared: Counter[tuple[str, str, bool]] = Counter()
    open_: list[dict[str, Any]] = []
    for item in (one for one in library.items if one.check):
        for entity in entities:
            source_ref, pattern = pattern_of(item, entity, speaking)
            said = words(item, source_ref, pattern)
            against = {word.ref for word in disputed(said)}
            silent = pattern[0] == "."
            for word in (word for word in said[1:] if word.letter != "." and (not silent or word.silence)):
                compared[item.name, word.ref, word.ref in against] += 1
            if against:
                patterns[item.name, source_ref, pattern] += 1
                about = {
                    "library": library.id,
                    "entity": entity,
                    "item": item.name,
                    "source_ref": source_ref,
                    "pattern": pattern,
                }
                open_ += [about | {"claim_ref": ref} for ref in against]
    pairs = sorted({(item, ref) for item, ref, _ in compared})
    counts = [(*pair, compared[(*pair, False)] + compared[(*pair, True)], compared[(*pair, True)]) for pair in pairs]
    return table(PATTERNS, [(*key, n) for key, n in patterns.items()]), table(CROSSCHECKS, counts), open_


def table(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


def pattern_of(item: LibraryItem, entity: str, speaking: dict[str, dict[str, dict[str, Any]]]) -> tuple[str, str]:
    """The contract of a pattern, said as plainly as possible."""
    own = [s.ref for s in item.source if not s.prefixes or entity.startswith(s.prefixes)]
    origins = [ref for ref in (*own, *item.fallback) if _claim(ref, entity, speaking) is not None]
    origin = origins[0] if origins else (own or [item.source[0].ref])[0]
    values = [_claim(origin, entity, speaking)]
    values += [None if check.ref == origin else _claim(check.ref, entity, speaking) for check in item.check]
    firsts: list[Any] = []
    letters = ""
    for value in values:
        if value is None:
            letters += "."
            continue
        at = next((n for n, first in enumerate(firsts) if _agree(item, first, value)), len(firsts))
        firsts += [value] if at == len(firsts) else []
        letters += chr(ord("a") + at)
    return origin, letters


def suspicions(state: State) -> Iterator[dict[str, Any]]:
    for library in state.catalog.libraries.values():
        patterns, crosschecks, open_ = heard(state, library)
        on = ("item", "source_ref", "pattern", "claim_ref")
        verdicts = {
            tuple(row[n] for n in on): row["suspect"]
            for row in judge(library, patterns, crosschecks).verdicts.to_pylist()
        }
        for row in open_:
            yield row | {"suspect": verdicts.get(tuple(row[n] for n in on))}


def test_the_court_names_the_wrong_department(town: tuple[State, pa.Table]) -> None:
    state, truth = town
    found = pa.Table.from_pylist(
        [{n: row[n] for n in scoring.SUSPICIONS.names} for row in suspicions(state)], schema=scoring.SUSPICIONS
    )
    blamed = {row["kind"]: row for row in scoring.blame(truth, found).to_pylist()}
    assert blamed["who is wrong, all"]["recall"] >= 0.95
    assert blamed["who is wrong, all"]["planted"] > 100
    registers = [row for kind, row in blamed.items() if "register_" in kind or "unregistered" in kind]
    assert len(registers) == 4
    assert sum(row["true"] for row in registers) >= 0.9 * sum(row["planted"] for row in registers)


def test_always_blaming_the_claim_is_not_enough(town: tuple[State, pa.Table]) -> None:
    """The truth holds registers that are wrong: the constant answer misses the bar that the court meets."""
    _, truth = town
    planted = scoring._claims(truth)
    planted = planted.filter(pa.compute.equal(planted["detect"], "disagreement")).rename_columns(
        {"wrong_ref": "suspect"}
    )
    constant = planted.set_column(planted.column_names.index("suspect"), "suspect", planted["claim_ref"])
    blamed = {row["kind"]: row for row in scoring.blame(truth, constant).to_pylist()}
    assert blamed["who is wrong, all"]["recall"] < 0.9
