"""A thematic check through the whole line: a dead person whose pension goes on, from the deliveries to the ledger."""

from __future__ import annotations

from typing import Any

import pytest
from town import INSURED, MONDAY, TUESDAY, WEDNESDAY, Town, ids, person

DEAD, ALIVE, OTHER = ids(3)
CLAIM = "hrss.insured.life_status"
STANDING = """
SELECT entity, class, source_ref, source_value, claim_ref, claim_value, pattern
FROM ledger.discrepancy WHERE item = 'benefits_after_death' AND closed_run IS NULL
"""


def pensioner(number: str, life: str, **more: str) -> dict[str, str | None]:
    return {"社会保障号": number, "姓名": "王某", "养老参保状态": "3", "待遇资格生存状态": life, **more}


def standing(town: Town) -> list[tuple[Any, ...]]:
    return town.ask(STANDING)


@pytest.fixture
def bereaved(town: Town) -> Town:
    """Thirty days after a death that the register knows of and the pension office does not."""
    town.register(MONDAY, [person(DEAD, life="2", death="20261017"), person(ALIVE), person(OTHER)])
    town.feed(MONDAY)
    town.insured(MONDAY, [pensioner(DEAD, "1"), pensioner(ALIVE, "1")])
    town.feed(MONDAY, INSURED)
    town.publish()
    return town


def test_a_finding_waits_for_the_later_register_and_then_stands(bereaved: Town) -> None:
    told = ("public_security.resident.death_date", "2026-10-17", CLAIM, "1", None)
    assert standing(bereaved) == [(DEAD, "timing", *told)]
    bereaved.register(TUESDAY, [person(DEAD, life="2", death="20261017"), person(ALIVE), person(OTHER, "新名")])
    bereaved.feed(TUESDAY)
    bereaved.publish()
    assert standing(bereaved) == [(DEAD, "finding", *told)], (
        "nobody said anything new of the dead, but the days are over"
    )
    classes = bereaved.ask(
        "SELECT class FROM ledger.discrepancy WHERE item = 'benefits_after_death' ORDER BY discrepancy_id"
    )
    assert classes == [("timing",), ("finding",)]


def test_it_ends_with_the_word_that_ends_it(bereaved: Town) -> None:
    bereaved.insured(WEDNESDAY, [pensioner(DEAD, "2", opt_type="U")])
    bereaved.feed(WEDNESDAY, INSURED)
    run = bereaved.publish()
    assert standing(bereaved) == []
    query = "SELECT closed_run FROM ledger.discrepancy WHERE item = 'benefits_after_death' ORDER BY discrepancy_id DESC LIMIT 1"
    assert bereaved.one(query) == run


def test_the_published_value_and_the_court_stay_out_of_it(bereaved: Town) -> None:
    assert bereaved.one("SELECT death_date::text FROM library.population WHERE _key = %s", DEAD) == "2026-10-17"
    assert bereaved.one("SELECT count(*) FROM ledger.crosscheck WHERE item = 'benefits_after_death'") == 0
    assert bereaved.one("SELECT count(*) FROM ledger.dispute_change WHERE item = 'benefits_after_death'") == 0
    assert bereaved.ask("SELECT suspect FROM ledger.suspicion WHERE item = 'benefits_after_death'") == [(None,)]
