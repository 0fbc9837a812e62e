"""Thematic checks as SQL: what a library's declared contradictions find among the claims of one bucket.

Belongs here: one SELECT per contradiction over the relation `checked`. Does not belong here: how claims get there (`plan.py`), what a
condition means (`conditions.py`), what is done about a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import date
from functools import cached_property

from shuyuan.catalog import Catalog, Condition, Contradiction, Library, item_of, resource_of
from shuyuan.catalog.conditions import CLAIM, SOURCE, ScopedSource
from shuyuan.catalog.declared import SPELLED
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, Literal, fragment, join, statement
from shuyuan.resolve.conditions import holds, spelled

Columns = Callable[[str], Identifier]
"""A claim's reference → its column in `checked`."""
NO_DATE = SQL("CAST(NULL AS DATE)")
COMPARED = ("equals", "differs")


def findings(
    catalog: Catalog, library: Library, column: Columns, business_date: date, delivered: Container[str]
) -> list[Composed]:
    """One SELECT per contradiction: entity, item, source_ref, source_value, claim_ref, claim_value, class, pattern, _turns.

    They read `checked`: one row per entity with `_key` and one column per claim of `refs(library)`, typed as its item, null where the
    member has no row. `class` is `finding`, or `timing` until `_turns` (else null). `delivered` are the resources that have ever
    delivered: a contradiction that rests on the silence of another one is left out, for nothing follows from it.
    """
    told = [one for one in library.contradictions if all(resource_of(ref) in delivered for ref in one.silent)]
    return [_Finding(catalog, one, column).select(business_date) for one in told]


def refs(library: Library) -> tuple[str, ...]:
    """Every claim that the library's contradictions look at, each once."""
    return tuple(dict.fromkeys(ref for one in library.contradictions for ref in one.refs))


class _Finding:
    """One contradiction being put into SQL."""

    def __init__(self, catalog: Catalog, one: Contradiction, column: Columns) -> None:
        self.catalog, self.one, self.column = catalog, one, column

    def select(self, business_date: date) -> Composed:
        return statement(
            "steps/finding",
            item=Literal(self.one.id),
            source_ref=self._source_ref(),
            source=self._source(),
            claim_ref=Literal(self.one.claim),
            claim=self.column(self.one.claim),
            turns=self._turns(),
            scope=self._scope(),
            alternatives=join([self._alternative(alternative) for alternative in self.one.when], " OR "),
            business_date=SQL(business_date.isoformat()),
            checked=self._checked(),
        )

    def _checked(self) -> Composable:
        """The claims; where texts are compared, beside them what is compared: an engine that meets it in a filter spells it at every mention."""
        if not self._spellings:
            return SQL("checked")
        columns = [fragment("{text} AS {name}", text=text, name=self._name(of)) for of, text in self._spellings.items()]
        template = "(SELECT *, {columns} FROM checked WHERE {claim} IS NOT NULL) AS checked"
        return fragment(template, columns=join(columns), claim=self.column(self.one.claim))

    @cached_property
    def _spellings(self) -> dict[str, Composable]:
        """What is compared in another spelling than it has."""
        compared = [condition for condition in self.one.conditions if condition.test in COMPARED]
        named = {of: self._kind(of) for condition in compared for of in condition.subjects}
        return {of: spelled(kind, self._side(of)) for of, kind in named.items() if kind in SPELLED}

    def _name(self, of: str) -> Identifier:
        return Identifier(f"_spelled_{list(self._spellings).index(of)}")

    @property
    def _scoped(self) -> bool:
        return any(side.prefixes for side in self.one.source)

    def _source(self) -> Composable:
        """The claim it rests on: by the key's prefix, or of several the first that speaks."""
        claims = [self.column(side.ref) for side in self.one.source]
        if not self._scoped:
            return fragment("coalesce({claims})", claims=join(claims)) if len(claims) > 1 else claims[0]
        arms = [_when(_own(side), claim) for side, claim in zip(self.one.source, claims, strict=True)]
        return fragment("CASE {arms} END", arms=join(arms, " "))

    def _source_ref(self) -> Composed:
        """Whose claim that is; of several of which none speaks, the first."""
        named = [Literal(side.ref) for side in self.one.source]
        if self._scoped:
            arms = [_when(_own(side), ref) for side, ref in zip(self.one.source, named, strict=True)]
            return fragment("CASE {arms} END", arms=join(arms, " "))
        claims = [fragment("{claim} IS NOT NULL", claim=self.column(side.ref)) for side in self.one.source]
        spoken = [_when(told, ref) for told, ref in zip(claims, named, strict=True)]
        return fragment("CASE {arms} ELSE {asked} END", arms=join(spoken, " "), asked=named[0])

    def _scope(self) -> Composable:
        """A key outside of every prefix belongs to none of these registers: it is not judged."""
        return join([_own(side) for side in self.one.source], " OR ") if self._scoped else SQL("true")

    def _turns(self) -> Composable:
        if not self.one.days:
            return NO_DATE
        since = self.column(self.one.since) if self.one.since else self._source()
        return fragment("{since} + {days}", since=since, days=SQL(str(self.one.days + 1)))

    def _alternative(self, alternative: tuple[Condition, ...]) -> Composed:
        """All of its conditions; spellings are compared last, where the others still leave something."""
        ordered = sorted(alternative, key=lambda condition: condition.test in COMPARED)
        return fragment("({tests})", tests=join([self._test(condition) for condition in ordered], " AND "))

    def _test(self, condition: Condition) -> Composed:
        told = self._compared if condition.test in COMPARED else self._side
        other: Composable | None = told(condition.other) if condition.other and not condition.day else None
        if condition.day:
            other = SQL(f"DATE '{condition.day.isoformat()}'")
        return holds(condition, told(condition.of), other, self._kind(condition.of))

    def _compared(self, of: str) -> Composable:
        return self._name(of) if of in self._spellings else self._side(of)

    def _side(self, of: str) -> Composable:
        return self._source() if of == SOURCE else self.column(self.one.claim if of == CLAIM else of)

    def _kind(self, of: str) -> str:
        ref = {SOURCE: self.one.source[0].ref, CLAIM: self.one.claim}.get(of, of)
        return (
            "integer"
            if item_of(ref) == "_records"
            else self.catalog.resources[resource_of(ref)].item(item_of(ref)).type
        )


def _own(side: ScopedSource) -> Composed:
    """Whether the entity's key is one that this source speaks about."""
    tests = [fragment("starts_with(_key, {prefix})", prefix=Literal(prefix)) for prefix in side.prefixes]
    return fragment("({own})", own=join(tests, " OR ") if tests else SQL("true"))


def _when(test: Composable, then: Composable) -> Composed:
    return fragment("WHEN {test} THEN {then}", test=test, then=then)
