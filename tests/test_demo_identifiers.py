"""Invented identifiers against the published vectors and against the checker that was written apart from them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from shuyuan.demo import identifiers, spoil
from shuyuan.standards import parse

CITIZENS = identifiers.citizen_ids(
    np.array([110105, 440399, 341298]),
    np.array(["1949-12-31", "2000-02-29", "2026-08-25"], "datetime64[D]"),
    np.array([2, 7, 998]),
)
BODIES = identifiers.usccs(
    np.array([b"91", b"12", b"53"]), np.array([440399] * 3), np.array([600_037_34, 1, 98_765_432])
)


def verdict(item_type: str, text: str) -> str | None:
    return parse(item_type, pa.array([text])).verdicts[0].as_py()


def test_a_published_vector_of_gb_11643() -> None:
    assert CITIZENS[0].as_py() == "11010519491231002X"


def test_a_published_vector_of_gb_32100() -> None:
    code = identifiers.usccs(np.array([b"91"]), np.array([110000]), np.array([60_003_734]))
    assert code[0].as_py() == "91110000600037341L"


@pytest.mark.parametrize("number", CITIZENS.to_pylist())
def test_citizen_numbers_are_valid(number: str) -> None:
    assert verdict("citizen_id", number) is None


@pytest.mark.parametrize("code", BODIES.to_pylist())
def test_credit_codes_are_valid(code: str) -> None:
    assert verdict("uscc", code) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (identifiers.other_check, "id_checksum"),
        (identifiers.impossible_birth, "id_birth_date"),
        (identifiers.legacy_id, "id_15_digits"),
        (spoil.masked_id, "masked"),
        (spoil.float_of, "excel_mangled"),
        (spoil.full_width, None),
        (str.lower, None),
    ],
)
def test_spoiled_citizen_numbers_get_their_reason(change: spoil.Callable[[str], str], reason: str | None) -> None:
    assert verdict("citizen_id", change(CITIZENS[0].as_py())) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (identifiers.other_organisation_check, "uscc_org_checksum"),
        (spoil.other_uscc_check, "uscc_checksum"),
        (spoil.letters_never_used, "uscc_charset"),
        (spoil.tax_number, "uscc_is_tax_number"),
        (spoil.organisation_code, "uscc_is_org_code"),
        (spoil.space_inside, None),
    ],
)
@pytest.mark.parametrize("code", BODIES.to_pylist())
def test_spoiled_credit_codes_get_their_reason(
    code: str, change: spoil.Callable[[str], str], reason: str | None
) -> None:
    assert verdict("uscc", change(code)) == reason


def test_a_legacy_number_is_upgraded_to_the_number_it_was() -> None:
    number = CITIZENS[0].as_py()
    assert parse("citizen_id", pa.array([identifiers.legacy_id(number)])).values[0].as_py() == number
