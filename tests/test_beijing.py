"""The real tables of Beijing's departments through the whole line, by the command a user types; what it finds is proven against the files."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from python_calamine import CalamineWorkbook

from shuyuan.catalog import Catalog, Resource, load_catalog
from shuyuan.db import address, embedded
from shuyuan.settings import PROJECT

EXAMPLE = PROJECT / "examples" / "beijing"
SHARED = Path(os.environ.get("SHUYUAN_SHARED_DATA", PROJECT.parent / "shared" / "data"))
COMMAND = [sys.executable, "-c", "from shuyuan.cli.app import main; main()"]
DAY = "2026-11-20"
real = pytest.mark.skipif(
    not (SHARED / "beijing_opendata").is_dir(),
    reason=f"no {SHARED / 'beijing_opendata'}: set SHUYUAN_SHARED_DATA to the folder of real tables",
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(EXAMPLE)


def shuyuan(*words: str, home: Path) -> str:
    """The command, in the environment of the example. → what it printed; fails with its words when it fails."""
    env = os.environ | {
        "SHUYUAN_HOME": str(home),
        "SHUYUAN_CATALOG": str(EXAMPLE),
        "SHUYUAN_EXPECTATIONS": str(EXAMPLE / "expectations"),
        "SHUYUAN_BUCKETS": "2",  # small libraries: what a bucket costs is more than what its rows cost
    }
    done = subprocess.run([*COMMAND, *words], env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def run(home: Path) -> str:
    return shuyuan("run", "--catalog", str(EXAMPLE), "--from", str(SHARED), "--date", DAY, home=home)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A deployment into which the real tables were run."""
    path = Path(tempfile.mkdtemp(prefix="shuyuan-real-")) / "home"
    try:
        run(path)
        yield path
    finally:
        embedded.stop(path)
        shutil.rmtree(path.parent)


@pytest.fixture
def ask(home: Path) -> Iterator[Any]:
    """Query → rows as mappings."""
    with psycopg.connect(address.conninfo(home, "shuyuan_owner"), row_factory=psycopg.rows.dict_row) as connection:
        yield lambda query: connection.execute(query).fetchall()


def test_the_example_is_rules_only_and_sound(catalog: Catalog, tmp_path: Path) -> None:
    assert {path.suffix for path in EXAMPLE.rglob("*") if path.is_file()} == {".yml", ".md"}, "rules, never data"
    assert len(catalog.resources) >= 20 and set(catalog.libraries) == {"legal_entity", "credit"}
    assert not any("{date}" in resource.delivery.pattern for resource in catalog.resources.values())
    assert "no contradiction" in " ".join(shuyuan("catalog", "check", home=tmp_path).split())


def test_every_member_is_asked_what_it_calls_the_entity(catalog: Catalog) -> None:
    """No department that names an enterprise by its code is left out of the cross-check."""
    library = catalog.libraries["legal_entity"]
    claims = {f"{m.resource}.name" for m in library.members}
    sources = {scope.ref for scope in library.item("name").source}
    checks = {check.ref for check in library.item("name").check}
    assert checks | sources == claims
    assert len({ref.split(".")[0] for ref in claims}) >= 15


@real
def test_every_table_is_admitted_and_every_row_accounted_for(catalog: Catalog, ask: Any) -> None:
    batches = ask("SELECT * FROM ledger.batch")
    assert {batch["resource"] for batch in batches} == set(catalog.resources)
    assert {batch["state"] for batch in batches} == {"admitted"}
    for batch in batches:
        rest = batch["loaded"] + batch["quarantined"] + batch["blank"] + batch["preamble"]
        assert batch["physical"] == rest > 0, batch["resource"]
        (held,) = ask(f"SELECT count(*) FROM source.{batch['resource'].replace('.', '__')}")
        assert held["count"] == batch["loaded"], batch["resource"]


@real
def test_what_is_set_aside_says_why(ask: Any) -> None:
    aside = ask("SELECT q.*, resource, quarantined FROM ledger.quarantine q JOIN ledger.batch USING (batch_id)")
    assert aside and all(row["line"] and row["message"] and row["raw"] for row in aside)
    assert {row["reason"] for row in aside} <= {"key_missing", "key_conflict", "duplicate_row"}
    (total,) = ask("SELECT sum(quarantined) FROM ledger.batch")
    assert total["sum"] == len(aside)


@real
def test_both_libraries_hold_every_entity_once(ask: Any) -> None:
    for library in ("legal_entity", "credit"):
        (found,) = ask(f"SELECT count(*) AS rows, count(DISTINCT _key) AS keys FROM library.{library}")
        assert found["rows"] == found["keys"] > 1000
        (odd,) = ask(f"SELECT count(*) FROM library.{library} WHERE length(_key) <> 18")
        assert odd["count"] == 0
    (inside,) = ask(
        "SELECT count(*) FROM library.credit c "
        "WHERE NOT EXISTS (SELECT FROM library.legal_entity l WHERE l._key = c._key)"
    )
    assert inside["count"] == 0, "whoever has a credit record exists"


@real
def test_a_value_is_its_sources_or_a_marked_fallbacks(catalog: Catalog, ask: Any) -> None:
    """One number, one source, by a query of our own: where the registry speaks it is the registry's word, and nothing is marked."""
    registry = ask(
        "SELECT l.name AS held, s.name AS said, l._filled FROM library.legal_entity l "
        "JOIN source.market_regulation__registration s ON s.uscc = l._key"
    )
    assert len(registry) > 1000
    assert all(row["held"] == row["said"] and "name" not in (row["_filled"] or {}) for row in registry)
    fallbacks = {ref.rsplit(".", 1)[0] for ref in catalog.libraries["legal_entity"].item("name").fallback}
    marks = ask("SELECT DISTINCT _filled ->> 'name' AS mark FROM library.legal_entity WHERE _filled ? 'name'")
    assert {row["mark"] for row in marks} <= fallbacks and len(marks) >= 10


@real
def test_departments_really_disagree_and_the_files_show_it(catalog: Catalog, ask: Any) -> None:
    """Each side of every disagreement stands, in one row with the code, in the file of the department that claims it."""
    found = ask("SELECT * FROM ledger.discrepancy WHERE closed_run IS NULL AND item = 'name'")
    between = [row for row in found if department(row["source_ref"]) != department(row["claim_ref"])]
    assert between, "no two departments disagree about a name"
    tables: dict[str, list[str]] = {}
    for row in found:
        for ref, value in ((row["source_ref"], row["source_value"]), (row["claim_ref"], row["claim_value"])):
            resource = ref.rsplit(".", 1)[0]
            lines = tables.setdefault(resource, lines_of(catalog.resources[resource].delivery.pattern))
            assert any(row["entity"] in line and plain(value) in line for line in lines), row
        assert bare(row["source_value"]) != bare(row["claim_value"]), "brackets and blanks are no disagreement"


@real
def test_no_disagreement_about_a_name_is_missed(catalog: Catalog, ask: Any) -> None:
    """The same files read once more by ourselves: whoever is called differently by two tables is among the disagreements, and nobody else."""
    entities = {row["_key"] for row in ask("SELECT _key FROM library.legal_entity")}
    called: dict[str, list[set[str]]] = {}
    for member in catalog.libraries["legal_entity"].members:
        for entity, names in names_in(catalog.resources[member.resource], entities).items():
            called.setdefault(entity, []).append(names)
    assert set(called) == entities, "no entity without a row, no row without its entity"
    # Where one table itself calls an entity by several names its latest row speaks; that is not for this test to decide again.
    clear = {entity: set().union(*tables) for entity, tables in called.items() if all(len(t) == 1 for t in tables)}
    expected = {entity for entity, names in clear.items() if len(names) > 1}
    found = ask("SELECT DISTINCT entity FROM ledger.discrepancy WHERE closed_run IS NULL AND item = 'name'")
    assert {row["entity"] for row in found} & set(clear) == expected


@real
def test_pairs_that_meet_are_compared_and_counted(catalog: Catalog, ask: Any) -> None:
    declared = {(lib.id, i.name, c.ref) for lib in catalog.libraries.values() for i in lib.items for c in i.check}
    counted = ask("SELECT library, item, claim_ref, compared, disagreed FROM ledger.crosscheck")
    assert {(row["library"], row["item"], row["claim_ref"]) for row in counted} == declared
    open_ones = ask("SELECT count(*) FROM ledger.discrepancy WHERE closed_run IS NULL")
    assert sum(row["disagreed"] for row in counted) == open_ones[0]["count"]
    assert sum(row["compared"] for row in counted) > 500


@real
def test_a_masked_value_is_no_claim(ask: Any) -> None:
    """Representatives come masked from every department: nothing of them is held, and the rows are no worse for it."""
    masked = ask("SELECT sum(rows) FROM ledger.evidence WHERE reason = 'masked' AND item = 'legal_rep'")
    assert masked[0]["sum"] > 1000
    held = ask("SELECT count(legal_rep) FROM source.tax__major_case")
    assert held[0]["count"] == 0


@real
def test_the_same_files_again_change_nothing(home: Path, ask: Any) -> None:
    before = ask("SELECT batch_id, state FROM ledger.batch ORDER BY 1"), ask("SELECT run_id FROM ledger.run ORDER BY 1")
    run(home)
    after = ask("SELECT batch_id, state FROM ledger.batch ORDER BY 1"), ask("SELECT run_id FROM ledger.run ORDER BY 1")
    assert after == before
    assert json.loads(shuyuan("status", "--json", home=home))["batches"] == {"admitted": len(before[0])}


def department(ref: str) -> str:
    return ref.split(".", 1)[0]


def plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def bare(text: str) -> str:
    return "".join(c for c in plain(text) if c not in '()·.,、"-').casefold()


def names_in(resource: Resource, entities: set[str]) -> dict[str, set[str]]:
    """Code → what the table calls it, without brackets and blanks; masked names left out."""
    rows = [[plain(str(cell)) for cell in row] for row in rows_of(resource.delivery.pattern)]
    wanted = [plain(resource.item(name).label) for name in ("uscc", "name")]
    header = next(row for row in rows if set(wanted) <= set(row))
    code, name = map(header.index, wanted)
    found: dict[str, set[str]] = {}
    for row in rows[rows.index(header) + 1 :]:
        if len(row) > max(code, name) and row[code] in entities and "*" not in row[name]:
            found.setdefault(row[code], set()).add(bare(row[name]))
    return found


def lines_of(name: str) -> list[str]:
    """A table's rows as plain text."""
    return [plain("|".join(map(str, row))) for row in rows_of(name)]


def rows_of(name: str) -> list[list[Any]]:
    """A table's rows, by a reading of our own."""
    (path, *_) = SHARED.rglob(name)
    content = path.read_bytes()
    if content[:2] in (b"PK", b"\xd0\xcf"):
        book = CalamineWorkbook.from_path(str(path))
        return [row for sheet in book.sheet_names for row in book.get_sheet_by_name(sheet).to_python()]
    return list(csv.reader(io.StringIO(decoded(content))))


def decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")
