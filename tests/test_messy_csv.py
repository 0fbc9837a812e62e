"""The suite of polluted CSV files, read without being told anything, scores what the bench promises, and no file loses a row."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from shuyuan.settings import PROJECT

SHARED = Path(os.environ.get("SHUYUAN_SHARED_DATA", PROJECT.parent / "shared" / "data"))
SUITE = SHARED / "messy_csv"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messy_csv_bench", PROJECT / "bench" / "messy_csv.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(
    not SUITE.is_dir(), reason=f"no {SUITE}: set SHUYUAN_SHARED_DATA to the folder that holds messy_csv/"
)
def test_the_suite_scores_above_the_bar_and_loses_nothing(bench: ModuleType) -> None:
    found = bench.scores(SUITE)
    assert len(found) == 125
    assert bench.lost(found) == []
    assert bench.total(found) >= bench.BAR


def write(folder: Path, name: str, polluted: str, clean: str) -> tuple[Path, Path]:
    for kind, text in (("csv", polluted), ("clean", clean)):
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / name).write_text(text)
    return folder / "csv" / name, folder / "clean" / name


CLEAN = '"id","day","note"\n"1","2020-01-01","a, b"\n"2","2020-01-02",""\n"3","2020-01-03","c"\n"4","2020-01-04","d"\n'


def test_a_file_read_whole_scores_ten(bench: ModuleType, tmp_path: Path) -> None:
    score, got = bench.score_file(*write(tmp_path, "a.csv", CLEAN.replace('"', "'").replace(",'", ";'"), CLEAN))
    assert score.total == 10
    assert (got.physical, got.lost) == (5, 0)


def test_a_rejected_row_costs_recall_and_no_precision(bench: ModuleType, tmp_path: Path) -> None:
    score, got = bench.score_file(*write(tmp_path, "a.csv", CLEAN.replace('"2","2020', '"2" "2020'), CLEAN))
    assert (got.rejects, score.record_precision, score.record_recall) == (1, 1.0, 0.75)
    assert score.record_f1 == pytest.approx(2 * 0.75 / 1.75)
    assert got.lost == 0


def test_wrong_cells_score_nothing(bench: ModuleType) -> None:
    assert bench._measure(["a", "b", "b"], ["b", "c"]) == (0.5, 1 / 3, pytest.approx(0.4))
    assert bench._measure(["a"], ["b"]) == (0.0, 0.0, 0.0)
    assert bench._measure([], []) == (1.0, 1.0, 1.0)


def test_a_lost_row_is_seen(bench: ModuleType) -> None:
    assert bench.Read(["a"], [["1"]], preamble=1, physical=3).lost == 1
