"""Citizen numbers and credit codes: published vectors, an independent oracle, and what feeds do to them."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from stdnum import luhn
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10

from shuyuan.settings import PROJECT
from shuyuan.standards import citizen, parse

AS_OF = date(2026, 11, 20)
SHARED = Path(os.environ.get("SHUYUAN_SHARED_DATA", PROJECT.parent / "shared" / "data"))
real = pytest.mark.skipif(
    not (SHARED / "enterprise_ningxia_masked").is_dir(),
    reason=f"no {SHARED / 'enterprise_ningxia_masked'}: set SHUYUAN_SHARED_DATA to the folder of real tables",
)
DIGITS = "0123456789"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _verdicts(item_type: str, texts: list[str], as_of: date | None = AS_OF) -> list[str | None]:
    return list(parse(item_type, pa.array(texts, pa.string()), as_of=as_of).verdicts.to_pylist())


def _values(item_type: str, texts: list[str]) -> list[str | None]:
    return list(parse(item_type, pa.array(texts, pa.string())).values.to_pylist())


@pytest.mark.parametrize("number", ["11010519491231002X", "810000199408230021", "830000199201300022"])
def test_published_citizen_numbers_are_fine(number: str) -> None:
    assert _verdicts("citizen_id", [number]) == [None]
    assert _values("citizen_id", [number]) == [number]


def test_citizen_numbers_are_normalised() -> None:
    spoiled = [
        "11010519491231002x",
        " 110105 19491231 002X\t",
        "１１０１０５１９４９１２３１００２Ｘ",
        "'11010519491231002X",
        "\ufeff11010519491231002X",
    ]
    read = parse("citizen_id", pa.array(spoiled))
    assert set(read.values.to_pylist()) == {"11010519491231002X"}
    assert read.changed.to_pylist() == [True] * 5


def test_foreigners_permanent_residence_number_is_valid() -> None:
    body = "91144019900307001"
    number = body + _check(body)
    assert _verdicts("citizen_id", [number]) == [None]


@real
def test_credit_codes_of_real_enterprises_against_the_oracle() -> None:
    """54,618 registrations: the oracle and we agree on every row."""
    codes: list[str] = []
    for path in sorted((SHARED / "enterprise_ningxia_masked").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            codes += [row["统一社会信用代码"] for row in csv.DictReader(lines)]
    read = parse("uscc", pa.array(codes))
    wrong = [
        code
        for code, ours in zip(codes, read.values.is_valid().to_pylist(), strict=True)
        if ours != _oracle(uscc, code)
    ]
    assert (len(codes) > 50_000, wrong) == (True, [])


def test_sex_and_birth_are_in_the_number() -> None:
    numbers = pa.array(
        ["11010519491231002X", "110105194912310038", None, "110105194912310021", "1101", "830000199201300022"]
    )
    assert citizen.sex_of(numbers).to_pylist() == ["2", "1", None, None, None, "2"]
    born = date(1949, 12, 31)
    assert citizen.birth_of(numbers).to_pylist() == [born, born, None, None, None, date(1992, 1, 30)]


def test_legacy_number_is_upgraded() -> None:
    read = parse("citizen_id", pa.array(["110105491231002"]))
    assert read.values.to_pylist() == ["11010519491231002X"]
    assert read.verdicts.to_pylist() == ["id_15_digits"]


@pytest.mark.parametrize(
    ("born", "verdict"),
    [
        ("18961119", "id_birth_implausible"),
        ("19000101", None),
        ("20261120", None),
        ("20261121", "id_birth_implausible"),
        ("20000229", None),
        ("19000229", "id_birth_date"),
        ("20001301", "id_birth_date"),
        ("20000100", "id_birth_date"),
        ("11111111", "id_birth_date"),
    ],
)
def test_birth_date_inside_the_number(born: str, verdict: str | None) -> None:
    body = f"110105{born}001"
    assert _verdicts("citizen_id", [body + _check(body)]) == [verdict]


def test_age_of_130_years_is_counted_from_the_business_date() -> None:
    body = "11010519010203001"
    number = body + _check(body)
    assert _verdicts("citizen_id", [number], date(2031, 2, 3)) == [None]
    assert _verdicts("citizen_id", [number], date(2031, 2, 4)) == ["id_birth_implausible"]
    assert _verdicts("citizen_id", [number], None) == [None]


def test_citizen_numbers_against_an_independent_oracle() -> None:
    """python-stdnum is right about counties that are older than the holder; it refuses the rest, and 81, 82, 83 and 9."""
    numbers = _random_citizen_numbers(3000)
    ours = [verdict is None for verdict in _verdicts("citizen_id", numbers)]
    theirs = [_oracle(ric, number) for number in numbers]
    assert ours == theirs
    assert 500 < sum(ours) < 2900


def test_credit_codes_against_an_independent_oracle() -> None:
    """python-stdnum checks the outer character only and requires eight leading digits, as these codes have."""
    codes = _random_credit_codes(3000)
    ours = [verdict in (None, "uscc_org_checksum", "uscc_authority_unknown") for verdict in _verdicts("uscc", codes)]
    theirs = [_oracle(uscc, code) for code in codes]
    assert ours == theirs
    assert 500 < sum(ours) < 2900


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000600037341L"])
def test_published_credit_codes_are_fine(code: str) -> None:
    assert _verdicts("uscc", [code]) == [None]
    assert _values("uscc", [f" {code.lower()} "]) == [code]


@pytest.mark.parametrize("head", ["N2440300", "A1110000", "Y1310000", "91440300", "54440300"])
def test_first_eight_characters_may_be_letters(head: str) -> None:
    organisation = "MA5DA123"
    code = head + organisation + _organisation_check(organisation)
    assert _verdicts("uscc", [code + _credit_check(code)]) == [None]


@pytest.mark.parametrize("head", ["MF123456", "94440300", "A2110000"])
def test_an_authority_outside_of_the_list_is_said_and_the_code_stays(head: str) -> None:
    code = head + "MA5DA123" + _organisation_check("MA5DA123")
    code += _credit_check(code)
    assert _verdicts("uscc", [code]) == ["uscc_authority_unknown"]
    assert _values("uscc", [code]) == [code]


def test_x_is_a_letter_of_the_credit_code_but_a_row_of_them_hides_it() -> None:
    body = "91440300XAXDA123" + _organisation_check("XAXDA123")
    code = body + _credit_check(body)
    assert _values("uscc", [code.lower(), code]) == [code, code]
    assert _verdicts("uscc", ["91350100XXXXXXXX43", "91350100xxxxxxxx43"]) == ["masked", "masked"]


def test_inner_check_is_a_reason_of_its_own_and_keeps_the_code() -> None:
    right = _organisation_check("MA5DA123")
    wrong = next(digit for digit in DIGITS if digit != right)
    code = "91440300MA5DA123" + wrong
    code += _credit_check(code)
    assert _verdicts("uscc", [code]) == ["uscc_org_checksum"]
    assert _values("uscc", [code]) == [code]


def test_every_single_typing_error_is_found() -> None:
    for item_type, right, alphabet in (
        ("citizen_id", "11010519491231002X", DIGITS),
        ("uscc", "91350100M000100Y43", ALPHABET),
    ):
        wrong = [
            right[:place] + other + right[place + 1 :]
            for place in range(len(right))
            for other in alphabet
            if other != right[place]
        ]
        read = parse(item_type, pa.array(wrong))
        assert read.values.null_count == len(wrong)


def test_neighbours_do_not_disturb_each_other() -> None:
    """Plain, tidied, masked, empty and broken rows in one column come back in their own places."""
    texts = ["11010519491231002X", None, "x", "11010519491231002x", "110105491231002", "-", "110105********002X"] * 50
    read = parse("citizen_id", pa.array(texts, pa.string()))
    right = "11010519491231002X"
    assert read.values.to_pylist() == [right, None, None, right, right, None, None] * 50
    assert read.verdicts.to_pylist() == [None, None, "id_length", None, "id_15_digits", None, "masked"] * 50
    assert read.changed.to_pylist() == [False, False, True, True, True, True, True] * 50


@pytest.mark.parametrize(
    ("item_type", "text", "value"),
    [
        ("org_code", "74218321-3", "742183213"),
        ("org_code", "７４２１８３２１－３", "742183213"),
        ("org_code", "ma5da123—2", "MA5DA1232"),
        ("reg_no", " 440301103097413 ", "440301103097413"),
        ("reg_no", "4403011030974", "4403011030974"),
        ("reg_no", "371325na000223x", "371325NA000223X"),
        ("tax_no", "440301742183213", "440301742183213"),
        ("tax_no", "91350100m000100y43", "91350100M000100Y43"),
        ("tax_no", "11010519491231002X", "11010519491231002X"),
        ("tax_no", "11010519491231002X01", "11010519491231002X01"),
        ("tax_no", "110105491231002", "110105491231002"),
        ("inst_cert_no", "事证第144030000123号", "144030000123"),
        ("social_reg_no", "粤社证字第1234号", "粤社证字第1234号"),
        ("social_reg_no", "深民证字〔2009〕第010203号", "深民证字〔2009〕第010203号"),
        ("parcel_code", "450103 001001 gb00001", "450103001001GB00001"),
        ("real_estate_unit_no", "450103001001GB00001W00000000", "450103001001GB00001W00000000"),
        ("real_estate_unit_no", "450103001001GB00001F00010002", "450103001001GB00001F00010002"),
        ("bank_card", "6222 0210 0111 6245 702", "6222021001116245702"),
        ("postcode", "518000", "518000"),
        ("postcode", "010010", "010010"),
        ("email", "Zhang.San+1@mail.sz.gov.cn", "Zhang.San+1@mail.sz.gov.cn"),
    ],
)
def test_legacy_and_trade_identifiers(item_type: str, text: str, value: str) -> None:
    read = parse(item_type, pa.array([text]))
    assert (read.values.to_pylist(), read.verdicts.to_pylist()) == ([value], [None])
    assert read.changed.to_pylist() == [text != value]


@pytest.mark.parametrize(
    ("item_type", "oracle"),
    [
        ("bank_card", luhn.is_valid),
        ("reg_no", lambda text: len(text) == 13 or mod_11_10.is_valid(text)),
        ("org_code", lambda text: text[8] == _organisation_check(text[:8])),
    ],
)
def test_check_digits_against_an_independent_oracle(item_type: str, oracle: Callable[[str], bool]) -> None:
    draw, widths = random.Random(item_type), {"bank_card": (16, 17, 18, 19), "reg_no": (13, 15), "org_code": (9,)}
    texts = [str(draw.randrange(10 ** (width - 1), 10**width)) for width in widths[item_type] for _ in range(1500)]
    ours = [verdict is None for verdict in _verdicts(item_type, texts)]
    assert ours == [oracle(text) for text in texts]
    assert 100 < sum(ours) < len(texts) - 100


@pytest.mark.parametrize(
    "item_type", ["org_code", "reg_no", "tax_no", "bank_card", "postcode", "inst_cert_no", "parcel_code"]
)
def test_a_row_of_zeros_is_no_identifier(item_type: str) -> None:
    verdicts = _verdicts(item_type, ["0" * width for width in (6, 9, 12, 13, 15, 16, 18, 19, 20, 28)])
    assert None not in verdicts


def _check(body: str) -> str:
    """ISO 7064 MOD 11-2."""
    weights = [pow(2, 17 - place, 11) for place in range(17)]
    return "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def _organisation_check(body: str) -> str:
    values = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = sum(values.index(c) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return "0123456789X0"[11 - total % 11]


def _credit_check(body: str) -> str:
    total = sum(ALPHABET.index(c) * pow(3, place, 31) for place, c in enumerate(body))
    return ALPHABET[(31 - total % 31) % 31]


def _oracle(module: object, text: str) -> bool:
    try:
        module.validate(text)  # type: ignore[attr-defined]
    except (ValidationError, KeyError):
        return False
    return True


def _random_citizen_numbers(count: int) -> list[str]:
    draw, numbers = random.Random(11643), []
    for _ in range(count):
        born = date(1930, 1, 1) + timedelta(days=draw.randrange(33000))
        body = f"{draw.choice(['110105', '310101', '110101'])}{born:%Y%m%d}{draw.randrange(1, 1000):03d}"
        number = body + _check(body)
        if draw.random() < 0.5:
            place = draw.randrange(6, 18)
            number = number[:place] + draw.choice(DIGITS) + number[place + 1 :]
        numbers.append(number)
    return numbers


def _random_credit_codes(count: int) -> list[str]:
    draw, codes = random.Random(32100), []
    for _ in range(count):
        body = "9" + "".join(draw.choices(DIGITS, k=7)) + "".join(draw.choices(ALPHABET, k=9))
        code = body + _credit_check(body)
        if draw.random() < 0.5:
            place = draw.randrange(8, 18)
            code = code[:place] + draw.choice(ALPHABET) + code[place + 1 :]
        codes.append(code)
    return codes


def test_a_million_of_each_are_read_in_seconds() -> None:
    """The engine works on columns: a per-cell loop would need half a minute for this."""
    numbers = pa.array(_random_citizen_numbers(1000) * 1000)
    codes = pa.array(_random_credit_codes(1000) * 1000)
    began = time.process_time()
    parse("citizen_id", numbers, as_of=AS_OF)
    parse("uscc", codes)
    assert time.process_time() - began < 8


BESIDE = """
import os, sys, time
import psutil
import pyarrow as pa
from shuyuan.standards import parse

def beside():
    return sum(one.user_time + one.system_time for one in psutil.Process().threads() if one.id != os.getpid())

numbers = pa.array(sys.argv[1:] * 3_000_000)
parse("citizen_id", numbers[:1])
time.sleep(0.5)
before = beside()
parse("citizen_id", numbers)
print(round(beside() - before, 2))
"""


def test_check_digits_leave_the_other_cores_to_the_others() -> None:
    """Threads of the linear-algebra library that wait for the next product spin: a third of all reading went there."""
    script = [sys.executable, "-c", BESIDE, _random_citizen_numbers(1)[0]]
    spent = subprocess.run(script, stdout=subprocess.PIPE, check=True, text=True).stdout
    assert float(spent) <= 0.02
