"""What a user types, understood or refused in one line that says the way out: dates, resources, libraries, conditions.

Belongs here: words → values. Does not belong here: what is done with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shuyuan.share.moment import Moment


class Mistake(Exception):
    """The command was asked for something that cannot be; nothing was done. The program ends with code 2."""


def day(text: str) -> date:
    """A calendar day written YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Mistake(f"{text!r} is no date; write it as YYYY-MM-DD, such as 2026-11-16") from None


def moment(as_of: str | None, known: str | None) -> Moment:
    """`--as-of` and `--known`: a day, and a moment in ISO 8601 (Beijing's unless it says a zone; a day alone: until its end)."""
    from shuyuan.share.moment import Moment, known_at

    try:
        recorded: datetime | None = known_at(known) if known else None
    except ValueError as error:
        raise Mistake(f"--known {error}") from None
    return Moment(day(as_of) if as_of else None, recorded)


def resource(name: str) -> str:
    """The id of a declared resource."""
    from shuyuan import settings
    from shuyuan.catalog import load_catalog

    return _declared("resource", name, load_catalog(settings.load().catalog).resources)


def library(name: str) -> str:
    """The id of a declared library."""
    from shuyuan import settings
    from shuyuan.catalog import load_catalog

    return _declared("library", name, load_catalog(settings.load().catalog).libraries)


def conditions(pairs: Iterable[str]) -> dict[str, str]:
    """`item=value`, each item once; the value may hold further equals signs."""
    found: dict[str, str] = {}
    for pair in pairs:
        item, sign, value = pair.partition("=")
        if not sign or not item.strip():
            raise Mistake(f"--where {pair!r}: write it as item=value, such as --where name=王小明")
        if item.strip() in found:
            raise Mistake(f"--where {item.strip()} is given twice; rows can match only one value")
        found[item.strip()] = value
    return found


def names(text: str) -> list[str]:
    """`a,b,c`, white space around a name ignored."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _declared(kind: str, name: str, known: Iterable[str]) -> str:
    if name in (declared := list(known)):
        return name
    near = _near(name, declared)
    meant = f", did you mean {near}?" if near else ";"
    raise Mistake(f"no {kind} {name!r} is declared{meant} `shuyuan catalog show` lists them")


def _near(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    return " or ".join(get_close_matches(name, known, n=2))
