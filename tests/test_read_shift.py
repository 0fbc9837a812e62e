"""Values that a surplus cell has pushed aside are told by the types of their columns."""

from __future__ import annotations

import random

import pytest

from shuyuan.reader.texts.shift import Profile, surplus

LEARNED = Profile(4, ([f"2020-01-{i:02}", f"10:{i:02}", str(i), ""] for i in range(10, 30)))


def test_a_surplus_cell_at_the_end_is_harmless() -> None:
    assert surplus(["2020-02-01", "11:00", "5", "", ""], LEARNED) is None
    assert surplus(["2020-02-01", "11:00", "5", ""], LEARNED) is None


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_surplus_cell_in_the_middle_shifts_the_values_behind_it(at: int) -> None:
    row = ["2020-02-01", "11:00", "5", ""]
    fault = surplus([*row[:at], "", *row[at:]], LEARNED)
    assert fault is not None
    assert fault.reason == "shifted_row"


def test_a_row_that_types_cannot_tell_is_refused_too() -> None:
    names_only = Profile(3, [["甲", "乙", "丙"]] * 20)
    assert surplus(["甲", "", "乙", ""], names_only) is not None
    often_empty = Profile(4, [["a1", "", "2020-01-01", ""]] * 20)
    assert surplus(["a2", "", "2020-01-02", "", ""], often_empty) is None


def test_the_profile_survives_random_rows() -> None:
    chance = random.Random(5)
    for _ in range(500):
        width = chance.randint(1, 5)
        profile = Profile(
            width, ([chance.choice(["", "1", "x", "2020-01-01"]) for _ in range(width)] for _ in range(5))
        )
        surplus([chance.choice(["", "1", "x"]) for _ in range(chance.randint(0, 8))], profile)
