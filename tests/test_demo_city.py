"""The demo city: the same bytes for the same seed, valid invented people, and exactly the planted defects, nothing else."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from demo_reading import Delivery, State, deliver

from shuyuan.catalog import Catalog, load_catalog
from shuyuan.demo import city
from shuyuan.demo import score as scoring
from shuyuan.demo.defects import cell_defects, row_defects
from shuyuan.demo.truth import read_truth, table_of
from shuyuan.standards import REASONS

CATALOG = Path(__file__).parent.parent / "catalog"
DAYS = (date(2026, 8, 28), date(2026, 8, 31))
PEOPLE = 6000


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(CATALOG)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("city")


@pytest.fixture(scope="module")
def days(inbox: Path) -> list[city.Truth]:
    return [generate(inbox / "inbox", k, inbox / f"truth{k}.parquet") for k in (0, 1)]


def generate(
    out: Path, k: int, truth: Path | None = None, dirt: float = 1.0, people: int = PEOPLE, seed: int = 7
) -> city.Truth:
    return city.generate(out, DAYS[k], people=people, seed=seed, day=k, dirt=dirt, catalog=CATALOG, truth=truth)


def read_all(catalog: Catalog, made: city.Truth, strict: bool = False) -> dict[str, Delivery]:
    return {
        name: deliver(catalog, catalog.resources[name], path, made.business_date, strict)
        for name, path in made.files.items()
    }


@pytest.fixture(scope="module", params=[False, True], ids=["value emptied", "row dropped"])
def found(request: pytest.FixtureRequest, catalog: Catalog, days: list[city.Truth]) -> scoring.Found:
    """What reading, parsing and comparing find over both days, whatever a suite does with rows that hold an unusable value."""
    state, cells, batches, disagreements = State(catalog), [], [], []
    for made in days:
        for name, delivery in read_all(catalog, made, request.param).items():
            resource, path = catalog.resources[name], made.files[name]
            told = int(path.with_name(path.name + ".ok").read_text())
            whole = told == delivery.raw.table.num_rows + len(delivery.raw.rejects)
            outcome = "admitted" if whole else "rejected"
            second = path.with_name(f"{path.stem}_2{path.suffix}")
            if second.exists() and second.read_bytes() == path.read_bytes():
                batches.append(
                    {"resource": name, "business_date": made.business_date, "file": second.name, "state": "duplicate"}
                )
            batch = {"resource": name, "business_date": made.business_date, "file": path.name, "state": outcome}
            batches += [batch] + [batch | {"reason": note.kind} for note in delivery.raw.notes]
            cells += delivery.reports
            if whole:
                state.take(resource, delivery)
        disagreements.append(state.disagreements())
    missed = {n for n in days[0].files if n not in days[1].files and catalog.resources[n].update_cycle == "daily"}
    missed |= {b["resource"] for b in batches if b["state"] == "rejected"}
    late = [{"resource": name, "business_date": days[1].business_date} for name in missed]
    return scoring.Found(
        pa.Table.from_pylist(cells, schema=scoring.CELLS),
        pa.concat_tables(disagreements),
        pa.Table.from_pylist(batches, schema=scoring.BATCHES),
        pa.Table.from_pylist(late, schema=scoring.LATE),
    )


def test_every_planted_defect_is_found_and_nothing_else(
    inbox: Path, days: list[city.Truth], found: scoring.Found
) -> None:
    truth = read_truth(inbox / "truth0.parquet", inbox / "truth1.parquet")
    result = scoring.score(truth, found).to_pylist()
    wrong = [row for row in result if row["recall"] != 1 or row["precision"] != 1]
    assert not wrong
    assert len(result) > 70


def test_every_case_of_a_thematic_check_is_found_and_no_other(
    inbox: Path, found: scoring.Found, catalog: Catalog
) -> None:
    truth = read_truth(inbox / "truth0.parquet", inbox / "truth1.parquet")
    checks = {one.id for library in catalog.libraries.values() for one in library.contradictions}
    cases = truth.filter(pc.equal(truth["detect"], "finding")).select(["entity", "library_item"]).to_pylist()
    told = [row for row in found.disagreements.to_pylist() if row["item"] in checks]
    assert {(row["entity"], row["library_item"]) for row in cases} == {(row["entity"], row["item"]) for row in told}


def test_every_kind_of_defect_is_planted(days: list[city.Truth]) -> None:
    planted = Counter(row.kind for row in days[0].rows)
    wanted = {defect.kind for defect in (*cell_defects(), *row_defects())}
    assert not wanted - set(planted)
    assert all(planted[kind] >= 3 for kind in wanted)
    flagship = Counter(row.kind for row in days[0].rows if row.detect == "finding")
    assert set(flagship) == {
        one.id for library in load_catalog(CATALOG).libraries.values() for one in library.contradictions
    }
    assert all(size >= 3 for size in flagship.values())
    whole_files = {row.kind for row in days[1].rows if row.detect in ("batch", "late")}
    assert whole_files == {
        "truncated_file",
        "refused_and_not_sent_again",
        "same_file_twice",
        "late_feed",
        "new_column",
        "reordered_columns",
    }


def test_every_expected_reason_is_one_that_checkers_give() -> None:
    line_reasons = {"key_missing"}
    assert {d.reason for d in cell_defects() if d.reason} - line_reasons <= set(REASONS)


def test_no_subject_has_two_defects(days: list[city.Truth]) -> None:
    kinds_of_line: dict[tuple[str, int | None], set[str]] = {}
    for row in (row for row in days[0].rows if row.line is not None):
        kinds_of_line.setdefault((row.resource, row.line), set()).add(row.kind)
    doubled = {line: kinds for line, kinds in kinds_of_line.items() if len(kinds) > 1}
    assert not doubled


def test_the_same_seed_gives_the_same_bytes(days: list[city.Truth], tmp_path: Path) -> None:
    for k in (0, 1):
        again = generate(tmp_path, k)
        assert again.rows == days[k].rows
        assert {n: p.read_bytes() for n, p in again.files.items()} == {
            n: p.read_bytes() for n, p in days[k].files.items()
        }


def test_another_seed_gives_another_city(days: list[city.Truth], tmp_path: Path) -> None:
    other = generate(tmp_path, 0, seed=8)
    same = [name for name, path in other.files.items() if path.read_bytes() == days[0].files[name].read_bytes()]
    assert not same


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> list[dict[str, Delivery]]:
    out = tmp_path_factory.mktemp("clean")
    return [read_all(catalog, generate(out, k, dirt=0)) for k in (0, 1)]


def test_a_city_without_dirt_has_none(clean: list[dict[str, Delivery]], catalog: Catalog) -> None:
    """All identifiers are valid, all codes listed; only a department's own words and dates that lie ahead are remarked."""
    reasons = Counter(report["reason"] for day in clean for delivery in day.values() for report in delivery.reports)
    assert set(reasons) <= {"code_crosswalked", "date_future"}
    state = State(catalog)
    for day in clean:
        for name, delivery in day.items():
            state.take(catalog.resources[name], delivery)
        assert state.disagreements().num_rows == 0


def test_invented_numbers_belong_to_no_real_county(clean: list[dict[str, Delivery]], catalog: Catalog) -> None:
    counties = {code for code in catalog.codes["division"].values if len(code) == 6}
    ids = clean[0]["public_security.resident"].values["id_no"]
    assert len(set(ids)) == len(ids)
    assert not {number[:6] for number in ids} & counties
    assert not {code[2:8] for code in clean[0]["market_regulation.enterprise"].values["uscc"]} & counties


def test_the_next_day_changes_about_one_row_in_a_hundred(clean: list[dict[str, Delivery]], catalog: Catalog) -> None:
    for name, after in clean[1].items():
        before = clean[0][name]
        resource = catalog.resources[name]
        if resource.delivery.mode == "change":
            assert 0 < len(after.lines) <= 0.02 * len(before.lines)
            continue
        old, new = (Counter(zip(*delivery.values.values(), strict=True)) for delivery in (before, after))
        moved = max((new - old).total(), (old - new).total())
        small = len(before.lines) < 300
        assert moved <= max(15 if small else 0, 0.02 * len(before.lines)), name
        assert moved > 0, name


def test_change_deliveries_carry_every_operation(clean: list[dict[str, Delivery]]) -> None:
    assert set(clean[0]["hrss.insured"].ops or []) == {"I"}
    assert set(clean[1]["hrss.insured"].ops or []) == {"I", "U", "D"}


def test_control_files_count_the_data_rows(days: list[city.Truth]) -> None:
    for made in days:
        for name, path in made.files.items():
            told = int(path.with_name(path.name + ".ok").read_text(encoding="ascii"))
            cut = made is days[1] and name == city.TRUNCATED
            assert (told > made.delivered[name]) if cut else (told == made.delivered[name])


def test_files_are_in_their_declared_form(days: list[city.Truth], catalog: Catalog) -> None:
    made, forms = days[0], Counter()
    for name, path in made.files.items():
        declared, head = catalog.resources[name].delivery, path.read_bytes()[:400_000]
        forms[path.suffix, declared.encoding] += 1
        match path.suffix, declared.encoding:
            case ".csv", "utf-8-sig":
                assert head.startswith(b"\xef\xbb\xbf")
            case ".csv", "gb18030":
                with pytest.raises(UnicodeDecodeError):
                    head.decode("utf-8")
                head.decode("gb18030", "replace").encode("gb18030", "replace")
            case ".parquet", _:
                assert head.startswith(b"PAR1")
            case ".xlsx", _:
                assert head.startswith(b"PK")
    assert {form for form, _ in forms} == {".csv", ".xlsx", ".jsonl", ".parquet"}
    assert {encoding for form, encoding in forms if form == ".csv"} == {"utf-8", "utf-8-sig", "gb18030"}


def test_weekly_and_monthly_feeds_come_on_the_first_day_only(days: list[city.Truth], catalog: Catalog) -> None:
    assert set(days[0].files) == set(catalog.resources)
    assert {catalog.resources[name].update_cycle for name in days[1].files} == {"daily"}


def test_truth_is_not_written_into_the_inbox(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outside"):
        generate(tmp_path, 0, tmp_path / "truth.parquet", people=300)


def test_raw_values_of_the_truth_stand_in_the_files(days: list[city.Truth], catalog: Catalog) -> None:
    made = days[0]
    deliveries = read_all(catalog, made)
    checked = 0
    for row in (row for row in made.rows if row.item and row.line and row.raw is not None):
        delivery = deliveries[row.resource]
        at = delivery.lines.index(row.line)
        assert delivery.raw.table[row.item][at].as_py() == (row.raw or None)
        checked += 1
    assert checked > 300


def test_truth_survives_its_file(inbox: Path, days: list[city.Truth]) -> None:
    assert read_truth(inbox / "truth0.parquet").equals(table_of(days[0].rows))
    assert pc.all(read_truth(inbox / "truth0.parquet")["resource"].is_valid()).as_py()
