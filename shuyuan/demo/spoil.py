"""How one cell goes wrong (or is merely written another way): functions from a clean text to a spoiled one.

Belongs here: single texts. Which cells are spoiled, and what must be detected, is in `defects`. The ways are those of real feeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shuyuan.demo import identifiers

Spoiler = Callable[[str, int], str]
"""(clean text, running number) → spoiled text; the number gives variety without chance."""

_WIDE = {ord(c): ord(c) + 0xFEE0 for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"}


def always(*texts: str) -> Spoiler:
    """One of the texts, whatever was there."""
    return lambda _, n: texts[n % len(texts)]


def by(change: Callable[[str], str]) -> Spoiler:
    """A change that needs no number."""
    return lambda text, _: change(text)


def mapped(words: dict[str, str]) -> Spoiler:
    """Another word for each text; texts without one stay."""
    return lambda text, _: words.get(text, text)


def full_width(text: str) -> str:
    return text.translate(_WIDE)


def space_inside(text: str) -> str:
    return f" {text[:8]} {text[8:]} "


def full_width_space(text: str) -> str:
    return text[0] + "\u3000" + text[1:]


def masked_id(text: str) -> str:
    return text[:6] + "********" + text[14:]


def masked_name(text: str) -> str:
    return text[0] + "*" * (len(text) - 1)


def float_of(text: str) -> str:
    """What a spreadsheet makes of a long number."""
    return f"{text[0]}.{text[1:6]}E+{len(text) - 1}"


def organisation_code(text: str) -> str:
    return f"{text[8:16]}-{text[16]}"


def tax_number(text: str) -> str:
    return text[2:8] + text[8:17]


def letters_never_used(text: str) -> str:
    return text[:9] + "O" + text[10:]


def other_uscc_check(text: str) -> str:
    return text[:-1] + ("A" if text[-1] != "A" else "B")


def thousands(text: str) -> str:
    """`5000000.00` → `5,000,000.00`."""
    whole, _, rest = text.partition(".")
    return f"{int(whole):,}" + (f".{rest}" if rest else "")


def in_ten_thousands(text: str) -> str:
    """`5000000.00` (yuan) → `500万元`."""
    return f"{float(text) / 10000:g}万元"


def in_yuan(text: str) -> str:
    """`500` (10000 yuan) → `5000000元`."""
    return f"{int(float(text) * 10000)}元"


def layouts(text: str, n: int) -> str:
    """An ISO date, or one with slashes or nothing between, in another layout that is in use."""
    y, m, d = text[:4], text[-5:-3] if len(text) == 10 else text[4:6], text[-2:]
    return (
        f"{y}年{int(m)}月{int(d)}日",
        f"{y}{m}{d}",
        f"{y}/{int(m)}/{int(d)}",
        f"{y}-{m}-{d} 09:51:52",
        f"{y}.{m}.{d}",
    )[n % 5]


def dots(text: str, n: int) -> str:
    return text.replace("·", "•・.‧"[n % 4])


def full_brackets(text: str) -> str:
    return text.replace("(", "（").replace(")", "）")


SENTINELS: Sequence[str] = ("1899-12-31 12:00:00", "1900-01-01", "0000-00-00")
LONG_TERM: Sequence[str] = ("9999-09-09", "2099-12-31", "2099/12/31", "长期", "无处罚期限")
INCOMPLETE_DATES: Sequence[str] = ("201211", "2012年11月", "2012")
UNPARSABLE_DATES: Sequence[str] = ("2023-02-30", "待补录", "2021/13/05", "20210931")
NULL_TOKENS: Sequence[str] = ("\\N", "null", "暂无", "-", "--", "无", " ")
FORMULAS: Sequence[str] = ("=SUM(A1:A9)", "=HYPERLINK(A1)", "@SUM(1+1)", "=cmd|/C calc!A0")

other_id_check = by(identifiers.other_check)
other_organisation_check = by(identifiers.other_organisation_check)
impossible_birth = by(identifiers.impossible_birth)
legacy_id = by(identifiers.legacy_id)
