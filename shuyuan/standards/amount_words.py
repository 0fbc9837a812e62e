"""One amount at a time, in every form that has been seen: units, capital numerals, mixed forms, signs, currencies.

A text is read when it has one reading only: 三万五 (35,000 or 30,005?) is refused. Money is decimal all the way.
What belongs here: written forms. Bulk reading is in `amounts`.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

Read = tuple[Decimal | None, str | None]
"""Yuan, or the reason why there is no value."""

CURRENCIES: Final = {
    "USD": "美元|美金|美圆|USD|US\\$",
    "HKD": "港元|港币|港幣|HKD|HK\\$",
    "MOP": "澳门元|澳门币|MOP",
    "TWD": "新台币|台币|台湾元|TWD|NT\\$",
    "EUR": "欧元|EUR|€",
    "JPY": "日元|日圆|JPY",
    "GBP": "英镑|GBP|£",
    "KRW": "韩元|韩币|韩国元|KRW|₩",
    "AUD": "澳元|澳大利亚元|澳币|AUD|A\\$",
    "CAD": "加元|加拿大元|加币|CAD|C\\$",
    "NZD": "新西兰元|NZD",
    "SGD": "新加坡元|新元|坡币|SGD|S\\$",
    "CHF": "瑞士法郎|瑞郎|CHF",
    "SEK": "瑞典克朗|SEK",
    "DKK": "丹麦克朗|DKK",
    "NOK": "挪威克朗|NOK",
    "RUB": "卢布|RUB",
    "THB": "泰铢|THB",
    "MYR": "林吉特|马币|MYR",
    "INR": "印度卢比|卢比|INR|₹",
    "VND": "越南盾|VND",
    "DEM": "德国马克|马克|DEM",
    "FRF": "法国法郎|法郎|FRF",
}
"""ISO 4217 code → how departments name the currency (GB/T 12406); former currencies still stand in old registrations."""

_ANY_CURRENCY: Final = re.compile(
    "|".join(f"(?P<{code}>{names})" for code, names in CURRENCIES.items()) + "|(?P<XXX>外币|外汇|\\$)", re.IGNORECASE
)
_PERCENT: Final = re.compile(r"[%‰]|百分之|千分之")
_SPELLING: Final = str.maketrans(
    "壹弌贰貳弍叁參叄肆伍陆陸柒捌玖两兩拾佰仟萬億圆圓块塊〇○−",
    "一一二二二三三三四五六六七八九二二十百千万亿元元元元零零-",
)
_CALLED: Final = r"(?:折合|人民币|RMB|CNY|CN¥|¥|\(?(?:大写|小写|合计)\)?:?)"
_NOISE: Final = re.compile(rf"(?<![\d.]){_CALLED}|{_CALLED}(?![\d.])|[整正]$|(?<=元)[整正]", re.IGNORECASE | re.ASCII)
_SET_APART: Final = re.compile(r"(?<=\d)\((十?百?千?万?亿?元?)\)$")  # 5(万元)
_TWICE: Final = re.compile(r"(?P<one>[^()]+)\((?P<other>[^()]+)\)")
_NUMBER: Final = r"(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[Ee][+-]?\d{1,3})?"
_ARABIC: Final = re.compile(_NUMBER, re.ASCII)
_DIGITS: Final = dict(zip("零一二三四五六七八九", range(10), strict=True))
_DIGIT: Final = rf"(?:[一二三四五六七八九]|{_NUMBER})"
_SECTION: Final = re.compile(
    rf"(?:(?P<千>{_DIGIT})千)?零?(?:(?P<百>{_DIGIT})百)?零?(?:(?P<十>{_DIGIT})?(?P<ten>十))?零?(?P<一>{_DIGIT})?",
    re.ASCII,
)
_PLACES: Final = {"千": 1000, "百": 100, "十": 10, "一": 1}
_GREAT: Final = (("亿", 8), ("万", 4))
_COINS: Final = re.compile(r"(?:(?P<元>[^元角分]+)元)?零?(?:(?P<角>[^元角分零]+)角)?零?(?:(?P<分>[^元角分零]+)分)?")
_WORTH: Final = {"元": Decimal(1), "角": Decimal("0.1"), "分": Decimal("0.01")}
_QUANTUM: Final = Decimal("0.000001")
_LIMIT: Final = Decimal(10**14)


def currency_of(text: str) -> str | None:
    """The ISO 4217 code of the foreign currency that a text names; XXX when it only says that it is foreign; None for yuan."""
    found = _ANY_CURRENCY.search(text)
    return found.lastgroup if found else None


def read(text: str, factor: Decimal) -> Read:
    """A tidied text in yuan; `factor` is what an unmarked number is worth. More than six decimals are rounded half up."""
    if _PERCENT.search(text):
        return None, "amount_percentage"
    if currency_of(text):
        return None, "amount_foreign_currency"
    yuan = _signed(_SET_APART.sub(r"\1", _NOISE.sub("", text.translate(_SPELLING))), factor)
    if yuan is None:
        return None, "amount_unparsable"
    if abs(yuan) >= _LIMIT - _QUANTUM:
        return None, "amount_out_of_range"
    return yuan.quantize(_QUANTUM, ROUND_HALF_UP), None


def _signed(text: str, factor: Decimal) -> Decimal | None:
    """-5, 5-, 负5 and the accountant's (5)."""
    if text.startswith("(") and text.endswith(")"):
        return _negated(_sum(text[1:-1], factor))
    if text.startswith(("-", "负")):
        return _negated(_sum(text[1:], factor))
    if text.endswith("-"):
        return _negated(_sum(text[:-1], factor))
    return _stated(text.removeprefix("+"), factor)


def _negated(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount


def _stated(text: str, factor: Decimal) -> Decimal | None:
    """An amount that is stated once, or in capitals and in figures, which must agree."""
    twice = _TWICE.fullmatch(text)
    if twice is None:
        return _sum(text, factor)
    one, other = _sum(twice["one"], factor), _sum(twice["other"], factor)
    return one if one == other else None


def _sum(text: str, factor: Decimal) -> Decimal | None:
    """元, 角 and 分 together; a number without any of them is in the item's unit, unless it has 万 or the like."""
    if not any(coin in text for coin in _WORTH):
        marked = any(mark in text for mark in "十百千万亿")
        amount = _number(text)
        return None if amount is None else amount * (Decimal(1) if marked else factor)
    found = _COINS.fullmatch(text)
    if found is None:
        return None
    parts = {coin: _number(written) for coin, written in found.groupdict().items() if written}
    if not parts or None in parts.values() or not _coins_fit(parts):
        return None
    return sum((_WORTH[coin] * amount for coin, amount in parts.items() if amount is not None), Decimal(0))


def _coins_fit(parts: dict[str, Decimal | None]) -> bool:
    """Below another coin there are at most nine of one kind, and only whole ones above."""
    smaller = list(parts.values())[1:]
    whole = all(amount == int(amount) for amount in parts.values() if amount is not None)
    return not smaller or (whole and all(amount is not None and amount < 10 for amount in smaller))


def _number(text: str) -> Decimal | None:
    """12.5, 1,200, 一二〇〇, 3万5千 or 一亿零三百."""
    if _ARABIC.fullmatch(text):
        return Decimal(text.replace(",", ""))
    if text and all(character in _DIGITS for character in text):
        return Decimal(int("".join(str(_DIGITS[character]) for character in text)))
    return _composite(text)


def _composite(text: str) -> Decimal | None:
    for unit, zeros in _GREAT:
        if unit in text:
            head, _, rest = text.rpartition(unit)
            high, low = _number(head), _below(rest, zeros)
            if high is None or low is None or (rest and high != int(high)):
                return None
            return high * Decimal(10**zeros) + low
    return _section(text)


def _below(text: str, zeros: int) -> Decimal | None:
    """What follows 万 or 亿: nothing, a smaller number with its own units, or a whole group of digits. 三万五 has two readings."""
    bare = text.lstrip("零")
    if not bare:
        return None if text else Decimal(0)
    amount = _number(bare)
    grouped = _ARABIC.fullmatch(bare) and len(bare.partition(".")[0]) == zeros
    named = any(mark in bare for mark in "十百千万") or text != bare
    fits = amount is not None and amount < 10**zeros and (grouped or named)
    return amount if fits else None


def _section(text: str) -> Decimal | None:
    """Thousands, hundreds, tens and ones."""
    found = _SECTION.fullmatch(text)
    if found is None or not text:
        return None
    parts = {place: _digit(found[place]) for place in _PLACES if found[place]}
    if found["ten"] and not found["十"]:
        parts["十"] = Decimal(1)
    several = len(parts) > 1
    if not parts or any(several and (amount >= 10 or amount != int(amount)) for amount in parts.values()):
        return None
    if found["一"] and several and text.removesuffix(found["一"])[-1] not in "十零":
        return None  # 一百二: 120 or 102?
    return sum((amount * _PLACES[place] for place, amount in parts.items()), Decimal(0))


def _digit(written: str) -> Decimal:
    return Decimal(_DIGITS[written]) if written in _DIGITS else Decimal(written.replace(",", ""))
