"""The line on a tiny town: what was delivered is what the library holds, each change once, everything audited."""

from __future__ import annotations

import pytest
from town import INSURED, MONDAY, RESIDENT, TUESDAY, WEDNESDAY, Town, ids, person

from shuyuan.flow import Rejected, check, read, receive
from shuyuan.flow.status import summary

PEOPLE = ids(30)


def register(*changed: str, people: list[str] = PEOPLE) -> list[str]:
    """The register of all people, with the lines of `changed` in place of theirs."""
    given = {line[:18]: line for line in changed}
    return [given.get(number, person(number)) for number in people]


def test_a_delivery_becomes_library_rows_and_every_row_is_accounted_for(town: Town) -> None:
    town.register(MONDAY, [*register(), person("440303198002031009")])  # the last number fails its check
    batch = town.feed(MONDAY)
    town.publish()
    assert town.one("SELECT count(*) FROM library.population") == 30
    accounted = town.ask(
        "SELECT physical, loaded, quarantined, blank, preamble, state FROM ledger.batch WHERE batch_id = %s", batch
    )
    assert accounted == [(32, 30, 1, 0, 1, "admitted")]
    ((line, item, value, reason, raw),) = town.ask("SELECT line, item, value, reason, raw FROM ledger.quarantine")
    assert (line, item, value, reason) == (32, "id_no", "440303198002031009", "id_checksum")
    assert "440303198002031009" in raw


def test_a_second_day_touches_only_what_changed(town: Town) -> None:
    town.register(MONDAY, register())
    town.feed(MONDAY)
    town.publish()
    before = written(town)
    town.register(TUESDAY, register(person(PEOPLE[3], "新名字"), people=[*PEOPLE[:-1], ids(31)[30]]))
    batch = town.feed(TUESDAY)
    town.publish()
    changes = town.ask("SELECT inserted, updated, deleted, unchanged FROM ledger.batch WHERE batch_id = %s", batch)
    assert changes == [(1, 1, 1, 28)]
    assert written(town) - before == 3 + 3 + 3  # source, library, history: one row each per change
    assert town.one("SELECT name FROM library.population WHERE _key = %s", PEOPLE[3]) == "新名字"
    assert town.one("SELECT count(*) FROM library.population WHERE _key = %s", PEOPLE[-1]) == 0


def written(town: Town) -> int:
    """Rows PostgreSQL ever wrote into source, library and history."""
    town.ask("SELECT pg_stat_force_next_flush()")
    query = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE schemaname IN ('source', 'library', 'history')"
    return int(town.one(query))


def test_history_answers_on_both_time_axes(town: Town) -> None:
    town.register(MONDAY, register())
    town.feed(MONDAY)
    town.publish()
    known = town.one("SELECT clock_timestamp()")
    town.register(WEDNESDAY, register(person(PEOPLE[0], "改名后")))
    town.feed(WEDNESDAY)
    town.publish()
    as_of = "SELECT name FROM history.population_as_of(%s, %s) WHERE _key = %s"
    first = town.one(as_of, TUESDAY, "infinity", PEOPLE[0])
    assert first != "改名后"
    assert town.one(as_of, WEDNESDAY, "infinity", PEOPLE[0]) == "改名后"
    assert town.one(as_of, WEDNESDAY, known, PEOPLE[0]) == first


def test_the_same_delivery_again_changes_nothing(town: Town) -> None:
    path = town.register(MONDAY, register())
    batch = town.feed(MONDAY)
    run = town.publish()
    assert receive(RESIDENT, MONDAY) is None
    town.drop("resident_20261116_again.csv", path.read_bytes(), 30)
    assert receive(RESIDENT, MONDAY) is None
    assert town.publish() == run
    assert town.ask("SELECT batch_id, file_name FROM ledger.load WHERE outcome = 'duplicate'") == [
        (batch, "resident_20261116_again.csv")
    ]
    receive(RESIDENT, MONDAY)
    assert town.one("SELECT count(*) FROM ledger.load WHERE outcome = 'duplicate'") == 1


def test_what_came_after_the_day_was_taken_is_found_and_taken(town: Town) -> None:
    from shuyuan.flow.stragglers import stragglers

    town.register(MONDAY, register())
    assert stragglers(TUESDAY) == []  # the scheduled run waits for it
    town.feed(MONDAY)
    assert stragglers(TUESDAY) == []
    town.register(MONDAY, register(person(PEOPLE[5], "更正后")), suffix="_2")
    town.register(WEDNESDAY, register())
    assert stragglers(TUESDAY) == [(RESIDENT, MONDAY)]
    town.feed(MONDAY)
    assert stragglers(TUESDAY) == []


def test_the_same_file_under_two_names_is_noted_at_once(town: Town) -> None:
    path = town.register(MONDAY, register())
    town.drop("resident_20261116_2.csv", path.read_bytes(), 30)
    town.feed(MONDAY)
    assert town.ask("SELECT file_name FROM ledger.load WHERE outcome = 'duplicate'") == [("resident_20261116_2.csv",)]


def test_findings_speak_of_the_departments_file(town: Town) -> None:
    path = town.register(MONDAY, register())
    path.rename(path.with_name("resident_20261116_a.csv"))
    path.with_name(path.name + ".ok").rename(path.with_name("resident_20261116_a.csv.ok"))
    town.feed(MONDAY)
    assert town.one("SELECT count(*) FROM ledger.finding WHERE kind = 'format_by_content'") == 0


def test_a_correction_supersedes(town: Town) -> None:
    town.register(MONDAY, register())
    first = town.feed(MONDAY)
    town.register(MONDAY, register(person(PEOPLE[5], "更正后")), suffix="_2")
    second = town.feed(MONDAY)
    town.publish()
    assert town.state(first) == "superseded"
    assert town.state(second) == "admitted"
    assert town.one("SELECT name FROM library.population WHERE _key = %s", PEOPLE[5]) == "更正后"


def test_a_late_full_delivery_for_an_old_date_changes_nothing_and_says_so(town: Town) -> None:
    town.register(TUESDAY, register())
    town.feed(TUESDAY)
    town.register(MONDAY, register(person(PEOPLE[0], "旧名字")))
    late = town.feed(MONDAY)
    town.publish()
    assert town.state(late) == "outdated"
    assert "2026-11-17" in town.one("SELECT reason FROM ledger.batch WHERE batch_id = %s", late)
    assert town.one("SELECT name FROM library.population WHERE _key = %s", PEOPLE[0]) != "旧名字"


def test_a_late_change_file_speaks_only_where_nothing_newer_is_known(town: Town) -> None:
    new, old, gone = PEOPLE[:3]
    town.insured(TUESDAY, [{"社会保障号": new, "姓名": "新"}, {"社会保障号": gone, "opt_type": "D"}])
    town.feed(TUESDAY, INSURED)
    town.insured(MONDAY, [{"社会保障号": number, "姓名": "旧"} for number in (new, old, gone)])
    town.feed(MONDAY, INSURED)
    names = dict(town.ask("SELECT _key, name FROM source.hrss__insured"))
    assert names == {new: "新", old: "旧"}


def test_a_key_that_was_set_aside_is_not_gone(town: Town) -> None:
    town.register(MONDAY, register())
    town.feed(MONDAY)
    conflicting = [person(PEOPLE[7], "甲"), person(PEOPLE[7], "乙")]
    town.register(TUESDAY, [*register(people=[p for p in PEOPLE if p != PEOPLE[7]]), *conflicting])
    town.feed(TUESDAY)
    assert town.one("SELECT count(*) FROM source.public_security__resident WHERE id_no = %s", PEOPLE[7]) == 1
    assert town.ask("SELECT reason, count(*) FROM ledger.quarantine GROUP BY reason") == [("key_conflict", 2)]


def test_other_departments_claims_are_compared_and_never_change_the_value(town: Town) -> None:
    town.register(
        MONDAY, register(person(PEOPLE[0], "阿依古丽·买买提"), person(PEOPLE[1], "张三"), person(PEOPLE[2], "李四"))
    )
    town.feed(MONDAY)
    town.insured(
        MONDAY,
        [
            {"社会保障号": PEOPLE[0], "姓名": "阿依古丽•买买提"},  # another dot is the same name
            {"社会保障号": PEOPLE[1], "姓名": "张叁"},
            {"社会保障号": PEOPLE[2], "姓名": "李*"},  # masked: no claim
            {"社会保障号": PEOPLE[3], "姓名": None},  # empty: no claim
        ],
    )
    town.feed(MONDAY, INSURED)
    run = town.publish()
    found = town.ask("SELECT entity, item, source_value, claim_ref, claim_value, class FROM ledger.discrepancy")
    assert found == [(PEOPLE[1], "name", "张三", "hrss.insured.name", "张叁", "error")]
    assert town.one("SELECT name FROM library.population WHERE _key = %s", PEOPLE[1]) == "张三"
    compared = town.ask(
        "SELECT compared, disagreed FROM ledger.crosscheck WHERE run_id = %s AND claim_ref = 'hrss.insured.name'", run
    )
    assert compared == [(2, 1)]


def test_a_discrepancy_closes_when_the_department_corrects_itself(town: Town) -> None:
    town.register(MONDAY, register())
    town.feed(MONDAY)
    truth = town.one("SELECT name FROM source.public_security__resident WHERE id_no = %s", PEOPLE[0])
    town.insured(MONDAY, [{"社会保障号": PEOPLE[0], "姓名": "错"}])
    town.feed(MONDAY, INSURED)
    opened = town.publish()
    town.insured(TUESDAY, [{"社会保障号": PEOPLE[0], "姓名": truth, "opt_type": "U"}])
    town.feed(TUESDAY, INSURED)
    closed = town.publish()
    assert town.ask("SELECT opened_run, closed_run FROM ledger.discrepancy") == [(opened, closed)]


def test_a_fallback_fills_and_is_marked(town: Town) -> None:
    town.register(MONDAY, register(person(PEOPLE[0], marital="20")))
    town.feed(MONDAY)
    town.publish()
    row = town.ask(
        "SELECT marital_status, _filled ->> 'marital_status' FROM library.population WHERE _key = %s", PEOPLE[0]
    )
    assert row == [("20", RESIDENT)]


def test_the_published_library_is_proven_by_its_suite(town: Town) -> None:
    town.register(MONDAY, register())
    town.feed(MONDAY)
    run = town.publish()
    ((decision, evaluated),) = town.ask("SELECT decision, evaluated FROM ledger.validation WHERE run_id = %s", run)
    assert decision == "pass"
    assert evaluated >= 10


def test_a_value_that_is_not_its_sources_is_found_in_the_published_library(town: Town) -> None:
    """The proof must be able to fail: change one published value behind the line's back."""
    from shuyuan import settings
    from shuyuan.catalog import load_catalog
    from shuyuan.quality import judge

    town.register(MONDAY, register())
    town.feed(MONDAY)
    run = town.publish()
    with_owner(town, "UPDATE library.population SET name = '被人改过' WHERE _key = %s", PEOPLE[0])
    catalog = load_catalog(settings.load().catalog)
    verdict = judge.library(run, catalog.libraries["population"], catalog)
    assert verdict.decision == "reject"
    assert any(finding.item == "name" and finding.severity == "critical" for finding in verdict.findings)


def with_owner(town: Town, order: str, *values: object) -> None:
    from shuyuan.db.engine import transaction

    with transaction("shuyuan_owner") as connection:
        connection.execute(order.encode(), values)


def test_every_step_leaves_its_audit_row_with_who_what_and_how_long(town: Town) -> None:
    town.register(MONDAY, register())
    batch = town.feed(MONDAY)
    town.publish()
    steps = town.ask(
        "SELECT step, outcome, actor <> '', seconds >= 0 FROM ledger.load WHERE batch_id = %s ORDER BY load_id", batch
    )
    assert steps == [(step, "ok", True, True) for step in ("receive", "read", "check", "admit")]
    hashes = town.ask("SELECT DISTINCT file_sha256 IS NOT NULL FROM ledger.load WHERE batch_id = %s", batch)
    assert hashes == [(True,)]
    found = summary()
    assert found["libraries"]["population"]["rows"] == 30
    assert found["batches"] == {"admitted": 1}
    assert found["audit"]["load"]["ok"] >= 6


def test_a_missing_department_does_not_block_the_library(town: Town) -> None:
    town.register(MONDAY, register())
    town.feed(MONDAY)
    town.publish()
    town.publish("legal_entity")
    assert town.one("SELECT count(*) FROM library.population") == 30
    assert town.one("SELECT count(*) FROM library.legal_entity") == 0


def test_a_suite_rejects_a_broken_delivery_and_the_old_rows_stay(town: Town) -> None:
    town.register(MONDAY, register())
    town.feed(MONDAY)
    town.register(TUESDAY, register()[:10])  # two thirds of the register are gone
    batch = receive(RESIDENT, TUESDAY)
    assert batch is not None
    with pytest.raises(Rejected):
        check(read(batch))
    assert town.state(batch) == "rejected"
    assert town.one("SELECT count(*) FROM source.public_security__resident") == 30
    assert town.ask("SELECT decision FROM ledger.validation WHERE batch_id = %s", batch) == [("reject",)]
    assert town.one("SELECT count(*) FROM ledger.load WHERE batch_id = %s AND outcome = 'refused'", batch) == 1
