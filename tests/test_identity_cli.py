"""`shuyuan identity …` as a steward meets it: each command's words, its next step and its exit code."""
# ruff: noqa: F811  # a fixture is imported and then named as an argument

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from linked import MOTHER, NEW, OLD, OTHER, pension, place  # noqa: F401
from terminal import program  # noqa: F401

from shuyuan.cli import identity as commands
from shuyuan.db.engine import transaction

RULED = ("--by", "lin", "--reason", "seen both files")


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands.out, "width", 250)


def test_a_steward_finds_confirms_shows_and_takes_back(shuyuan: Any, place: Path) -> None:
    assert (
        shuyuan("identity", "list", "population").words
        == "nothing is proposed. Next: shuyuan identity propose population"
    )
    assert (
        shuyuan("identity", "propose", "population").words
        == "1 new proposals by rule. Next: shuyuan identity list population"
    )
    listed = shuyuan("identity", "list").words
    assert f"{OLD} │ {NEW} │ same_person" in listed and "same name and birth date; the same phone" in listed
    (number,) = set(re.findall(r"confirm (\d+)", listed))
    done = shuyuan("identity", "confirm", number, *RULED)
    assert done.words == f"link {number} is confirmed: {OLD} speaks of {NEW}. Next: shuyuan resolve population"
    shown = shuyuan("identity", "show", OLD).words
    assert f"an alias of {NEW}" in shown and "seen both files" in shown
    assert f"Next: shuyuan identity unmerge population {OLD}" in shown
    (own,) = re.findall(r"own id ([0-9a-f-]{36})", shown)
    assert f"population {OLD}" in shuyuan("identity", "show", own).words
    back = shuyuan("identity", "unmerge", "population", OLD, *RULED)
    assert (back.code, "speaks for itself again" in back.words) == (0, True)
    assert f"entity {own}" in shuyuan("identity", "show", OLD).words


def test_an_id_that_no_ruling_names_is_found_too(shuyuan: Any, place: Path) -> None:
    (own,) = re.findall(r"entity ([0-9a-f-]{36})", shuyuan("identity", "show", MOTHER).words)
    assert f"population {MOTHER}" in shuyuan("identity", "show", own).words


def test_a_number_of_two_people_is_separated_and_rejoined(shuyuan: Any, place: Path) -> None:
    with transaction("shuyuan_owner") as connection:
        pension(connection, OTHER, "欧阳兰")
    done = shuyuan("identity", "separate", "population", OTHER, "hrss.insured", "--where", "name=欧阳兰", *RULED)
    assert f"row {OTHER} of hrss.insured speaks of {OTHER}#2" in done.words
    assert f"row {OTHER} of hrss.insured" in shuyuan("identity", "list", "--state", "confirmed").words
    back = shuyuan("identity", "unmerge", "population", OTHER, "--resource", "hrss.insured", *RULED)
    assert (back.code, "withdrawn" in back.words) == (0, True)


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("merge", "population", OLD, OLD, *RULED), "name two different keys", 1),
        (("merge", "population", OLD, NEW, "--by", "wang", "--reason", "x"), "'wang' is no active steward", 1),
        (("merge", "populaton", OLD, NEW, *RULED), "did you mean population?", 2),
        (("confirm", "99999", *RULED), "no link 99999", 2),
        (("list", "--state", "lost"), "there are proposed, confirmed, refused, withdrawn, all", 2),
        (("propose", "geo"), "only libraries of persons", 1),
        (("propose", "population", "--likely", "2"), "above 0 and at most 1", 2),
        (("show", "0000"), "no library publishes 0000", 2),
        (("separate", "population", OTHER, "hrss.insured", "--where", "nam=x", *RULED), "hrss.insured has id_no", 2),
        (("separate", "population", OTHER, "tax.taxpayer", "--where", "name=x", *RULED), "no member of population", 2),
    ],
)
def test_what_is_asked_wrongly_is_told_in_one_line(
    shuyuan: Any, place: Path, words: tuple[str, ...], said: str, code: int
) -> None:
    answer = shuyuan("identity", *words)
    assert (answer.code, said in answer.words) == (code, True), answer.words
