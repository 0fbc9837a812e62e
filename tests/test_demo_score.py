"""The scorer: recall and precision against truth tables written by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from shuyuan.demo import score as scoring
from shuyuan.demo.truth import NOBODY, TruthRow, table_of

DAY = date(2026, 8, 28)
RESOURCE, FILE = "hrss.insured", "insured_20260828.parquet"


def cell(kind: str, line: int, item: str, reason: str | None, **more: Any) -> TruthRow:
    detect = more.pop("detect", "cell" if reason else "silent")
    return TruthRow(kind, detect, RESOURCE, FILE, DAY, line, item, "raw", reason, **more)


def claim(entity: str, kind: str = "person_name_typo", detect: str = "disagreement", line: int = 90) -> TruthRow:
    place = {"library": "population", "entity": entity, "library_item": "name", "claim_ref": f"{RESOURCE}.name"}
    return cell(kind, line, "name", None, detect=detect, **place)


def report(line: int, item: str | None, reason: str, resource: str = RESOURCE) -> dict[str, Any]:
    return {"resource": resource, "business_date": DAY, "line": line, "item": item, "reason": reason}


def disagreement(entity: str, item: str = "name") -> dict[str, Any]:
    return {"library": "population", "entity": entity, "item": item, "claim_ref": f"{RESOURCE}.{item}"}


def score(
    truth: list[TruthRow],
    cells: list[dict[str, Any]] | None = None,
    disagreements: list[dict[str, Any]] | None = None,
    batches: list[dict[str, Any]] | None = None,
    late: list[dict[str, Any]] | None = None,
) -> dict[str, dict[str, Any]]:
    found = scoring.Found(
        pa.Table.from_pylist(cells or [], schema=scoring.CELLS),
        pa.Table.from_pylist(disagreements or [], schema=scoring.DISAGREEMENTS),
        pa.Table.from_pylist(batches or [], schema=scoring.BATCHES),
        pa.Table.from_pylist(late or [], schema=scoring.LATE),
    )
    return {row["kind"]: row for row in scoring.score(table_of(truth), found).to_pylist()}


def test_a_missed_cell_costs_recall_and_a_false_one_precision() -> None:
    truth = [cell("id_checksum", line, "id_no", "id_checksum") for line in (2, 3, 4, 5)]
    reports = [report(line, "id_no", "id_checksum") for line in (2, 3, 4, 77)]
    row = score(truth, reports)["id_checksum"]
    assert (row["planted"], row["found"], row["true"]) == (4, 4, 3)
    assert (row["recall"], row["precision"]) == (0.75, 0.75)


def test_the_wrong_reason_or_item_is_not_a_hit_and_not_a_second_fault() -> None:
    truth = [cell("id_checksum", 2, "id_no", "id_checksum"), cell("id_checksum", 3, "id_no", "id_checksum")]
    row = score(truth, [report(2, "id_no", "id_length"), report(3, "name", "id_checksum")])["id_checksum"]
    assert (row["recall"], row["precision"]) == (0.0, 1.0)


def test_key_missing_beside_the_planted_reason_is_explained_by_it() -> None:
    truth = [cell("id_checksum", 2, "id_no", "id_checksum")]
    result = score(truth, [report(2, "id_no", "id_checksum"), report(2, None, "key_missing")])
    assert list(result) == ["id_checksum"]


def test_a_whole_row_matches_whatever_item_the_report_names() -> None:
    truth = [TruthRow("ragged_row", "row", RESOURCE, FILE, DAY, 9, reason="ragged_row")]
    assert score(truth, [report(9, None, "ragged_row")])["ragged_row"]["recall"] == 1
    assert score(truth, [report(9, "phone", "ragged_row")])["ragged_row"]["recall"] == 1
    assert score(truth, [])["ragged_row"]["recall"] == 0


def test_reports_that_nothing_explains_are_listed_by_reason() -> None:
    row = score([], [report(2, "id_no", "id_checksum"), report(3, "id_no", "id_checksum")])["unexpected id_checksum"]
    assert (row["planted"], row["found"], row["precision"], row["recall"]) == (0, 2, 0.0, 1.0)


def test_usual_ways_of_a_feed_are_neither_found_nor_missed() -> None:
    usual = TruthRow("usual", "tolerated", RESOURCE, FILE, DAY, item="status", reason="code_crosswalked")
    assert score([usual], [report(line, "status", "code_crosswalked") for line in range(50)]) == {}
    assert score([usual], [report(2, "sex", "code_crosswalked")])["unexpected code_crosswalked"]["found"] == 1


def test_another_spelling_must_stay_silent_as_a_cell_and_as_a_claim() -> None:
    place = {"library": "population", "entity": "A", "library_item": "name", "claim_ref": f"{RESOURCE}.name"}
    truth = [cell("name_dot_variant", 2, "name", None, **place), cell("name_dot_variant", 3, "name", None)]
    assert score(truth)["name_dot_variant"]["recall"] == 1
    assert score(truth, [report(3, "name", "name_private_use")])["name_dot_variant"]["recall"] == 0.5
    assert score(truth, disagreements=[disagreement("A")])["name_dot_variant"]["recall"] == 0.5


def test_an_empty_line_that_is_quarantined_is_loud() -> None:
    truth = [TruthRow("blank_row", "silent", RESOURCE, FILE, DAY, 12)]
    assert score(truth)["blank_row"]["recall"] == 1
    assert score(truth, [report(12, None, "ragged_row")])["blank_row"]["recall"] == 0


def test_disagreements_count_once_however_often_they_are_planted_or_reported() -> None:
    truth = [claim("A"), claim("A", line=91), claim("B")]
    row = score(truth, disagreements=[disagreement("A"), disagreement("A"), disagreement("C")])["person_name_typo"]
    assert (row["planted"], row["true"], row["found"], row["recall"], row["precision"]) == (2, 1, 2, 0.5, 0.5)


def test_a_disagreement_about_another_item_is_listed_apart() -> None:
    result = score([claim("A")], disagreements=[disagreement("A"), disagreement("A", "sex")])
    assert result["person_name_typo"]["precision"] == 1
    assert result["unexpected population sex hrss.insured.sex"]["found"] == 1


def test_files_are_found_by_state_or_by_note_and_rows_of_lost_batches_do_not_count() -> None:
    lost = TruthRow("truncated_file", "batch", RESOURCE, FILE, DAY, reason="rejected")
    drift = TruthRow("new_column", "batch", "tax.taxpayer", "t.csv", DAY, reason="extra_column")
    one = {"resource": RESOURCE, "business_date": DAY, "file": FILE, "state": "rejected"}
    two = {
        "resource": "tax.taxpayer",
        "business_date": DAY,
        "file": "t.csv",
        "state": "admitted",
        "reason": "extra_column",
    }
    result = score([lost, drift], [report(2, "id_no", "id_checksum")], batches=[one, two])
    assert {kind: row["recall"] for kind, row in result.items()} == {"truncated_file": 1.0, "new_column": 1.0}
    missed = score([lost, drift], batches=[one | {"state": "admitted"}])
    assert {kind: row["recall"] for kind, row in missed.items()} == {"truncated_file": 0.0, "new_column": 0.0}


def test_a_batch_refused_without_reason_is_unexpected() -> None:
    bad = {"resource": "tax.arrears", "business_date": DAY, "file": "a.csv", "state": "failed"}
    assert list(score([], batches=[bad])) == ["unexpected tax.arrears 2026-08-28 failed"]


def test_late_feeds() -> None:
    truth = [TruthRow("late_feed", "late", "courts.dishonest", "d.jsonl", DAY)]
    breach = {"resource": "courts.dishonest", "business_date": DAY}
    assert score(truth, late=[breach])["late_feed"]["recall"] == 1
    earlier = breach | {"business_date": date(2026, 8, 27)}
    assert score(truth, late=[earlier])["late_feed"]["recall"] == 1
    assert score(truth, late=[breach | {"business_date": date(2026, 8, 29)}])["late_feed"]["recall"] == 0
    result = score(truth, late=[breach, breach | {"resource": "tax.taxpayer"}])
    assert result["unexpected tax.taxpayer 2026-08-28"]["precision"] == 0
    assert list(score([], late=[breach])) == ["unexpected courts.dishonest 2026-08-28"]


def test_found_rows_of_another_shape_are_refused() -> None:
    empty = pa.table({"resource": pa.array([], pa.string())})
    found = scoring.Found(
        empty, scoring.DISAGREEMENTS.empty_table(), scoring.BATCHES.empty_table(), scoring.LATE.empty_table()
    )
    with pytest.raises(ValueError, match="business_date"):
        scoring.score(table_of([]), found)


def blamed(truth: list[TruthRow], *suspicions: tuple[str, str | None]) -> dict[str, dict[str, Any]]:
    rows = [disagreement(entity) | {"suspect": suspect} for entity, suspect in suspicions]
    found = scoring.blame(table_of(truth), pa.Table.from_pylist(rows, schema=scoring.SUSPICIONS))
    return {row["kind"].removeprefix("who is wrong: "): row for row in found.to_pylist()}


def test_who_is_wrong_is_right_missed_or_mistaken() -> None:
    own, register = f"{RESOURCE}.name", "public_security.resident.name"
    truth = [replace(claim(entity), wrong_ref=own) for entity in "ABCD"]
    row = blamed(truth, ("A", own), ("B", own), ("C", register), ("E", own))["person_name_typo"]
    assert (row["planted"], row["found"], row["true"]) == (4, 3, 2)
    assert (row["recall"], row["precision"]) == (0.5, pytest.approx(2 / 3))


def test_nobody_is_wrong_where_two_mean_different_things() -> None:
    truth = [replace(claim(entity, "by_definition"), wrong_ref=NOBODY) for entity in "AB"]
    row = blamed(truth, ("A", None), ("B", f"{RESOURCE}.name"))["by_definition"]
    assert (row["planted"], row["found"], row["true"]) == (2, 1, 1)


def test_who_is_wrong_over_all_kinds_and_only_where_it_is_asked() -> None:
    own = f"{RESOURCE}.name"
    truth = [replace(claim("A"), wrong_ref=own), replace(claim("B", "other"), wrong_ref=own), claim("C")]
    found = blamed(truth, ("A", own), ("B", own), ("C", own))
    assert found["who is wrong, all"]["planted"] == 2
    assert set(found) == {"person_name_typo", "other", "who is wrong, all"}
    assert blamed([claim("C")]) == {}


def test_suspicions_without_a_column_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\['suspect'\]"):
        scoring.blame(table_of([]), pa.Table.from_pylist([], schema=scoring.DISAGREEMENTS))
