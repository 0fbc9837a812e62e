"""One number, one source of entities that stewards ruled about: their claims stand under other numbers, and are proven there."""

from __future__ import annotations

from typing import Any

import pytest
from city import insert
from town import INSURED, MONDAY, TUESDAY, Town, ids, person

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db.engine import transaction
from shuyuan.identity import rulings
from shuyuan.identity.rulings import Steward
from shuyuan.quality import judge
from shuyuan.quality.verdict import Verdict

LIN = Steward("lin", "seen both files")
ANN, OLD, BOB, EVE = ids(4)
FIRM, OTHER_FIRM = "91330106MA2ABCDE0D", "92330106MA2ABCDE1D"


@pytest.fixture
def ruled(town: Town) -> Town:
    """Ann worked under an old number, which is hers by ruling; of Bob's number the pension office has a row that is somebody else's."""
    with transaction("shuyuan_owner") as owner:
        insert(owner, "share.person", name="lin", department="public_security", role="steward")
    town.register(MONDAY, map(person, (ANN, BOB, EVE)))
    rows: list[dict[str, Any]] = [
        {"社会保障号": OLD, "个人编码": "1", "姓名": "安", "单位统一社会信用代码": FIRM},
        {"社会保障号": BOB, "个人编码": "2", "姓名": "包二", "单位统一社会信用代码": OTHER_FIRM},
    ]
    town.insured(MONDAY, rows)
    for resource in ("public_security.resident", INSURED):
        town.feed(MONDAY, resource)
    town.publish()
    assert town.one("SELECT employer_uscc FROM library.population WHERE _key = %s", BOB) == OTHER_FIRM
    with transaction("shuyuan_steward") as steward:
        rulings.merge(steward, "population", OLD, ANN, LIN)
        rulings.separate(steward, "population", BOB, [(INSURED, BOB)], LIN)
    town.publish()
    return town


def judged(town: Town) -> Verdict:
    catalog = load_catalog(settings.load().catalog)
    run = int(town.one("SELECT max(run_id) FROM ledger.run"))
    return judge.library(run, catalog.libraries["population"], catalog)


def broken(verdict: Verdict) -> list[tuple[str | None, int | None]]:
    return [(f.item, f.rows) for f in verdict.findings if f.kind == "library_value_from_its_source"]


def test_what_follows_a_ruling_is_proven(ruled: Town) -> None:
    assert ruled.ask(
        "SELECT employer_uscc FROM library.population WHERE _key IN (%s, %s) ORDER BY _key = %s", ANN, BOB, BOB
    ) == [
        (FIRM,),
        (None,),
    ]
    assert broken(judged(ruled)) == []
    entities = ruled.one("SELECT count(*) FROM library.population")
    result = next(r for r in judged(ruled).results["results"] if "from_its_source" in r["expectation_config"]["type"])
    assert result["result"]["element_count"] == entities


@pytest.mark.parametrize(
    ("who", "employer"),
    [(ANN, None), (ANN, OTHER_FIRM), (BOB, OTHER_FIRM), (EVE, FIRM)],
)
def test_a_value_that_does_not_follow_it_is_found(ruled: Town, who: str, employer: str | None) -> None:
    ruled_values = [employer, who]
    with transaction("shuyuan_owner") as owner:
        owner.execute("UPDATE library.population SET employer_uscc = %s WHERE _key = %s", ruled_values)
    assert broken(judged(ruled)) == [("employer_uscc", 1)]


def test_a_ruling_taken_back_is_proven_too(ruled: Town) -> None:
    with transaction("shuyuan_steward") as steward:
        rulings.unmerge(steward, "population", OLD, LIN)
        rulings.rejoin(steward, "population", (INSURED, BOB), LIN)
    ruled.register(TUESDAY, map(person, (ANN, BOB, EVE)))
    ruled.publish()
    assert broken(judged(ruled)) == []
    assert ruled.one("SELECT employer_uscc FROM library.population WHERE _key = %s", BOB) == OTHER_FIRM


def test_what_was_ruled_after_the_run_is_proven_by_the_next_one(ruled: Town) -> None:
    """The published value follows the rulings of its run; that it does not follow a later one proves nothing."""
    with transaction("shuyuan_steward") as steward:
        rulings.unmerge(steward, "population", OLD, LIN)
    verdict = judged(ruled)
    assert broken(verdict) == [] and ("undecided", "employer_uscc") in [(f.kind, f.item) for f in verdict.findings]
    ruled.publish()
    assert [f.item for f in judged(ruled).findings if f.kind in ("undecided", "library_value_from_its_source")] == []
