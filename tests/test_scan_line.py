"""What a delivery holds beyond its contract, on the whole line: undeclared personal data are told, classified data do not enter."""

from __future__ import annotations

import pytest
from town import MONDAY, Town, ids, person

from shuyuan.db.engine import transaction
from shuyuan.db.sql import statement
from shuyuan.flow import status
from shuyuan.flow.step import Rejected


def with_household(line: str, household: str) -> str:
    return line.replace(",H1,", f",{household},")


def test_personal_data_that_the_contract_does_not_declare_are_told(town: Town) -> None:
    people = ids(12)
    shifted = [person(p).replace(",H1,440303,", f",H1,{p},") for p in people[:6]]
    town.register(MONDAY, [*shifted, *map(person, people[6:])])
    town.feed(MONDAY)
    ((severity, item, rows, message),) = town.ask(
        "SELECT severity, item, rows, message FROM ledger.finding WHERE kind = 'undeclared_personal_data'"
    )
    assert (severity, item, rows) == ("warning", "hukou_division", 6)
    assert "首见第 2 行" in message
    assert not any(p in message for p in people)


def test_classified_data_do_not_enter(town: Town) -> None:
    people = ids(12)
    town.register(MONDAY, [*map(person, people[1:]), with_household(person(people[0]), "机密★10年")])
    with pytest.raises(Rejected, match="密级"):
        town.feed(MONDAY)
    assert town.ask("SELECT state, split_part(reason, ':', 1) FROM ledger.batch") == [("rejected", "secrecy_marking")]
    assert town.ask("SELECT count(*) FROM source.public_security__resident") == [(0,)]
    assert not list((town.home / "lake" / "staged").rglob("*.parquet"))


def test_codes_that_nothing_names_become_the_stewards_list(town: Town) -> None:
    people = ids(5)
    town.register(MONDAY, [person(people[0], sex="雄"), person(people[1], sex="雄"), *map(person, people[2:])])
    town.feed(MONDAY)
    assert town.ask("SELECT resource, item, value, reason, rows FROM ledger.unmapped_now") == [
        ("public_security.resident", "sex", "雄", "code_unknown", 2)
    ]


def test_a_number_that_slipped_among_the_codes_is_not_shown_to_everybody(town: Town) -> None:
    people = ids(5)
    town.register(MONDAY, [person(people[0], sex=people[0]), *map(person, people[1:])])
    town.feed(MONDAY)
    masked = people[0][:6] + "********" + people[0][-4:]
    assert [row["value"] for row in status.unmapped("public_security.resident")] == [masked]
    page = statement("console/unmapped")
    with transaction("shuyuan_web") as connection:
        batch = connection.execute("SELECT max(batch_id) FROM ledger.batch").fetchone()
        assert [row[1] for row in connection.execute(page, {"batch": batch[0] if batch else None})] == [masked]
