"""The word that nothing changed: it meets the freshness, touches nothing, and is not believed where it cannot be meant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from town import MONDAY, RESIDENT, TUESDAY, WEDNESDAY, Town, ids, person

from shuyuan.flow import Rejected, admit, check, line, read, receive
from shuyuan.quality import freshness

PEOPLE = ids(12)
LINES = [person(number) for number in PEOPLE]


def quiet(town: Town, day: date, name: str = "resident_{day}.nochange", text: str = "") -> Path:
    path = town.home / "inbox" / "public_security" / name.replace("{day}", f"{day:%Y%m%d}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("resident_{day}.nochange", ""),
        ("resident_{day}.csv.nochange", "rows=0"),
        ("resident_{day}.csv.ok", "rows=0 nochange"),
        ("resident_{day}.csv.ok", '{"nochange": true}'),
    ],
)
def test_the_word_that_nothing_changed_meets_the_freshness_and_touches_no_row(town: Town, name: str, text: str) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    town.publish()
    before = snapshot(town)
    quiet(town, TUESDAY, name, text)
    batch = receive(RESIDENT, TUESDAY)
    assert batch is not None and batch == admit(check(read(batch))), "the other steps have nothing to do"
    assert town.ask("SELECT mode, state, physical, inserted, deleted FROM ledger.batch WHERE batch_id = %s", batch) == [
        ("nochange", "admitted", 0, 0, 0)]  # fmt: skip
    assert snapshot(town) == before
    assert town.one("SELECT last_business_date FROM ledger.freshness WHERE resource = %s", RESIDENT) == TUESDAY
    assert receive(RESIDENT, TUESDAY) is None
    assert town.ask("SELECT step, outcome FROM ledger.load WHERE batch_id = %s", batch) == [("receive", "ok")]


def snapshot(town: Town) -> list[tuple[object, ...]]:
    pointers = town.ask("SELECT kind, name, manifest, batch_id FROM ledger.snapshot ORDER BY 1, 2")
    return pointers + town.ask("SELECT id_no, _batch, _as_of FROM source.public_security__resident ORDER BY 1")


def test_the_word_that_nothing_changed_closes_a_breach(town: Town) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    freshness.sweep(date(2027, 3, 1))
    assert town.one("SELECT count(*) FROM ledger.breach WHERE resource = %s AND closed_at IS NULL", RESIDENT) == 1
    owed = town.one("SELECT expected_for FROM ledger.breach WHERE resource = %s", RESIDENT)
    quiet(town, owed)
    batch = receive(RESIDENT, owed)
    freshness.sweep(date(2027, 3, 1))
    closed = town.ask(
        "SELECT closed_by_batch FROM ledger.breach WHERE resource = %s AND expected_for = %s", RESIDENT, owed
    )
    assert closed == [(batch,)]


def test_nothing_can_be_unchanged_before_anything_came(town: Town) -> None:
    quiet(town, MONDAY)
    with pytest.raises(Rejected, match="nothing came before"):
        receive(RESIDENT, MONDAY)
    assert town.ask("SELECT state FROM ledger.batch") == [("rejected",)]


def test_a_refused_register_cannot_be_confirmed(town: Town) -> None:
    """The department means what it sent yesterday; what is live is what it sent before."""
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    town.drop("resident_20261117.csv", b"", rows=0)
    line.deliver(RESIDENT, TUESDAY)
    quiet(town, WEDNESDAY)
    with pytest.raises(Rejected, match=r"resident_20261117\.csv\) is rejected") as caught:
        receive(RESIDENT, WEDNESDAY)
    assert caught.value.reason == "nothing_to_confirm"


def test_an_empty_file_is_corrected_by_the_word_that_nothing_changed(town: Town) -> None:
    """Both are empty; they are not the same delivery."""
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    town.drop("resident_20261117.csv", b"", rows=0)
    assert len(line.deliver(RESIDENT, TUESDAY)) == 1
    quiet(town, TUESDAY)
    assert town.state(line.deliver(RESIDENT, TUESDAY)[0]) == "admitted"


def test_the_word_waits_while_what_it_confirms_is_under_way(town: Town) -> None:
    town.register(MONDAY, LINES)
    batch = receive(RESIDENT, MONDAY) or 0
    quiet(town, TUESDAY)
    assert receive(RESIDENT, TUESDAY) is None
    admit(check(read(batch)))
    assert receive(RESIDENT, TUESDAY) is not None


def test_after_the_word_a_register_of_the_same_day_still_counts(town: Town) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    quiet(town, TUESDAY)
    town.feed(TUESDAY)
    town.register(TUESDAY, LINES[:11])
    batch = town.feed(TUESDAY)
    assert town.ask("SELECT state, deleted FROM ledger.batch WHERE batch_id = %s", batch) == [("admitted", 1)]


def test_a_marker_that_promises_rows_is_refused(town: Town) -> None:
    quiet(town, MONDAY, text="rows=5")
    with pytest.raises(Rejected, match="nochange"):
        receive(RESIDENT, MONDAY)


def test_a_file_beside_the_word_that_nothing_changed_is_not_taken(town: Town) -> None:
    path = town.register(MONDAY, LINES)
    path.with_name(path.name + ".ok").write_text("nochange")
    with pytest.raises(Rejected, match="which of the two"):
        receive(RESIDENT, MONDAY)
