"""One date at a time, in every layout that has been seen: Chinese numerals, months in words, clocks, zones, spreadsheet serials.

A text is read when it has one reading only. A missing day or month is never guessed (`date_incomplete`); two-digit years, and day and
month in an order that nobody can tell, are refused (`date_ambiguous`). What belongs here: layouts. What a day means is in `dates`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Final

from shuyuan.standards.calendar import day_numbers

Read = tuple[int, str | None]
"""Day CCYYMMDD (impossible days included) and the reason that the layout itself gives."""

NO_DAY: Final = -1
FOREVER: Final = 99991231

_CLOCK: Final = (
    r"[ T]*(?P<half>上午|下午|AM|PM)?\s*(?:(?P<H>\d{1,2})[:;时点](?P<M>\d{1,2})(?:[:;分](?P<S>\d{1,2})(?:[.,]\d+)?秒?)?分?)?"
    r"\s*(?P<half2>AM|PM)?\s*(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?\s*(?:\(?(?:星期|周|礼拜)[一二三四五六日天]\)?)?"
)
_FLAGS: Final = re.IGNORECASE | re.ASCII
_YEAR_FIRST: Final = re.compile(
    r"(?P<y>\d{4})\s*(?:(?P<mark>[-/.])|年)\s*(?P<m>\d{1,2})\s*(?(mark)(?P=mark)|月)\s*(?P<d>\d{1,2})\s*(?(mark)|[日号]?)"
    + _CLOCK,
    _FLAGS,
)
_COMPACT: Final = re.compile(r"(\d{8})(?:\s*([01]\d|2[0-4]):?[0-5]\d(?::?[0-5]\d(?:\.?\d{1,9})?)?)?", re.ASCII)
_DAY_FIRST: Final = re.compile(r"(?P<a>\d{1,2})([-/.])(?P<b>\d{1,2})\2(?P<y>\d{4})" + _CLOCK, _FLAGS)
_NAMES: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAME: Final = r"(?P<name>jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec|\d{1,2}月)(?:uary|ruary|ch|il|ust|tember|ober|ember)?"
_DAY_NAME_YEAR: Final = re.compile(
    rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[-/. ]+{_NAME}[-/., ]+(?P<y>\d{{4}}|\d{{2}})" + _CLOCK, _FLAGS
)
_NAME_DAY_YEAR: Final = re.compile(rf"{_NAME}\.? +(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? *(?P<y>\d{{4}})" + _CLOCK, _FLAGS)
_PROGRAM: Final = re.compile(  # what Java and JavaScript print; CST is China's here
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_NAME} (?P<d>\d{{2}}) (?:(?P<y>\d{{4}}) )?\d{{2}}:\d{{2}}:\d{{2}}"
    r" (?:CST|GMT\+0?8:?(?:00)?)(?: \(.*\))?(?: (?P<y2>\d{4}))?",
    _FLAGS,
)
_SERIAL: Final = re.compile(r"(?P<days>\d{5})(?:\.\d+)?", re.ASCII)
_LONG_TERM: Final = re.compile(r"长期|永久|无.{0,4}期限|无期|至今")
_PARTS: Final = re.compile(
    r"(?P<y>\d{4})(?:年|[-/.]?(?P<m>\d{1,2})(?:[-/.]0{1,2})?|年\s*(?P<m2>\d{1,2})月?(?:份|[上中下]旬|初|底)?"
    r"|(?:年第?|[-/.]?Q)[一二三四1-4](?:季度)?|年[上下]半年|年度)?",
    _FLAGS,
)
_SHORT_YEAR: Final = re.compile(
    r"\d{1,2}([-/.])\d{1,2}\1\d{2}|\d{2}年\d{1,2}月\d{1,2}[日号]?|'\d{2}-\d{1,2}-\d{1,2}", re.ASCII
)
_CHINA: Final = timezone(timedelta(hours=8))
_SERIALS_BEGIN: Final = date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 10000, 73415  # 1927-05-18 to 2100-12-31
_ZEROS: Final = "〇○零OoＯ0"
_DIGITS: Final = dict.fromkeys(_ZEROS, "0") | dict(zip("一二三四五六七八九", "123456789", strict=True))
_TENS: Final = {"十": 10, "廿": 20, "卅": 30}
_HAN_DATE: Final = re.compile(
    rf"([{_ZEROS}一二三四五六七八九]{{4}})年(?:([〇零一二三四五六七八九十]{{1,3}})月(?:([〇零一二三四五六七八九十廿卅]{{1,4}})[日号])?)?"
)


def read(text: str) -> Read:
    """A tidied text as a day CCYYMMDD and a reason, if its layout alone is one; NO_DAY where there is none."""
    if _LONG_TERM.search(text):
        return FOREVER, None
    arabic = _in_digits(text)
    for layout in _LAYOUTS:
        found = layout(arabic)
        if found is not None:
            return found
    return NO_DAY, "date_unparsable"


def _in_digits(text: str) -> str:
    """二〇一九年十二月廿五日 as 2019年12月25日; any other text stays."""
    found = _HAN_DATE.fullmatch(text)
    if found is None:
        return text
    year = "".join(_DIGITS[character] for character in found[1])
    month, day = (_spoken(part) for part in (found[2], found[3]))
    return f"{year}年" + (f"{month}月" if found[2] else "") + (f"{day}日" if found[3] else "")


def _spoken(part: str | None) -> int:
    """十二, 二十五, 廿五, 三十 or 〇五 as a number; 0 where it is none, which no calendar knows."""
    if not part:
        return 0
    head, ten, tail = next(((part.partition(ten)) for ten in _TENS if ten in part), ("", "", part))
    if any(character not in _DIGITS for character in head + tail) or len(head) > 1 or (ten and len(tail) > 1):
        return 0
    tens = (int(_DIGITS[head]) if head else 1) * _TENS[ten] if ten else 0
    return tens + int("".join(_DIGITS[character] for character in tail) or 0)


def _year_first(text: str) -> Read | None:
    found = _YEAR_FIRST.fullmatch(text)
    return _at(found, int(found["m"]), int(found["d"])) if found else None


def _compact(text: str) -> Read | None:
    found = _COMPACT.fullmatch(text)
    if found is None:
        return None
    day = int(found[1])
    return (day, None) if day % 100 or not day else _incomplete(day // 10000, day // 100 % 100) or (NO_DAY, None)


def _day_first(text: str) -> Read | None:
    """Day and month before the year: read when only one order gives a date."""
    found = _DAY_FIRST.fullmatch(text)
    if found is None:
        return None
    one, other = int(found["a"]), int(found["b"])
    if one != other and max(one, other) <= 12:
        return NO_DAY, "date_ambiguous"
    return _at(found, min(one, other), max(one, other))


def _named_month(text: str) -> Read | None:
    found = _DAY_NAME_YEAR.fullmatch(text) or _NAME_DAY_YEAR.fullmatch(text)
    if found is None:
        return None
    return _at(found, _month(found["name"]), int(found["d"])) if len(found["y"]) == 4 else (NO_DAY, "date_ambiguous")


def _program(text: str) -> Read | None:
    found = _PROGRAM.fullmatch(text)
    year = found and (found["y"] or found["y2"])
    return (int(year) * 10000 + _month(found["name"]) * 100 + int(found["d"]), None) if found and year else None


def _month(name: str) -> int:
    return int(name[:-1]) if name.endswith("月") else _NAMES.index(name[:3].lower()) + 1


def _at(found: re.Match[str], month: int, day: int) -> Read:
    year = int(found["y"])
    if day == 0 and year:
        return _incomplete(year, month) or (NO_DAY, None)
    number = year * 10000 + month * 100 + day
    return (_in_china(number, found), None) if found["zone"] and found["H"] else (number, None)


def _in_china(day: int, found: re.Match[str]) -> int:
    """An instant of another zone belongs to the day it was in China (GB/T 7408)."""
    zone = "+0000" if found["zone"] in "Zz" else found["zone"].replace(":", "").ljust(5, "0")
    try:
        instant = datetime.strptime(f"{day:08d} {found['H']}:{found['M']} {zone}", "%Y%m%d %H:%M %z")
        return day_numbers(instant.astimezone(_CHINA).date())
    except (ValueError, OverflowError):
        return NO_DAY


def _serial(text: str) -> Read | None:
    """Days since 1899-12-30, unless a year and a one-digit month can be read (19001 to 21009)."""
    found = _SERIAL.fullmatch(text)
    if found is None or not _FIRST_SERIAL <= int(found["days"]) <= _LAST_SERIAL:
        return None
    days = int(found["days"])
    if 1900 <= days // 10 <= 2100 and days % 10:
        return NO_DAY, "date_ambiguous"
    return day_numbers(_SERIALS_BEGIN + timedelta(days)), "date_serial"


def _parts(text: str) -> Read | None:
    """Year and month, or a year only."""
    found = _PARTS.fullmatch(text)
    month = found and (found["m"] or found["m2"])
    return _incomplete(int(found["y"]), int(month) if month else 1) if found else None


def _incomplete(year: int, month: int) -> Read | None:
    return (NO_DAY, "date_incomplete") if 1800 <= year <= 2200 and 0 <= month <= 12 else None


def _short_year(text: str) -> Read | None:
    """A year of two digits names two centuries; six or seven digits without marks can be cut in several ways."""
    cut = re.fullmatch(r"\d{6,7}", text, re.ASCII)
    return (NO_DAY, "date_ambiguous") if _SHORT_YEAR.fullmatch(text) or cut else None


_LAYOUTS: Final[tuple[Callable[[str], Read | None], ...]] = (
    _year_first, _compact, _day_first, _serial, _parts, _short_year, _named_month, _program,
)  # fmt: skip
