"""Change files: the last word counts, older words never do, and a deletion needs its key only."""

from __future__ import annotations

from datetime import date, timedelta

from town import INSURED, MONDAY, RESIDENT, TUESDAY, WEDNESDAY, Town, ids, person

MARRIAGE = "civil_affairs.marriage"
THURSDAY = WEDNESDAY + timedelta(days=1)
PEOPLE = ids(30)
MARRIAGES = "登记证字号,男方身份证件号,男方姓名,女方身份证件号,女方姓名,婚姻登记类别,登记日期,登记机关,操作类型"


def marriages(town: Town, day: date, *lines: str) -> int:
    """A change file of the marriage register, through the line. → batch."""
    text = "".join(f"{line}\n" for line in (MARRIAGES, *lines))
    town.drop(f"marriage_{day:%Y%m%d}.csv", text.encode("utf-8-sig"), len(lines), department="civil_affairs")
    return town.feed(day, MARRIAGE)


def insured(town: Town, day: date, *rows: dict[str, str | None]) -> int:
    town.insured(day, list(rows))
    return town.feed(day, INSURED)


def crowd(town: Town) -> None:
    """Enough other people that one deletion is no mass deletion."""
    insured(town, MONDAY - timedelta(days=3), *(say(number, "路人") for number in PEOPLE[10:]))


def names(town: Town) -> dict[str, str | None]:
    found = town.ask("SELECT id_no, name FROM source.hrss__insured")
    return {number: name for number, name in found if name != "路人"}


def say(number: str, name: str | None = None, op: str = "I") -> dict[str, str | None]:
    return {"社会保障号": number, "姓名": name, "opt_type": op}


def test_of_several_words_about_one_key_in_one_file_the_last_counts(town: Town) -> None:
    first, second, third = PEOPLE[:3]
    words = [say(first, "甲"), say(first, "乙", "U"), say(first, "丙", "U"), say(second, "丁"), say(second, op="D")]
    batch = insured(town, MONDAY, *words, say(third, op="D"), say(third, "戊"))
    assert town.state(batch) == "admitted", "a log of changes is no bad file"
    assert names(town) == {first: "丙", third: "戊"}
    accounted = town.ask("SELECT loaded, quarantined, inserted, deleted, unchanged FROM ledger.batch")
    assert accounted == [(3, 4, 2, 0, 0)]


def test_insertion_of_a_known_key_and_deletion_of_an_unknown_one_do_what_they_mean(town: Town) -> None:
    known, unknown = PEOPLE[:2]
    crowd(town)
    insured(town, MONDAY, say(known, "旧"))
    insured(town, TUESDAY, say(known, "新"), say(unknown, op="D"))
    assert names(town) == {known: "新"}
    insured(town, WEDNESDAY, say(known, op="D"), say(unknown, "回", "U"))
    assert names(town) == {unknown: "回"}


def test_a_deletion_needs_its_key_only(town: Town) -> None:
    husband, wife = PEOPLE[:2]
    marriages(town, MONDAY, *(f"证{n},{husband},王一,{wife},王二,结婚,2020-01-02,民政局,I" for n in range(1, 13)))
    batch = marriages(
        town, TUESDAY, "证1,,,,,,,,D", f"证2,110105194912310021x,王一,{wife},王二,没有这种,坏日期,民政局,D"
    )
    assert town.one("SELECT count(*) FROM source.civil_affairs__marriage") == 10
    assert town.ask("SELECT FROM source.civil_affairs__marriage WHERE cert_no IN ('证1', '证2')") == []
    assert town.one("SELECT quarantined FROM ledger.batch WHERE batch_id = %s", batch) == 0


def test_a_change_file_without_rows_is_a_sign_of_life(town: Town) -> None:
    insured(town, MONDAY, say(PEOPLE[0], "甲"))
    assert marriages(town, MONDAY)
    batch = insured(town, TUESDAY)
    counts = "SELECT state, loaded, inserted, updated, deleted, unchanged FROM ledger.batch WHERE batch_id = %s"
    assert town.ask(counts, batch) == [("admitted", 0, 0, 0, 0, 0)]
    last = "SELECT last_business_date FROM ledger.freshness WHERE resource = %s"
    assert (town.one(last, INSURED), town.one(last, MARRIAGE)) == (TUESDAY, MONDAY)
    assert names(town) == {PEOPLE[0]: "甲"}
    town.publish()


def test_what_was_said_again_is_newer_than_a_late_word(town: Town) -> None:
    kept, gone = PEOPLE[:2]
    crowd(town)
    insured(town, MONDAY, say(kept, "真"), say(gone, op="D"))
    insured(town, WEDNESDAY, say(kept, "真", "U"), say(gone, op="D"))
    insured(town, TUESDAY, say(kept, "假", "U"), say(gone, "假"))
    assert names(town) == {kept: "真"}


def test_late_files_never_turn_the_day_of_the_resource_back(town: Town) -> None:
    insured(town, WEDNESDAY, say(PEOPLE[0], "三"))
    insured(town, MONDAY, say(PEOPLE[1], "一"))
    insured(town, TUESDAY, say(PEOPLE[2], "二"))
    live = "SELECT business_date FROM ledger.snapshot WHERE name = %s"
    assert town.one(live, INSURED) == WEDNESDAY


def test_history_never_runs_backwards_when_a_newer_member_leaves(town: Town) -> None:
    """The day of a run is that of its newest input, but never before what is published already."""
    town.register(MONDAY, [person(number) for number in PEOPLE])
    town.feed(MONDAY)
    insured(town, THURSDAY, say(PEOPLE[0], "别名"))
    town.publish()
    with_owner = "DELETE FROM ledger.snapshot WHERE name = %s RETURNING name"
    assert town.ask(with_owner, INSURED) == [(INSURED,)]
    town.register(TUESDAY, [person(PEOPLE[0], "后来"), *(person(number) for number in PEOPLE[1:])])
    town.feed(TUESDAY, RESIDENT)
    town.publish()
    now = "SELECT name FROM history.population_as_of(%s) WHERE _key = %s"
    assert town.one(now, THURSDAY, PEOPLE[0]) == "后来"
