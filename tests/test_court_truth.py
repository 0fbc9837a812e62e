"""The court against real sources with known truth, and the comparators that the score is counted with."""

from __future__ import annotations

import duckdb
import pytest
from bench_modules import load

truth = load("truth")
needs_data = pytest.mark.skipif(
    not truth.DATA.is_dir(), reason="needs shared/data/multi_source_truth beside the project"
)


def spelled(comparator: str, *texts: str) -> list[str | None]:
    with duckdb.connect() as engine:
        rows = "SELECT unnest($texts) AS value"
        query = f"SELECT {truth.spelling(comparator)} FROM ({rows})"
        return [row[0] for row in engine.execute(query, {"texts": list(texts)}).fetchall()]


@needs_data
@pytest.mark.parametrize("name", ["flights", "book"])
def test_the_court_finds_more_truth_than_the_majority(name: str) -> None:
    found = truth.score(*truth.SETS[name](truth.DATA))
    assert found["majority_raw"] == pytest.approx(truth.MAJORITY[name], abs=0.001)  # the figure that others report
    assert found["court"] >= truth.BARS[name]
    assert found["court"] > found["majority"]
    assert found["court_raw"] > found["majority_raw"]


@needs_data
def test_sources_known_to_be_one_company_are_recognised_as_copies() -> None:
    """flightview's feed stands on the pages of a television network and of port authorities; the airlines copy nobody."""
    claims, _ = truth.flights(truth.DATA)
    judged = truth.learn(truth.encode(claims.set_column(3, "value", truth._spelled(claims["item"], claims["value"]))))
    at = judged.claims.sources.index
    assert judged.copies[at("flightview"), at("foxbusiness")] > 0.99
    assert judged.copies[at("flightview"), at("panynj")] > 0.99
    assert judged.copies[at("aa"), at("flightstats")] < 0.5


def test_a_time_of_day_is_the_same_however_written() -> None:
    ten_past_midnight = ("12:10 a.m.", "12:10aDec 1", "12/02/2011 12:10 a.m.", "0:10", "12:10 A.M. (-00:09)")
    assert set(spelled("clock", *ten_past_midnight)) == {"10"}
    assert spelled("clock", "12:30 p.m.", "11:59 p.m.", "18:05", "12:10 a.m.") == ["750", "1439", "1085", "10"]
    assert spelled("clock", "Contact Airline", "") == [None, None]


def test_names_are_the_same_in_any_order_and_different_when_a_word_differs() -> None:
    same = ("knuth; donald e.", "Donald E. Knuth", "KNUTH, DONALD E (author)", "knuth; donald e. [joint author")
    assert len(set(spelled("names", *same))) == 1
    assert len(set(spelled("names", "knuth; donald", "knuth; donald e.", "knuth"))) == 3
    assert spelled("names", "0", "(editor)") == [None, None]


def test_words_ignore_punctuation_and_case_only() -> None:
    assert len(set(spelled("words", "C++: a primer", "c++ a Primer", "C++ - A &quot;Primer&quot;"))) == 1
    assert len(set(spelled("words", "C: a primer", "C++: a primer", "a primer"))) == 3
    assert len(set(spelled("words", "Unix", "Unix (second edition)"))) == 2
