"""Corrections of the past: what comes late is told for the days it speaks of, and what was known before stays readable."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import fault_probe
import pytest
from contracts import Contract, contracted  # noqa: F401
from fault_points import in_a_process
from terminal import program  # noqa: F401
from town import INSURED, MONDAY, RESIDENT, TUESDAY, WEDNESDAY, Town, ids, person

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.flow import publish, resolve, upkeep
from shuyuan.flow.again import Forgotten
from shuyuan.flow.correct import correct
from shuyuan.flow.replay import replay
from shuyuan.share import people

PEOPLE = ids(24)
ANN, BOB, CAI = PEOPLE[:3]
SUNDAY, THURSDAY = MONDAY - timedelta(days=1), WEDNESDAY + timedelta(days=1)
AS_OF = "SELECT _key, {} FROM history.population_as_of(%s, %s) WHERE _key = ANY(%s) ORDER BY _key"


def say(number: str, status: str | None = None, op: str = "I") -> dict[str, str | None]:
    """A line of the pension office, which is the one source of the pension status."""
    return {"社会保障号": number, "养老参保状态": status, "opt_type": op}


def insured(town: Town, day: date, *rows: dict[str, str | None]) -> int:
    town.insured(day, list(rows))
    return town.feed(day, INSURED)


def crowd(town: Town) -> None:
    """Enough other people that one deletion is no mass deletion, said on Monday too."""
    insured(town, MONDAY, say(ANN, "1"), say(BOB, "1"), *(say(other, "1") for other in PEOPLE[3:]))


def register(town: Town, day: date, suffix: str = "", without: tuple[str, ...] = (), **names: str) -> int:
    """The residents' register of a day; `names`: other names, by ann, bob or cai."""
    called = {PEOPLE[["ann", "bob", "cai"].index(who)]: name for who, name in names.items()}
    town.register(day, [person(n, called.get(n, "")) for n in PEOPLE if n not in without], suffix=suffix)
    return town.feed(day)


def live(town: Town) -> list[tuple[Any, ...]]:
    return town.ask("SELECT to_jsonb(population) FROM library.population ORDER BY _key")


def past(town: Town, day: date, column: str = "name", known: object = None) -> dict[str, Any]:
    return dict(town.ask(AS_OF.format(column), day, known, [ANN, BOB, CAI]))


def now(town: Town) -> object:
    return town.one("SELECT clock_timestamp()")


def status(town: Town, day: date, known: object = None) -> dict[str, Any]:
    return past(town, day, "pension_status", known)


def test_a_late_change_file_is_told_for_its_day_and_not_before_and_not_after(town: Town) -> None:
    register(town, MONDAY)
    crowd(town)
    town.publish()
    insured(town, WEDNESDAY, say(ANN, "2", "U"))
    town.publish()
    before, was = now(town), {day: status(town, day) for day in (MONDAY, TUESDAY, WEDNESDAY)}
    assert was[TUESDAY] == {ANN: "1", BOB: "1", CAI: None}
    insured(town, TUESDAY, say(ANN, None, "U"), say(BOB, op="D"), say(CAI, "2"))
    town.publish()
    assert status(town, MONDAY) == was[MONDAY]
    assert status(town, TUESDAY) == {ANN: None, BOB: None, CAI: "2"}
    assert status(town, WEDNESDAY) == {ANN: "2", BOB: None, CAI: "2"}
    for day, told in was.items():
        assert status(town, day, before) == told, "what was known before stays readable"
    runs = "SELECT business_date, inserted, updated, deleted FROM ledger.run WHERE state = 'corrected'"
    assert town.ask(runs) == [(TUESDAY, 0, 3, 0)]
    assert town.ask("SELECT outcome, rows_out FROM ledger.load WHERE step = 'correct'") == [("ok", 3)]


def corrections(town: Town) -> list[tuple[Any, ...]]:
    return town.ask(
        "SELECT business_date, inserted, updated, deleted FROM ledger.run WHERE state = 'corrected' ORDER BY run_id"
    )


def replayed(town: Town, day: date) -> bool:
    """Whether history says of a day what the day says when it is resolved again."""
    return replay("population", day).compared.same


def two_days(town: Town) -> None:
    """Monday and Wednesday are published; Cai left between them."""
    register(town, MONDAY, ann="一")
    crowd(town)
    town.publish()
    register(town, WEDNESDAY, ann="三", without=(CAI,))
    town.publish()


@pytest.fixture
def published(town: Town) -> Town:
    town.begin_with("past", two_days)
    return town


def test_a_register_that_comes_late_is_outdated_today_and_told_for_its_day(published: Town) -> None:
    town, before, today = published, now(published), live(published)
    batch = register(town, TUESDAY, ann="二", without=(BOB,))
    assert town.state(batch) == "outdated"
    town.publish()
    assert past(town, MONDAY) == past(town, MONDAY, known=before)
    assert past(town, TUESDAY)[ANN] == "二" and BOB not in past(town, TUESDAY) and CAI in past(town, TUESDAY)
    assert past(town, WEDNESDAY) == past(town, WEDNESDAY, known=before) and live(town) == today
    assert set(past(town, WEDNESDAY)) == {ANN, BOB}, "he was there before that day and after it"
    assert past(town, TUESDAY, known=before)[ANN] == "一", "what was known before stays readable"
    assert corrections(town) == [(TUESDAY, 1, 1, 1)], (
        "two versions of Tuesday, two that say again what holds on Wednesday"
    )
    assert all(replayed(town, day) for day in (MONDAY, TUESDAY, WEDNESDAY))


def test_a_hard_delete_ends_an_entity_on_the_day_it_was_said_however_late(published: Town) -> None:
    town, before = published, now(published)
    assert CAI in past(town, TUESDAY) and CAI not in past(town, WEDNESDAY)
    register(town, TUESDAY, ann="一", without=(CAI,))
    town.publish()
    assert CAI in past(town, MONDAY) and CAI not in past(town, TUESDAY) and CAI in past(town, TUESDAY, known=before)
    versions = "SELECT _op, valid_from FROM history.population WHERE _key = %s ORDER BY valid_from, recorded_at"
    assert town.ask(versions, CAI) == [("I", MONDAY), ("D", TUESDAY), ("D", WEDNESDAY)]


def test_a_correction_of_a_day_that_is_over_supersedes_what_was_said_of_it(published: Town) -> None:
    town, before = published, now(published)
    register(town, MONDAY, suffix="_2", ann="壹")
    town.publish()
    assert past(town, MONDAY)[ANN] == past(town, TUESDAY)[ANN] == "壹" and past(town, WEDNESDAY)[ANN] == "三"
    assert past(town, TUESDAY, known=before)[ANN] == "一"
    register(town, MONDAY, suffix="_3", ann="弌")
    between = now(town)
    town.publish()
    assert past(town, TUESDAY)[ANN] == "弌" and past(town, TUESDAY, known=between)[ANN] == "壹"
    assert len(corrections(town)) == 2


def test_nothing_late_is_no_correction_and_asking_again_is_none(published: Town, shuyuan: Any) -> None:
    town = published
    assert "Corrections of the past 历史更正: none" in shuyuan("status").words
    assert corrections(town) == [] and correct("population") is None
    register(town, TUESDAY, ann="二")
    town.publish()
    versions = town.one("SELECT count(*) FROM history.population")
    town.publish()
    assert correct("population") is None
    assert town.one("SELECT count(*) FROM history.population") == versions and len(corrections(town)) == 1
    assert "population 1 versions from 2026-11-17 on" in shuyuan("status").words


def test_a_member_that_is_late_as_a_whole_is_told_for_its_day(town: Town) -> None:
    """Its first delivery ever, and the library had gone on without it: also before anything else was delivered."""
    register(town, TUESDAY)
    town.publish()
    crowd(town)
    town.publish()
    assert past(town, MONDAY) == {}, "whom only the pension office names is no entity"
    assert status(town, TUESDAY) == {ANN: "1", BOB: "1", CAI: None}
    register(town, MONDAY, ann="一")
    town.publish()
    assert status(town, MONDAY) == {ANN: "1", BOB: "1", CAI: None} and past(town, MONDAY)[ANN] == "一"
    assert all(replayed(town, day) for day in (MONDAY, TUESDAY))


def test_what_upkeep_took_is_read_again_from_the_archive(published: Town) -> None:
    town = published
    upkeep.remove_orphans(0)
    assert not list((town.home / "lake" / "staged").rglob("*.parquet"))
    register(town, TUESDAY, ann="二")
    town.publish()
    assert past(town, TUESDAY)[ANN] == "二" and all(replayed(town, day) for day in (MONDAY, TUESDAY, WEDNESDAY))
    assert not list((town.home / "lake").glob("replay-*"))


def test_what_is_not_kept_is_not_guessed(published: Town, shuyuan: Any) -> None:
    town, versions = published, published.one("SELECT count(*) FROM history.population")
    upkeep.remove_orphans(0)
    shutil.rmtree(town.home / "archive")
    register(town, TUESDAY, ann="二")
    live_run = town.publish()
    assert town.one("SELECT count(*) FROM history.population") == versions and corrections(town) == []
    finding = "SELECT severity, message FROM ledger.finding WHERE kind = 'past_not_kept' AND run_id = %s"
    ((severity, message),) = town.ask(finding, live_run)
    assert severity == "warning" and "is not in the archive" in message and f"{RESIDENT}, batch 1" in message
    assert town.ask("SELECT outcome FROM ledger.load WHERE step = 'correct'") == [("refused",)]
    said = shuyuan("replay", "population", "--date", str(MONDAY))
    assert said.code == 1 and "is not in the archive" in said.words and "from a backup" in said.words


POINTS = [
    ("shuyuan.flow.past", "Past.resolve", "after"),
    ("shuyuan.publish.past", "correct", "before"),
    ("shuyuan.publish.past", "_append", "after"),
    ("shuyuan.publish.past", "correct", "after"),
    ("shuyuan.ledger.told", "tell", "after"),
    ("shuyuan.flow.library", "correct", "after"),
]


@pytest.mark.parametrize(("module", "function", "when"), POINTS)
def test_a_correction_that_dies_is_done_whole_by_the_next(
    published: Town, module: str, function: str, when: str
) -> None:
    town = published
    register(town, TUESDAY, ann="二", without=(BOB,))
    run = resolve("population")
    assert in_a_process(fault_probe.main, "worker", module, function, when, "publish", str(run)) < 0
    assert len(corrections(town)) == (1 if function == "correct" and "flow" in module else 0)
    publish(run)
    assert corrections(town) == [(TUESDAY, 1, 1, 1)]
    assert past(town, TUESDAY)[ANN] == "二" and all(replayed(town, day) for day in (MONDAY, TUESDAY, WEDNESDAY))
    assert town.one("SELECT count(*) FROM ledger.load WHERE step = 'correct' AND outcome = 'ok'") == 1
    upkeep.remove_orphans(0)
    assert not list((town.home / "lake").glob("replay-*"))


def test_other_rules_tell_a_past_day_otherwise(published: Town, shuyuan: Any, contract: Contract) -> None:
    town = published
    contract()
    path = Path(settings.load().catalog) / "libraries" / "population.yml"
    rules = path.read_text("utf-8")
    assert json.loads(shuyuan("replay", "population", "--date", str(MONDAY), "--json").out)["different"] == 0
    path.write_text(
        rules.replace("source: hrss.insured.pension_status", "source: medical_insurance.insured.status"), "utf-8"
    )
    load_catalog.cache_clear()
    counted = json.loads(shuyuan("replay", "population", "--date", str(MONDAY), "--json").out)
    insured_then = len(PEOPLE) - 1
    assert (counted["different"], counted["items"]) == (insured_then, {"pension_status": insured_then})
    assert counted["sample"] == [] and counted["access_id"] is None
    assert ANN not in shuyuan("replay", "population", "--date", str(MONDAY)).words, (
        "nobody sees whose values differ without being named"
    )
    people.add_person("zhao", "public_security", "steward")
    people.add_person("wang", "tax", "analyst")
    refused = shuyuan("replay", "population", "--date", str(MONDAY), "--as", "wang")
    assert refused.code == 2 and "refused" in refused.words
    shown = json.loads(shuyuan("replay", "population", "--date", str(MONDAY), "--as", "zhao", "--json").out)
    assert {"entity": ANN, "item": "pension_status", "replayed": None, "known": "1"} in shown["sample"] and len(
        shown["sample"]
    ) == 5
    read = "SELECT user_name, outcome, objects, columns, rows FROM ledger.access ORDER BY access_id"
    assert town.ask(read) == [
        ("wang", "refused", ["history.population"], [], None),
        ("zhao", "granted", ["history.population"], ["pension_status"], 5),
    ]
    assert town.one("SELECT count(*) FROM ledger.load WHERE step = 'replay' AND outcome = 'ok'") == 4
    assert corrections(town) == [], "a replay corrects nothing"


def test_who_stands_in_a_row_that_was_set_aside_is_known_from_the_last_delivery_that_could_be_read(town: Town) -> None:
    """Ann's row is broken twice; on the day in question she is still called as on the first, and nothing older is read than that."""
    register(town, SUNDAY, ann="零")
    register(town, MONDAY, ann="一")
    broken = [person(ANN).replace("广东省", "广东省,"), *map(person, PEOPLE[1:])]
    for day in (TUESDAY, WEDNESDAY):
        town.register(day, [*broken[:-1], person(PEOPLE[-1], f"末{day:%d}")])
        town.feed(day)
    register(town, THURSDAY, ann="四")
    town.publish()
    upkeep.remove_orphans(0)
    sha256 = town.one("SELECT file_sha256 FROM ledger.batch WHERE business_date = %s", SUNDAY)
    (town.home / "archive" / sha256[:2] / sha256).unlink()
    insured(town, WEDNESDAY, say(ANN, "1"))
    town.publish()
    assert past(town, WEDNESDAY)[ANN] == "一" and status(town, WEDNESDAY)[ANN] == "1"
    assert replayed(town, WEDNESDAY)
    with pytest.raises(Forgotten, match="batch 1 for 2026-11-15"):
        replay("population", SUNDAY)


def test_many_change_files_are_taken_up_at_once(published: Town) -> None:
    """Before the day in question only the last word about a key counts; that one may be a deletion, and be followed by another word."""
    town = published
    insured(town, MONDAY, say(CAI, "1"), say(BOB, op="D"))
    insured(town, TUESDAY, say(BOB, "3"), say(CAI, "2", "U"))
    insured(town, TUESDAY, say(CAI, op="D"), say(ANN, "2", "U"))
    town.publish()
    assert status(town, MONDAY) == {ANN: "1", BOB: None, CAI: "1"}
    assert status(town, TUESDAY) == {ANN: "2", BOB: "3", CAI: None}
    insured(town, WEDNESDAY, say(ANN, "3", "U"))
    register(town, THURSDAY, bob="四")
    town.publish()
    insured(town, WEDNESDAY, say(BOB, op="D"))
    town.publish()
    assert status(town, WEDNESDAY) == {ANN: "3", BOB: None}
    assert all(replayed(town, day) for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY))
