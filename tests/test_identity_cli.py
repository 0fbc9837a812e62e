"""`shuyuan identity …` as a steward meets it: each command's words, its next step and its exit code."""
# ruff: noqa: F811  # a fixture is imported and then named as an argument

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from linked import MOTHER, NEW, OLD, OTHER, pension, place  # noqa: F401
from psycopg.errors import UndefinedTable
from terminal import program  # noqa: F401

from shuyuan.cli import identity as commands
from shuyuan.db.engine import transaction
from shuyuan.db.sql import SQL

RULED = ("--by", "lin", "--reason", "seen both files")
ASKED = ("--as", "lin")


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands.out, "width", 250)


def test_a_steward_finds_confirms_shows_and_takes_back(shuyuan: Any, place: Path) -> None:
    assert (
        shuyuan("identity", "list", "population", *ASKED).words.partition(" Next: ")[2]
        == "shuyuan identity propose population"
    )
    assert (
        shuyuan("identity", "propose", "population").words
        == "1 new proposals by rule. Next: shuyuan identity list population"
    )
    listed = shuyuan("identity", "list", *ASKED).words
    assert f"{OLD} │ {NEW} │ same_person" in listed and "same name and birth date; the same phone" in listed
    (number,) = set(re.findall(r"confirm (\d+)", listed))
    done = shuyuan("identity", "confirm", number, *RULED)
    assert done.words == f"link {number} is confirmed: {OLD} speaks of {NEW}. Next: shuyuan resolve population"
    shown = shuyuan("identity", "show", OLD, *ASKED).words
    assert f"an alias of {NEW}" in shown and "seen both files" in shown
    assert f"Next: shuyuan identity unmerge population {OLD}" in shown
    (own,) = re.findall(r"own id ([0-9a-f-]{36})", shown)
    assert f"population {OLD}" in shuyuan("identity", "show", own, *ASKED).words
    back = shuyuan("identity", "unmerge", "population", OLD, *RULED)
    assert (back.code, "speaks for itself again" in back.words) == (0, True)
    assert f"entity {own}" in shuyuan("identity", "show", OLD, *ASKED).words


def accesses(since: int = 0) -> list[tuple[Any, ...]]:
    """What the audit says, oldest first: (number, user, role, statement, objects, outcome, entity, rows)."""
    order = SQL(
        "SELECT access_id, user_name, role, statement, objects, outcome, entity, rows FROM ledger.access WHERE access_id > %s ORDER BY access_id"
    )
    with transaction("shuyuan_auditor") as connection:
        return connection.execute(order, [since]).fetchall()


def number_of(words: str) -> int:
    (number,) = re.findall(r"access (\d+)", words)
    return int(number)


def test_every_look_is_on_record_and_only_those_who_check_data_see_numbers(shuyuan: Any, place: Path) -> None:
    shuyuan("identity", "propose", "population")
    plain = shuyuan("identity", "list", "population", "--state", "all", *ASKED).words
    assert NEW in plain and OLD in plain
    (row,) = accesses(number_of(plain) - 1)
    assert row[1:3] == ("lin", "steward") and row[4:7] == (["ledger.link"], "granted", None) and row[7] >= 1
    shown = shuyuan("identity", "show", NEW, *ASKED).words
    (row,) = accesses(number_of(shown) - 1)
    assert row[3:] == (f"identity show {NEW}", ["ledger.link", "library.population"], "granted", NEW, 1)
    for asked in (("list", "population", "--state", "all"), ("show", NEW)):
        masked = shuyuan("identity", *asked, "--as", "yan")
        assert (masked.code, "numbers are masked" in masked.words) == (0, True)
        assert (
            NEW[:14] not in masked.words.replace(" ", "")
            and OLD not in masked.words
            and f"****{NEW[-4:]}" in masked.words
        )
        assert "Next" not in masked.words, "an auditor rules nothing"
        assert accesses(number_of(masked.words) - 1)[0][1:3] == ("yan", "auditor")


@pytest.mark.parametrize(("who", "said"), [("wang", "只对数据管理员"), ("nobody", "未登记的人员"), ("gone", "已停用")])
def test_who_has_no_duty_is_refused_and_the_refusal_is_on_record(
    shuyuan: Any, place: Path, who: str, said: str
) -> None:
    for asked, entity in ((("list", "--state", "all"), None), (("show", OTHER), OTHER)):
        answer = shuyuan("identity", *asked, "--as", who)
        assert (answer.code, said in answer.words, OTHER in answer.words) == (2, True, False)
        (row,) = accesses(number_of(answer.words) - 1)
        assert (row[1], row[5], row[6], row[7]) == (who, "refused", entity, None)


def test_no_log_no_answer(shuyuan: Any, place: Path) -> None:
    """What cannot be recorded is not told, and what cannot be recorded is not ruled."""
    with transaction("shuyuan_owner") as connection:
        connection.execute("ALTER TABLE ledger.access RENAME TO access_away")
    try:
        for words in (("show", OTHER, *ASKED), ("merge", "population", OTHER, MOTHER, *RULED)):
            with pytest.raises(UndefinedTable):
                shuyuan("identity", *words)
    finally:
        with transaction("shuyuan_owner") as connection:
            connection.execute("ALTER TABLE ledger.access_away RENAME TO access")
    assert "speaks of" not in shuyuan("identity", "show", OTHER, *ASKED).words
    with transaction("shuyuan_steward") as connection:
        assert connection.execute(
            "SELECT count(*) FROM ledger.link WHERE alias = %s AND resource IS NULL", [OTHER]
        ).fetchone() == (0,)


def test_a_ruling_is_a_look_too(shuyuan: Any, place: Path) -> None:
    before = accesses()[-1][0] if accesses() else 0
    shuyuan("identity", "merge", "population", MOTHER, MOTHER, *RULED)
    shuyuan("identity", "merge", "population", MOTHER, OTHER, "--by", "wang", "--reason", "x")
    shuyuan("identity", "merge", "population", MOTHER, OTHER, *RULED)
    shuyuan("identity", "unmerge", "population", MOTHER, *RULED)
    told = [(row[1], row[3].split()[1], row[5], row[6]) for row in accesses(before)]
    assert told == [
        ("lin", "merge", "refused", None), ("wang", "merge", "refused", None), ("lin", "merge", "granted", OTHER),
        ("lin", "unmerge", "granted", OTHER),
    ]  # fmt: skip


def test_an_id_that_no_ruling_names_is_found_too(shuyuan: Any, place: Path) -> None:
    (own,) = re.findall(r"entity ([0-9a-f-]{36})", shuyuan("identity", "show", MOTHER, *ASKED).words)
    assert f"population {MOTHER}" in shuyuan("identity", "show", own, *ASKED).words


def test_a_number_of_two_people_is_separated_and_rejoined(shuyuan: Any, place: Path) -> None:
    with transaction("shuyuan_owner") as connection:
        pension(connection, OTHER, "欧阳兰")
    done = shuyuan("identity", "separate", "population", OTHER, "hrss.insured", "--where", "name=欧阳兰", *RULED)
    assert f"row {OTHER} of hrss.insured speaks of {OTHER}#2" in done.words
    assert f"row {OTHER} of hrss.insured" in shuyuan("identity", "list", "--state", "confirmed", *ASKED).words
    back = shuyuan("identity", "unmerge", "population", OTHER, "--resource", "hrss.insured", *RULED)
    assert (back.code, "withdrawn" in back.words) == (0, True)


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("merge", "population", OLD, OLD, *RULED), "name two different keys", 1),
        (("merge", "population", OLD, NEW, "--by", "wang", "--reason", "x"), "'wang' is no active steward", 1),
        (("merge", "populaton", OLD, NEW, *RULED), "did you mean population?", 2),
        (("confirm", "99999", *RULED), "no link 99999", 2),
        (("list", "--state", "lost", *ASKED), "there are proposed, confirmed, refused, withdrawn, all", 2),
        (("propose", "geo"), "only libraries of persons", 1),
        (("propose", "population", "--likely", "2"), "above 0 and at most 1", 2),
        (("show", "0000", *ASKED), "no library publishes 0000", 2),
        (("separate", "population", OTHER, "hrss.insured", "--where", "nam=x", *RULED), "hrss.insured has id_no", 2),
        (("separate", "population", OTHER, "tax.taxpayer", "--where", "name=x", *RULED), "no member of population", 2),
    ],
)
def test_what_is_asked_wrongly_is_told_in_one_line(
    shuyuan: Any, place: Path, words: tuple[str, ...], said: str, code: int
) -> None:
    answer = shuyuan("identity", *words)
    assert (answer.code, said in answer.words) == (code, True), answer.words
