"""Which columns speak of a person: by type, by header, and by what stands in their cells (GB/T 35273-2020 个人信息, 个人敏感信息)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from shuyuan.survey import mask
from shuyuan.survey.profile import ColumnProfile
from shuyuan.survey.report import Column

_OF_TYPE: Final = {"citizen_id": "sensitive", "bank_card": "sensitive", "person_name": "personal", "phone": "personal"}
_HOME: Final = ("住址", "户籍", "居住", "家庭")


def of(profile: ColumnProfile, item_type: str) -> tuple[str, str]:
    """(none | personal | sensitive, why in words where type and header do not say it)."""
    ids, phones = profile.shapes["person_number"], profile.shapes["phone_number"]
    if item_type in _OF_TYPE:
        return _OF_TYPE[item_type], ""
    if ids:
        return "personal", f"{ids:,} cells hold a citizen's number"
    if profile.hint.personal or any(word in profile.label for word in _HOME):
        return "personal", ""
    if phones and item_type in ("text", "identifier", "address", "org_name"):
        return "personal", f"{phones:,} cells hold a mobile number"
    return "none", ""


def together(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Beside a citizen's number or a date of birth an address is somebody's home."""
    of_persons = any(c.type == "citizen_id" or (c.type == "date" and c.sensitivity == "personal") for c in columns)
    return tuple(_home(c) if of_persons and c.type == "address" and c.sensitivity == "none" else c for c in columns)


def _home(column: Column) -> Column:
    samples = tuple(mask.shown(text, "address", "personal") for text in column.samples)
    return replace(column, sensitivity="personal", samples=samples)
