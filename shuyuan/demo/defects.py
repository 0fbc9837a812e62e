"""What goes wrong in the demo's deliveries, cell by cell and row by row, and what a checker must say about each.

Belongs here: the list. `reason` None marks another spelling that must be read silently and must never become a disagreement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shuyuan.demo import spoil
from shuyuan.demo.spoil import Spoiler, always, by, mapped


@dataclass(frozen=True)
class CellDefect:
    """`count` rows in ten thousand of `resource` get `spoil` on `item`; `fits` says which clean texts can be spoiled so."""

    kind: str
    resource: str
    item: str
    reason: str | None
    spoil: Spoiler
    fits: Callable[[str], bool] = bool
    count: float = 12


@dataclass(frozen=True)
class RowDefect:
    """A whole row goes wrong: `ragged_row`, `nul_byte`, `stray_quote`, `undecodable`, `bad_json`, `duplicate_row`, `key_conflict`, `blank_row`."""

    kind: str
    resource: str
    conflict_item: str | None = None
    count: float = 12


def _has(part: str) -> Callable[[str], bool]:
    return lambda text: part in text


def _born_in_1900s(text: str) -> bool:
    return text[6:8] == "19"


def _has_letter(text: str) -> bool:
    return text[9:] != text[9:].lower()


def _ids(resource: str, item: str) -> Iterator[CellDefect]:
    yield CellDefect("id_checksum", resource, item, "id_checksum", spoil.other_id_check)
    yield CellDefect("id_birth_date", resource, item, "id_birth_date", spoil.impossible_birth)
    yield CellDefect("id_truncated", resource, item, "id_length", by(lambda text: text[:16]))
    yield CellDefect("id_15_digits", resource, item, "id_15_digits", spoil.legacy_id, _born_in_1900s)
    yield CellDefect("id_masked", resource, item, "masked", by(spoil.masked_id))
    yield CellDefect("id_excel_mangled", resource, item, "excel_mangled", by(spoil.float_of))
    yield CellDefect("id_full_width", resource, item, None, by(spoil.full_width))
    yield CellDefect("id_lower_case_x", resource, item, None, by(str.lower), _has("X"))


def _codes(resource: str, item: str) -> Iterator[CellDefect]:
    yield CellDefect("uscc_checksum", resource, item, "uscc_checksum", by(spoil.other_uscc_check))
    yield CellDefect("uscc_truncated", resource, item, "uscc_length", by(lambda text: text[:17]))
    yield CellDefect("uscc_charset", resource, item, "uscc_charset", by(spoil.letters_never_used))
    yield CellDefect("uscc_is_tax_number", resource, item, "uscc_is_tax_number", by(spoil.tax_number))
    yield CellDefect("uscc_is_org_code", resource, item, "uscc_is_org_code", by(spoil.organisation_code))
    yield CellDefect("uscc_masked", resource, item, "masked", by(spoil.masked_id))
    yield CellDefect("uscc_lower_case", resource, item, None, by(str.lower), _has_letter)
    yield CellDefect("uscc_full_width", resource, item, None, by(spoil.full_width))
    yield CellDefect("uscc_spaces", resource, item, None, by(spoil.space_inside))


def _dates(resource: str, item: str) -> Iterator[CellDefect]:
    yield CellDefect("date_unparsable", resource, item, "date_unparsable", always(*spoil.UNPARSABLE_DATES))
    yield CellDefect("date_incomplete", resource, item, "date_incomplete", always(*spoil.INCOMPLETE_DATES))
    yield CellDefect("date_layout", resource, item, None, spoil.layouts)


def _sentinels(resource: str, item: str) -> Iterator[CellDefect]:
    yield CellDefect("date_sentinel", resource, item, "date_sentinel", always(*spoil.SENTINELS))
    yield CellDefect("date_long_term", resource, item, "date_long_term", always(*spoil.LONG_TERM))


def _nulls(resource: str, item: str) -> CellDefect:
    return CellDefect("null_token", resource, item, None, always(*spoil.NULL_TOKENS))


def _spaced_name(resource: str, item: str) -> CellDefect:
    return CellDefect("name_full_width_space", resource, item, None, by(spoil.full_width_space))


def _dotted_name(resource: str, item: str) -> CellDefect:
    return CellDefect("name_dot_variant", resource, item, None, spoil.dots, _has("·"))


def _brackets(resource: str, item: str) -> CellDefect:
    return CellDefect("bracket_variant", resource, item, None, by(spoil.full_brackets), _has("("))


def _people() -> Iterator[CellDefect]:
    sexes = mapped({"1": "男", "2": "女"})
    resident, nonlocal_, medical = "public_security.resident", "public_security.nonlocal", "medical_insurance.insured"
    for resource in (resident, nonlocal_, medical, "hrss.insured"):
        yield from _ids(resource, "id_no")
    yield from _ids("education.student", "id_no")
    yield from (_spaced_name(r, "name") for r in (resident, medical, "hrss.insured", "education.student"))
    yield from (_dotted_name(r, "name") for r in (resident, medical, "hrss.insured"))
    yield CellDefect("name_masked", medical, "name", "masked", by(spoil.masked_name))
    yield CellDefect("name_has_digits", resident, "name", "name_has_digits", by(lambda text: text + "1"))
    yield CellDefect("name_private_use", resident, "name", "name_private_use", by(lambda text: text[0] + "\ue1a3"))
    yield CellDefect("name_lost_character", nonlocal_, "name", "name_lost_character", by(lambda text: text[0] + "?"))
    yield from (CellDefect("code_as_text", r, "sex", "code_crosswalked", sexes) for r in (resident, nonlocal_))
    yield CellDefect("code_unknown", resident, "ethnic", "code_unknown", always("60", "汉字", "X1"))
    yield CellDefect("code_unknown", resident, "education", "code_unknown", always("55", "99"))
    yield CellDefect("code_unknown", "hrss.insured", "pension_status", "code_unknown", always("7", "A"))
    yield from _dates(resident, "birth_date")
    yield from _dates(nonlocal_, "register_date")
    yield from _dates("hrss.insured", "start_date")
    yield CellDefect("date_layout", "education.student", "birth_date", None, spoil.layouts)
    yield CellDefect(
        "date_implausible", nonlocal_, "register_date", "date_implausible", always("1850-03-02", "1888-08-08")
    )
    yield from _sentinels("hrss.insured", "start_date")
    yield CellDefect("division_unknown", resident, "hukou_division", "division_unknown", always("990101", "440399001"))
    yield CellDefect(
        "division_malformed", nonlocal_, "residence_division", "division_malformed", always("44030", "不详")
    )
    yield CellDefect("phone_malformed", resident, "phone", "phone_malformed", always("1380013800", "本人"))
    yield from (_nulls(r, "phone") for r in (resident, nonlocal_))
    yield CellDefect(
        "amount_unparsable", "hrss.insured", "base", "amount_unparsable", always("5,000000", "面议", "约八千")
    )
    yield CellDefect("amount_separator", "hrss.insured", "base", None, by(spoil.thousands))
    yield CellDefect("amount_negative", "hrss.insured", "base", "amount_negative", always("-8000", "-0.01"))
    yield CellDefect(
        "integer_unparsable", "health.birth", "weight", "integer_unparsable", always("约3000", "3.2kg"), count=60
    )
    yield CellDefect("id_checksum", "health.birth", "mother_id_no", "id_checksum", spoil.other_id_check, count=60)
    yield from _marriages()


def _marriages() -> Iterator[CellDefect]:
    resource = "civil_affairs.marriage"
    yield CellDefect("id_checksum", resource, "male_id_no", "id_checksum", spoil.other_id_check)
    yield CellDefect("id_15_digits", resource, "female_id_no", "id_15_digits", spoil.legacy_id, _born_in_1900s)
    yield CellDefect("id_masked", resource, "female_id_no", "masked", by(spoil.masked_id))
    yield CellDefect("code_unknown", resource, "status", "code_unknown", always("恋爱", "99"))
    yield CellDefect("key_missing", resource, "cert_no", "key_missing", always("", "无"))
    yield _spaced_name(resource, "male_name")
    yield from _dates(resource, "reg_date")


def _bodies() -> Iterator[CellDefect]:
    firm, shop, tax = "market_regulation.enterprise", "market_regulation.individual_business", "tax.taxpayer"
    for resource in (firm, shop, tax):
        yield from _codes(resource, "uscc")
        yield CellDefect("uscc_org_checksum", resource, "uscc", "uscc_org_checksum", spoil.other_organisation_check)
    yield from _codes("hrss.insured_unit", "uscc")
    yield CellDefect(
        "uscc_checksum", "civil_affairs.social_org", "uscc", "uscc_checksum", by(spoil.other_uscc_check), count=60
    )
    yield CellDefect("uscc_lower_case", "civil_affairs.social_org", "uscc", None, by(str.lower), _has_letter, count=60)
    yield CellDefect(
        "uscc_checksum", "establishment.institution", "uscc", "uscc_checksum", by(spoil.other_uscc_check), count=60
    )
    yield from (_brackets(r, "name") for r in (firm, tax, "hrss.insured_unit"))
    yield _brackets("credit_office.permit", "subject_name")
    yield from _dates(firm, "est_date")
    yield from _sentinels(firm, "op_to")
    yield CellDefect("date_layout", "civil_affairs.social_org", "est_date", None, spoil.layouts, count=60)
    yield CellDefect("code_unknown", firm, "reg_status", "code_unknown", always("审核中", "77"))
    yield CellDefect("amount_separator", firm, "reg_capital", None, by(spoil.thousands), lambda text: len(text) > 3)
    yield CellDefect("amount_unit", firm, "reg_capital", None, by(spoil.in_yuan))
    yield CellDefect("amount_unit", tax, "reg_capital", None, by(spoil.in_ten_thousands))
    yield CellDefect("amount_separator", tax, "reg_capital", None, by(spoil.thousands))
    yield CellDefect("amount_unparsable", shop, "capital", "amount_unparsable", always("若干", "1.2.3", "5,000000"))
    yield CellDefect(
        "amount_foreign_currency", firm, "reg_capital", "amount_foreign_currency", by(lambda text: text + "万美元")
    )
    yield CellDefect(
        "integer_unparsable", "hrss.insured_unit", "insured_count", "integer_unparsable", always("约30", "十余人")
    )
    yield CellDefect(
        "integer_unparsable", "establishment.institution", "staffing", "integer_unparsable", always("约30"), count=60
    )
    yield CellDefect(
        "text_control_chars", firm, "scope", "text_control_chars", by(lambda text: text[:3] + "\x07" + text[3:])
    )
    yield CellDefect("text_control_chars", shop, "scope", "text_control_chars", by(lambda text: text + "\u200b"))
    yield CellDefect("phone_malformed", shop, "phone", "phone_malformed", always("1380013800", "同上"))
    yield from (_nulls(r, "phone") for r in (firm, shop))


def _acts() -> Iterator[CellDefect]:
    penalty, permit = "credit_office.penalty", "credit_office.permit"
    yield from _codes(permit, "subject_uscc")
    yield CellDefect("uscc_is_tax_number", penalty, "subject_uscc", "uscc_is_tax_number", by(spoil.tax_number))
    yield CellDefect("uscc_spaces", penalty, "subject_uscc", None, by(spoil.space_inside))
    for resource in (penalty, permit):
        yield CellDefect("key_missing", resource, "doc_no", "key_missing", always("", "无"), count=40)
        yield CellDefect(
            "date_long_term", resource, "valid_until", "date_long_term", always(*spoil.LONG_TERM), count=100
        )
        yield CellDefect(
            "date_unparsable", resource, "decision_date", "date_unparsable", always(*spoil.UNPARSABLE_DATES), count=40
        )
    yield CellDefect("text_formula", penalty, "note", "text_formula", always(*spoil.FORMULAS), count=60)
    yield CellDefect("text_formula", permit, "content", "text_formula", always(*spoil.FORMULAS), count=40)
    yield CellDefect(
        "amount_unparsable", penalty, "fine", "amount_unparsable", always("5,000000", "见决定书"), count=40
    )
    yield CellDefect("amount_negative", penalty, "fine", "amount_negative", always("-0.500000"), count=40)
    yield CellDefect("amount_unit", penalty, "fine", None, by(spoil.in_yuan), count=40)
    yield CellDefect("code_unknown", penalty, "penalty_kind", "code_unknown", always("拘役", "88"), count=40)
    yield CellDefect("uscc_lower_case", "courts.dishonest", "uscc", None, by(str.lower), _has_letter, count=100)
    yield CellDefect("amount_separator", "courts.dishonest", "amount", None, by(spoil.thousands), count=100)
    yield CellDefect("amount_unit", "tax.arrears", "amount", None, by(spoil.in_ten_thousands), count=100)
    yield CellDefect(
        "date_unparsable", "tax.arrears", "notice_date", "date_unparsable", always(*spoil.UNPARSABLE_DATES), count=100
    )


def _places() -> Iterator[CellDefect]:
    address, building, place = "natural_resources.address", "housing.building", "natural_resources.place"
    yield CellDefect(
        "coordinate_out_of_range", address, "longitude", "coordinate_out_of_range", always("213.1234567", "38512345.12")
    )
    yield CellDefect("coordinate_unparsable", address, "latitude", "coordinate_unparsable", always("待测", "22度半"))
    yield CellDefect("coordinate_unparsable", place, "longitude", "coordinate_unparsable", always("待测"), count=60)
    yield CellDefect("division_unknown", address, "division", "division_unknown", always("990101", "440399001"))
    yield CellDefect("division_unknown", place, "division", "division_unknown", always("990101"), count=60)
    yield CellDefect("date_layout", address, "surveyed_on", None, spoil.layouts)
    yield CellDefect("integer_unparsable", building, "floors", "integer_unparsable", always("六层", "3至5"))
    yield CellDefect("date_unparsable", building, "completed_on", "date_unparsable", always("1990年代", "待定"))
    yield CellDefect("address_full_width", building, "address", None, by(spoil.full_width))


def cell_defects() -> list[CellDefect]:
    """Every kind of spoiled cell, in the order in which rows are chosen for them."""
    return [*_people(), *_bodies(), *_acts(), *_places()]


def row_defects() -> list[RowDefect]:
    """Every kind of spoiled row. Change deliveries get no doubled rows: there the same key twice is a correction."""
    return [
        RowDefect("ragged_row", "public_security.nonlocal"),
        RowDefect("ragged_row", "market_regulation.enterprise"),
        RowDefect("ragged_row", "hrss.insured_unit"),
        RowDefect("nul_byte", "public_security.nonlocal"),
        RowDefect("stray_quote", "market_regulation.individual_business"),
        RowDefect("undecodable", "market_regulation.enterprise"),
        RowDefect("bad_json", "health.birth", count=60),
        RowDefect("bad_json", "housing.building", count=6),
        RowDefect("blank_row", "public_security.resident", count=3),
        RowDefect("blank_row", "market_regulation.enterprise"),
        RowDefect("duplicate_row", "public_security.resident"),
        RowDefect("duplicate_row", "medical_insurance.insured"),
        RowDefect("duplicate_row", "market_regulation.individual_business"),
        RowDefect("duplicate_row", "credit_office.permit", count=40),
        RowDefect("key_conflict", "public_security.resident", "phone"),
        RowDefect("key_conflict", "medical_insurance.insured", "paid_amount"),
        RowDefect("key_conflict", "market_regulation.enterprise", "scope"),
        RowDefect("key_conflict", "credit_office.penalty", "facts", count=40),
        RowDefect("key_conflict", "natural_resources.address", "house_no", count=6),
    ]
