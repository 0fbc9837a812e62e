"""What a contradiction means, in plain Python and from the words of `docs/thematic-checks.md`: the judge of the SQL that finds them.

Belongs here: one entity at a time. Does not belong here: how an engine does it (`shuyuan/resolve`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shuyuan.catalog import Condition, Contradiction

Claim = Callable[[str], Any]
"""A reference → what that register claims about the entity; None for nothing."""
Agree = Callable[[str, Any, Any], bool | None]
"""What a condition names, its value and another one → do they agree by the comparator of their kind? None where there is nothing to compare."""


@dataclass(frozen=True)
class Finding:
    """What must be on record about one entity and one contradiction."""

    source_ref: str
    source_value: Any
    claim_value: Any
    kind: str
    turns: date | None


def finding(one: Contradiction, key: str, claim: Claim, today: date, agree: Agree) -> Finding | None:
    """None where the two claims do not contradict each other, or where none of the registers is asked about this key."""
    sides = [side.ref for side in one.source if not side.prefixes or key.startswith(side.prefixes)]
    if not sides or claim(one.claim) is None:
        return None
    source_ref = next((ref for ref in sides if claim(ref) is not None), sides[0])
    named = {"source": claim(source_ref), "claim": claim(one.claim)}

    def value(name: str) -> Any:
        return named[name] if name in named else claim(name)

    if not any(all(_holds(test, value, agree) for test in alternative) for alternative in one.when):
        return None
    since = claim(one.since) if one.since else named["source"]
    due = since + timedelta(days=one.days) if one.days and since else None
    waiting = due is not None and due >= today
    turns = due + timedelta(days=1) if due and waiting else None
    return Finding(source_ref, named["source"], named["claim"], "timing" if waiting else "finding", turns)


def _holds(test: Condition, value: Claim, agree: Agree) -> bool:
    mine = value(test.of)
    if test.test == "absent":
        return mine is None
    if mine is None:
        return False
    if test.test == "present":
        return True
    if test.test == "in":
        return str(mine) in test.values
    other = test.day or value(test.other or "")
    if other is None:
        return False
    if test.test in ("before", "after"):
        return bool(mine < other) if test.test == "before" else bool(mine > other)
    return agree(test.of, mine, other) is (test.test == "equals")
