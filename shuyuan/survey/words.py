"""What the words of a header say: a name for the column, and the type that usually goes with it. The words are in `words.yml`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from shuyuan.standards import ARROW_TYPES

LONGEST_NAME: Final = 41  # characters of an item's name: catalog.models.Identifier
_NOISE: Final = re.compile(r"[\s\u200b\ufeff\"'“”]+")
_BETWEEN: Final = re.compile(r"[^\w]|_|的|及|和|或|与|(?<![a-z])\d+(?![a-z])")
_EMPTY_WORDS: Final = frozenset({"info", "publish"})  # every title has them
_UNIT: Final = re.compile(r"(?<![一-鿿])((?:万亿|亿|千万|百万|十万|万|千|百)?元)(?:人民币)?(?![一-鿿])")


@dataclass(frozen=True)
class Word:
    """One entry of the dictionary. `type` is None for words that only stand before others; `in_titles` is its name in a file's title."""

    name: str
    type: str | None
    personal: bool
    running: bool
    in_titles: str


@dataclass(frozen=True)
class Hint:
    """What a header says. `name` is None where some of it is not in the dictionary; `word` is the words its type rests on."""

    name: str | None
    type: str | None
    unit: str | None
    personal: bool
    running: bool
    word: str


def normal(label: str) -> str:
    """A header text as it is compared: NFKC, no white space or quotes, lower case."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", label)).casefold()


def hint(label: str) -> Hint:
    """What a header text says of its column."""
    text = normal(label)
    unit = _UNIT.search(text)
    bare = _UNIT.sub("", text) if unit else text
    found = _whole(bare) or _pieces(bare)
    known = [(word, piece) for word, piece in found if word is not None]
    last, said = known[-1] if known and found[-1][0] is not None else (None, "")
    return Hint(
        name=_joined([word.name for word, _ in known]) if known and len(known) == len(found) else _ascii(label),
        type=("amount" if unit and (last is None or last.type is None) else _available(last.type if last else None)),
        unit=unit[1] if unit else None,
        personal=any(word.personal for word, _ in known),
        running=bool(last and last.running and len(known) == 1),
        word=said or (unit[1] if unit else ""),
    )


def english(text: str) -> str | None:
    """A name for a file's title, from the words of it that are known; None where none is."""
    known = [word.in_titles for word, _ in _pieces(normal(text)) if word is not None]
    return _joined([name for name in known if name not in _EMPTY_WORDS] or known)


def slug(text: str) -> str:
    """`text` as an identifier of ours; empty where nothing of it is ASCII."""
    bare = re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKC", text).casefold()).strip("_")
    return re.sub(r"^[^a-z]+", "", bare)[:LONGEST_NAME].rstrip("_")


def _whole(text: str) -> list[tuple[Word | None, str]] | None:
    found = _words().get(text)
    return [(found, text)] if found else None


def _pieces(text: str) -> list[tuple[Word | None, str]]:
    """The text cut into the longest known words; what is not known comes as None."""
    return [piece for part in _BETWEEN.split(text) if part for piece in _cut(part)]


def _cut(part: str) -> Iterator[tuple[Word | None, str]]:
    at, unknown = 0, ""
    while at < len(part):
        size = next((n for n in range(min(_longest(), len(part) - at), 0, -1) if part[at : at + n] in _words()), 0)
        if size and unknown:
            yield None, unknown
            unknown = ""
        if size:
            yield _words()[part[at : at + size]], part[at : at + size]
        else:
            unknown += part[at]
        at += size or 1
    if unknown:
        yield None, unknown


def _joined(names: list[str]) -> str | None:
    """Names in a row as one, without a piece twice; None where it would be too long."""
    parts: list[str] = []
    for name in names:
        if name not in parts:
            parts.append(name)
    joined = "_".join(parts)
    return joined if 0 < len(joined) <= LONGEST_NAME else (parts[-1] if parts else None)


def _ascii(label: str) -> str | None:
    """A header in Latin letters names itself."""
    return (slug(label) or None) if normal(label).isascii() else None


def _available(item_type: str | None) -> str | None:
    return item_type if item_type is None or item_type in ARROW_TYPES else "identifier"


@cache
def _words() -> dict[str, Word]:
    entries = yaml.safe_load(Path(__file__).with_name("words.yml").read_text("utf-8"))
    found: dict[str, Word] = {}
    for entry in entries:
        name, flags = entry["name"], (entry.get("personal", False), entry.get("running", False))
        word = Word(name, entry.get("type"), *flags, entry.get("in_titles", name))
        for text in entry["words"]:
            found.setdefault(normal(text), word)
    return found


@cache
def _longest() -> int:
    return max(map(len, _words()))
