"""Samples that may be shown: what speaks of a person is masked as the sharing gate masks it (`sql/functions/mask.sql`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

SHOWN: Final = 40  # characters of a sample
_ID: Final = re.compile(r"(?<!\d)(\d{6})(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d(\d{3}[\dXx])(?![\dXx])")
_MOBILE: Final = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")


def shown(text: str, item_type: str, sensitivity: str) -> str:
    """`text` as a sample of a column of that type: whole only where neither type nor content speaks of a person."""
    if sensitivity == "none":
        return _short(inside(text))
    return _short(_BY_TYPE.get(item_type, _ends)(text))


def inside(text: str) -> str:
    """Free text with the citizens' numbers and mobile numbers in it masked."""
    return _MOBILE.sub(r"\1****\2", _ID.sub(r"\1********\2", text))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


def _person(text: str) -> str:
    return text[0] + "*" * (len(text) - 1) if len(text) > 1 else "*"


def _number(text: str) -> str:
    if len(text) == 18:
        return f"{text[:6]}********{text[14:]}"
    return _ends(text)


def _phone(text: str) -> str:
    return f"{text[:3]}****{text[7:]}" if re.fullmatch(r"1\d{10}", text) else _ends(text)


def _address(text: str) -> str:
    found = re.match(r"(?:.{1,12}?(?:省|自治区|市))?(?:.{1,8}?(?:区|县|旗))?", text)
    return f"{found[0] if found else ''}****"


def _year(text: str) -> str:
    found = re.search(r"(?:19|20)\d\d", text)
    return f"{found[0]}-**-**" if found else "****"


def _ends(text: str) -> str:
    return text[:1] + "*" * max(1, len(text) - 2) + text[-1:] if len(text) > 2 else "*" * len(text)


_BY_TYPE: Final[Mapping[str, Callable[[str], str]]] = {
    "person_name": _person,
    "citizen_id": _number,
    "phone": _phone,
    "address": _address,
    "date": _year,
}
