"""Conditions over claims and values, and what is said with them: a check that holds only sometimes, a contradiction between registers.

Belongs here: the shapes, and the short forms in which people write them. Does not belong here: whether what they name exists
(`library_rules.py`) and their SQL (`shuyuan/resolve`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from shuyuan.catalog.declared import Declared, Identifier, ItemRef

TestName = Literal["in", "present", "absent", "equals", "differs", "before", "after"]
FORMS = "a list of codes in quotes, `present`, `absent`, or {equals: …}, {differs: …}, {before: …}, {after: …}"
CLAIM, SOURCE = "claim", "source"
"""Words that stand for the two sides of a contradiction in its conditions."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d$")


class ScopedSource(Declared):
    """The one source of an item for the entities whose key starts with one of `prefixes` (empty: all entities)."""

    prefixes: tuple[str, ...] = ()
    ref: ItemRef


class Condition(Declared):
    """One test of one claim or value: `of` names it.

    `in`: it is one of `values`. `present`, `absent`: there is one, there is none. `equals`, `differs`: both it and `other` are there, and
    agree, or not, as values of their type are compared. `before`, `after`: both are dates, or `other` is a date (`2026-01-01`).
    What is not there satisfies `absent` and nothing else.
    """

    of: str
    test: TestName
    values: tuple[str, ...] = ()
    other: str | None = None

    @property
    def day(self) -> date | None:
        """The date that `other` is, if it is one and no reference."""
        return date.fromisoformat(self.other) if self.other and _DAY.match(self.other) else None

    @property
    def subjects(self) -> tuple[str, ...]:
        """What is looked at: claims, items or the words `source` and `claim`."""
        return (self.of, self.other) if self.other and not self.day else (self.of,)


def conditions_of(value: object) -> object:
    """`{a: ["1"], b: present, c: {after: d}}` → one condition per entry, in order. Raises ValueError for any other form of a test."""
    if not isinstance(value, dict):
        return value
    if not value:
        raise ValueError("an empty condition says nothing: name what is tested, or leave `when` out")
    return tuple(_condition(str(of), test) for of, test in value.items())


def _condition(of: str, test: Any) -> dict[str, object]:
    if test in ("present", "absent"):
        return {"of": of, "test": test}
    if isinstance(test, list | tuple) and test:
        return {"of": of, "test": "in", "values": tuple(_quoted(of, value) for value in test)}
    if isinstance(test, dict) and len(test) == 1:
        name, other = next(iter(test.items()))
        if name in get_args(TestName)[3:] and isinstance(other, str | date):
            return {"of": of, "test": name, "other": str(other)}
    raise ValueError(f"`{of}: {test}` is no test: write {FORMS}")


def _quoted(of: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(
            f"`{of}` is compared with texts, and {value!r} is none: put it in quotes, 01 and 1 are two codes"
        )
    return value


class Contradiction(Declared):
    """Two claims about one entity that cannot both be so (a thematic check): its result is a discrepancy of class `finding` under this `id`.

    `source`: the claim it rests on, by key prefix, or of several the first that speaks; `claim`: the one that contradicts it. `when`:
    alternatives, each a set of conditions that hold together; a condition names a claim, or `source` or `claim` for the sides.
    `days`: until so many days after `since` (default: the source's value) the later register may still learn of it, and the row is
    of class `timing`. `why`, `why_en`: the article it rests on, or the harm it does.
    """

    id: Identifier
    title: str
    title_en: str
    severity: Literal["critical", "warning", "info"] = "warning"
    why: str
    why_en: str = ""
    source: tuple[ScopedSource, ...]
    claim: ItemRef
    when: tuple[tuple[Condition, ...], ...]
    days: Annotated[int, Field(ge=0)] = 0
    since: ItemRef | None = None

    @field_validator("source", mode="before")
    @classmethod
    def _sides(cls, value: object) -> object:
        """`a.b.c`, or `[a.b.c, d.e.f]` (the first that speaks), or `{"91 93": a.b.c, "5": d.e.f}` (key prefixes, blank separated)."""
        if isinstance(value, str):
            return ({"ref": value},)
        if isinstance(value, dict):
            return tuple({"prefixes": tuple(str(prefix).split()), "ref": ref} for prefix, ref in value.items())
        if isinstance(value, list | tuple) and value:
            return tuple({"ref": ref} if isinstance(ref, str) else ref for ref in value)
        raise ValueError("`source` is one claim, a list of claims (the first that speaks) or claims by key prefix")

    @field_validator("when", mode="before")
    @classmethod
    def _alternatives(cls, value: object) -> object:
        alternatives = value if isinstance(value, list | tuple) else (value,)
        if not alternatives:
            raise ValueError(
                "without `when` every entity would be a finding: name what makes the two claims a contradiction"
            )
        return tuple(conditions_of(one) for one in alternatives)

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if self.since and not self.days:
            raise ValueError(f"`{self.id}` has `since` and no `days`: say how many days the later register has")
        return self

    @property
    def conditions(self) -> Iterator[Condition]:
        """Every condition of every alternative."""
        return (condition for alternative in self.when for condition in alternative)

    @property
    def refs(self) -> tuple[str, ...]:
        """Every claim it looks at, each once: both sides, what the conditions name, the date it counts from."""
        tested = (subject for condition in self.conditions for subject in condition.subjects)
        named = (*(side.ref for side in self.source), self.claim, *tested, *([self.since] if self.since else []))
        return tuple(dict.fromkeys(ref for ref in named if ref not in (SOURCE, CLAIM)))

    @property
    def silent(self) -> tuple[str, ...]:
        """The claims whose absence it may rest on: nothing follows from the silence of a register that never delivered."""
        sides = [side.ref for side in self.source]
        tested = (condition.of for condition in self.conditions if condition.test == "absent")
        return tuple(dict.fromkeys(ref for of in tested for ref in (sides if of == SOURCE else [of])))
