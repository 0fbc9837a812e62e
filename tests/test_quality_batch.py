"""Judging batches on a real server: decisions, every offending row, nothing personal in results, no network in Data Docs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from shuyuan import settings
from shuyuan.catalog import Resource
from shuyuan.db.engine import transaction
from shuyuan.quality import docs, judge
from shuyuan.quality.judge import BatchCounts, JudgeError, Verdict

RESOURCE = Resource.model_validate(
    {
        "id": "proof.person", "title": "人", "title_en": "person", "classification": "1", "key": ["id_no"],
        "update_cycle": "daily", "delivery": {"pattern": "person_{date}.csv"},
        "items": [
            {"name": "id_no", "label": "公民身份号码", "type": "citizen_id", "required": True},
            {"name": "name", "label": "姓名", "type": "person_name", "required": True},
            {"name": "sex", "label": "性别", "type": "text"},
            {"name": "born", "label": "出生日期", "type": "date"},
            {"name": "died", "label": "死亡日期", "type": "date"},
            {"name": "height", "label": "身高", "type": "integer"},
        ],
    }
)  # fmt: skip
COUNTS = BatchCounts(1003, 1000, 0, 2, 1, 1000, 0, 0, 0, 1000)
NO_EVIDENCE = pa.table(
    {"item": pa.array([], pa.string()), "reason": pa.array([], pa.string()), "rows": pa.array([], pa.int64())}
)
Stage = Callable[[list[dict[str, Any]]], str]
COLUMNS = ("id_no", "name", "sex", "born", "died", "height", "_op", "_verdicts", "_raw")


def evidence(*rows: tuple[str, str, int]) -> pa.Table:
    return pa.table(dict(zip(("item", "reason", "rows"), zip(*rows, strict=True), strict=True)), NO_EVIDENCE.schema)


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    """Stage rows as `staging.batch_990` with line numbers from 1; a row says only what is special about it."""

    def put(rows: list[dict[str, Any]]) -> str:
        with transaction("shuyuan_loader") as connection:
            connection.execute("DROP TABLE IF EXISTS staging.batch_990")
            connection.execute(
                "CREATE UNLOGGED TABLE staging.batch_990 (id_no text, name text, sex text, born date, died date, height bigint,"
                " _key text, _op text, _line bigint, _verdicts jsonb, _raw jsonb)"
            )
            usual = {"id_no": "11010519491231002X", "name": "张三", "_op": "U"}
            values = [[(usual | row).get(column) for column in COLUMNS] + [i] for i, row in enumerate(rows, start=1)]
            connection.cursor().executemany(
                f"INSERT INTO staging.batch_990 ({', '.join(COLUMNS)}, _line) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)",
                values,
            )
        return "batch_990"

    yield put
    with transaction("shuyuan_loader") as connection:
        connection.execute("DROP TABLE IF EXISTS staging.batch_990")


@pytest.fixture
def suite(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Write a suite for the resource in a suites folder of its own, with an empty default."""
    monkeypatch.setenv("SHUYUAN_EXPECTATIONS", str(tmp_path))
    settings.load.cache_clear()

    def write(*rules: dict[str, Any]) -> None:
        meta = {"meta": {"dimension": "一致性"}}
        (tmp_path / "_default.yml").write_text("suite: _default\nexpectations: []\n")
        (tmp_path / "proof__person.yml").write_text(
            yaml.safe_dump(
                {"suite": "proof__person", "expectations": [meta | rule for rule in rules]}, allow_unicode=True
            )
        )

    yield write
    monkeypatch.undo()
    settings.load.cache_clear()


def judged(counts: BatchCounts = COUNTS, found: pa.Table = NO_EVIDENCE, staging: str | None = None) -> Verdict:
    return judge.batch(990, RESOURCE, found, counts, staging)


def test_a_clean_batch_passes_with_full_score(home: Path, stage: Stage) -> None:
    verdict = judged(staging=stage([{} for _ in range(10)]))
    assert (verdict.decision, verdict.success, verdict.failed, verdict.score) == ("pass", True, 0, 100.0)
    assert verdict.evaluated >= 10
    assert (verdict.rows, verdict.verdict_rules, verdict.findings) == (None, (), ())


@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        (replace(COUNTS, loaded=999), "rows_conserved"),
        (replace(COUNTS, physical=1002), "rows_conserved"),
        (replace(COUNTS, deleted=201), "deletes_at_most"),
        (BatchCounts(1, 0, 0, 0, 1, 0, 0, 0, 0, 0), "rows_at_least"),
        (BatchCounts(1000, 700, 300, 0, 0, 0, 0, 0, 0, 0), "quarantine_rate_at_most"),
    ],
)
def test_a_broken_file_is_rejected(home: Path, counts: BatchCounts, kind: str) -> None:
    verdict = judged(counts)
    assert verdict.decision == "reject"
    assert [f.kind for f in verdict.findings if f.severity == "critical"] == [kind]


def test_the_permitted_share_of_deletions_is_not_mass_disappearance(home: Path) -> None:
    assert judged(replace(COUNTS, deleted=200)).decision == "pass"


def test_an_empty_change_delivery_is_no_fault(home: Path) -> None:
    change = RESOURCE.model_copy(
        update={"delivery": RESOURCE.delivery.model_copy(update={"mode": "change", "op": "op"})}
    )
    empty = BatchCounts(1, 0, 0, 0, 1, 0, 0, 0, 0, 5000)
    assert judge.batch(990, change, NO_EVIDENCE, empty, None).decision == "pass"
    assert judge.batch(990, RESOURCE, NO_EVIDENCE, empty, None).decision == "reject"


@pytest.mark.parametrize(("rows", "decision"), [(200, "pass"), (201, "reject")])
def test_too_many_unusable_keys_reject_the_file(home: Path, rows: int, decision: str) -> None:
    verdict = judged(found=evidence(("id_no", "id_checksum", rows)))
    assert verdict.decision == decision


def test_a_masked_column_is_no_fault(home: Path) -> None:
    assert judged(found=evidence(("id_no", "masked", 900), ("name", "masked", 1000))).decision == "pass"


def test_a_failed_verdict_warning_names_the_verdicts_to_quarantine(home: Path) -> None:
    verdict = judged(
        found=evidence(("name", "excel_mangled", 3), ("name", "name_has_digits", 4), ("sex", "code_unknown", 5))
    )
    assert verdict.decision == "quarantine"
    assert verdict.verdict_rules == (("name", "excel_mangled"),)
    noted = {(f.item, f.rows) for f in verdict.findings if f.severity == "info"}
    assert noted == {("name", 7), ("sex", 5)}
    assert any("姓名" in f.message and "3 行" in f.message for f in verdict.findings if f.severity == "warning")


def test_every_offending_row_is_found_beyond_the_cap_of_great_expectations(home: Path, stage: Stage) -> None:
    verdict = judged(staging=stage([{"name": None} if i % 2 else {} for i in range(1, 1201)]))
    assert verdict.decision == "quarantine"
    assert verdict.rows is not None
    assert verdict.rows["line"].to_pylist() == list(range(1, 1201, 2))
    assert set(verdict.rows["reason"].to_pylist()) == {"required_missing"}


def test_deletions_and_values_lost_to_a_verdict_are_not_missing(home: Path, stage: Stage) -> None:
    rows = [
        {"name": None, "_op": "D"},
        {"name": None, "_verdicts": '{"name": "masked"}'},
        {"name": None, "_raw": '{"name": "-"}'},
    ]
    verdict = judged(staging=stage(rows))
    assert verdict.rows is not None
    assert verdict.rows.to_pylist()[0] | {"message": ""} == {
        "line": 3, "item": "name", "value": "-", "reason": "required_missing", "message": ""
    }  # fmt: skip
    assert verdict.rows.num_rows == 1


ROWS = [
    {"height": 170, "sex": "1", "born": "1990-01-01", "died": "2020-01-01"},
    {"height": None, "sex": None, "born": None, "died": None},
    {"height": 300, "sex": "男", "born": "1990-01-01", "died": "1980-01-01"},
    {"height": 170, "sex": "2", "born": "1980-01-01", "died": "1980-01-01"},
    {"height": 10, "sex": "", "born": "1970-01-01", "died": None},
    {"height": 999, "sex": "x", "born": None, "died": "1970-01-01", "_op": "D"},
]
COLUMN_RULES = [
    ({"type": "expect_column_values_to_not_be_null", "column": "height"}, [2]),
    ({"type": "expect_column_values_to_be_null", "column": "died"}, [1, 3, 4]),
    ({"type": "expect_column_values_to_be_in_set", "column": "sex", "value_set": ["1", "2"]}, [3, 5]),
    ({"type": "expect_column_values_to_not_be_in_set", "column": "sex", "value_set": ["男", "x"]}, [3]),
    ({"type": "expect_column_values_to_be_between", "column": "height", "min_value": 20, "max_value": 250}, [3, 5]),
    ({"type": "expect_column_values_to_be_between", "column": "height", "max_value": 250}, [3]),
    ({"type": "expect_column_values_to_match_regex", "column": "sex", "regex": "^[12]$"}, [3, 5]),
    ({"type": "expect_column_values_to_not_match_regex", "column": "sex", "regex": "[{]|男"}, [3]),
    ({"type": "expect_column_value_lengths_to_be_between", "column": "sex", "min_value": 1}, [5]),
    ({"type": "expect_column_values_to_be_unique", "column": "height"}, [1, 4]),
    ({"type": "expect_column_pair_values_a_to_be_greater_than_b", "column_A": "died", "column_B": "born"}, [3, 4]),
    ({"type": "expect_column_pair_values_a_to_be_greater_than_b", "column_A": "died", "column_B": "born", "or_equal": True}, [3]),
    ({"type": "expect_column_pair_values_to_be_equal", "column_A": "died", "column_B": "born",
      "ignore_row_if": "either_value_is_missing"}, [1, 3]),
    ({"type": "expect_no_rows_from_query", "query": "expect/one_without_other", "item": "born", "other": "died"}, [5]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "lines"), COLUMN_RULES)
def test_what_great_expectations_counts_is_what_the_full_query_finds(
    suite: Callable[..., None], stage: Stage, rule: dict[str, Any], lines: list[int]
) -> None:
    suite(rule | {"severity": "warning"})
    verdict = judged(staging=stage(ROWS))
    assert verdict.rows is not None
    assert verdict.rows["line"].to_pylist() == lines
    assert verdict.findings[0].rows == len(lines)


def test_the_number_inside_a_citizen_id_is_compared_with_birth_and_sex(
    suite: Callable[..., None], stage: Stage
) -> None:
    suite(
        {
            "type": "expect_no_rows_from_query",
            "query": "expect/id_birth_mismatch",
            "item": "id_no",
            "other": "born",
            "severity": "warning",
        },
        {
            "type": "expect_no_rows_from_query",
            "query": "expect/id_sex_mismatch",
            "item": "id_no",
            "other": "sex",
            "severity": "warning",
        },
    )
    rows = [
        {"born": "1949-12-31", "sex": "2"},
        {"born": "1949-12-30", "sex": "2"},
        {"born": "1949-12-31", "sex": "1"},
        {"sex": "9"},
    ]
    verdict = judged(staging=stage(rows))
    assert verdict.rows is not None
    found = [(row["line"], row["reason"], row["value"]) for row in verdict.rows.to_pylist()]
    assert found == [(2, "id_birth_mismatch", "19491231 / 1949-12-30"), (3, "id_sex_mismatch", "2 / 1")]


def test_a_line_that_breaks_two_rules_is_set_aside_once_for_the_first(suite: Callable[..., None], stage: Stage) -> None:
    suite(
        {"type": "expect_column_values_to_not_be_null", "column": "sex", "severity": "warning"},
        {"type": "expect_column_values_to_not_be_null", "column": "height", "severity": "warning"},
    )
    verdict = judged(staging=stage([{}, {"sex": "1"}]))
    assert verdict.rows is not None
    assert [(row["line"], row["item"]) for row in verdict.rows.to_pylist()] == [(1, "sex"), (2, "height")]


def test_mostly_lets_few_rows_through_and_then_sets_all_aside(suite: Callable[..., None], stage: Stage) -> None:
    suite({"type": "expect_column_values_to_not_be_null", "column": "sex", "mostly": 0.9, "severity": "warning"})
    assert judged(staging=stage([{"sex": "1"}] * 9 + [{}])).rows is None
    verdict = judged(staging=stage([{"sex": "1"}] * 8 + [{}] * 2))
    assert verdict.rows is not None
    assert verdict.rows["line"].to_pylist() == [9, 10]


def test_a_query_that_asks_something_else_than_the_expectation_stops_the_judgement(
    suite: Callable[..., None], stage: Stage
) -> None:
    strict = {"type": "expect_column_values_to_be_between", "column": "height", "min_value": 10, "strict_min": True}
    suite(strict | {"severity": "warning"})
    with pytest.raises(JudgeError, match=r"proof__person.yml:2: Great Expectations counts 2 offending rows.*finds 1"):
        judged(staging=stage([{"height": 10}, {"height": 9}, {"height": 11}]))


def test_a_rule_that_cannot_be_evaluated_decides_nothing(suite: Callable[..., None], stage: Stage) -> None:
    suite({"type": "expect_column_values_to_not_be_null", "column": "nowhere", "severity": "info"})
    with pytest.raises(JudgeError, match=r"proof__person.yml:2: .*nowhere"):
        judged(staging=stage([{}]))


def test_no_cell_value_and_no_password_leaves_with_the_results(suite: Callable[..., None], stage: Stage) -> None:
    suite(
        {"type": "expect_column_values_to_be_null", "column": "id_no", "severity": "info"},
        {"type": "expect_column_values_to_be_unique", "column": "name", "severity": "warning"},
    )
    verdict = judged(staging=stage([{"id_no": "440524188001010014", "name": "欧阳娜娜"}] * 2))
    page = (settings.load().docs / str(verdict.docs)).read_text("utf-8")
    secret = json.loads((settings.load().home / "secrets.json").read_text())
    told = json.dumps(verdict.results, ensure_ascii=False) + page
    for value in ("440524188001010014", "欧阳娜娜", *_texts(secret)):
        assert value not in told


def _texts(secret: Any) -> Iterator[str]:
    for value in secret.values():
        yield from _texts(value) if isinstance(value, dict) else (str(value),)


def test_data_docs_load_nothing_from_any_network(home: Path, stage: Stage) -> None:
    verdict = judged(found=evidence(("sex", "code_unknown", 5)), staging=stage([{"name": None}]))
    assert verdict.docs == "proof__person/990.html"
    index = docs.build_index().read_text("utf-8")
    page = (home / "docs" / verdict.docs).read_text("utf-8")
    assert 'href="proof__person/990.html"' in index
    assert "必填项缺失" in page
    assert "src=" not in page
    assert "<link" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert not list((home / "docs").glob("**/.new.*"))


def test_the_score_is_the_mean_share_of_conforming_rows(suite: Callable[..., None], stage: Stage) -> None:
    suite(
        {"type": "expect_column_values_to_not_be_null", "column": "sex", "severity": "info"},
        {"type": "expect_column_values_to_not_be_null", "column": "name", "severity": "info"},
    )
    assert judged(staging=stage([{"sex": "1"}, {}, {}, {}])).score == 62.5
