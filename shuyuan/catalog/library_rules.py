"""What cannot be within a library's own rules: groups that are no group, conditions and thematic checks that name what is not there.

Each rule yields `file:line: what is wrong: way out`. Does not belong here: sources, members and resources (`rules.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from shuyuan.catalog.conditions import CLAIM, SOURCE, Condition, Contradiction
from shuyuan.catalog.declared import item_of, resource_of
from shuyuan.catalog.library import Library, LibraryItem
from shuyuan.catalog.models import Catalog, CodeList
from shuyuan.catalog.source import Document

OF_CHECKS = ("in", "present", "absent")
"""Tests of a check's condition: the library's values are compared with nothing but codes."""
MEASURED = ("amount", "coordinate")
"""Types of which no value is one of a list."""
RECORDS = "_records"


def library_rules(catalog: Catalog, library: Library, document: Document) -> Iterator[str]:
    """Everything wrong with a library's groups, conditional checks and contradictions; sources are known to exist or are told elsewhere."""
    yield from _groups(library, document)
    for i, item in enumerate(library.items):
        for j, check in enumerate(item.check):
            for condition in check.when:
                where = document.at("items", i, "check", j, "when", condition.of)
                yield from (f"{where}: {problem}" for problem in _of_check(catalog, library, item, condition))
    yield from _names(library, document)
    for k, contradiction in enumerate(library.contradictions):
        yield from _Contradiction(catalog, library, contradiction, document, k).problems()


def _groups(library: Library, document: Document) -> Iterator[str]:
    groups: dict[str, list[int]] = defaultdict(list)
    for i, item in enumerate(library.items):
        if item.group:
            groups[item.group].append(i)
    for name, (first, *others) in groups.items():
        where = document.at("items", first, "group")
        if not others:
            yield (
                f"{where}: `{library.items[first].name}` is alone in group `{name}`: a group is what comes from one row together; "
                "name its other items or leave it out"
            )
        for i in others:
            if _row(library.items[i]) != _row(library.items[first]):
                yield (
                    f"{document.at('items', i, 'group')}: `{library.items[i].name}` of group `{name}` does not come from the rows that "
                    f"`{library.items[first].name}` comes from; give both the same source resources and fallbacks in the same order"
                )


def _row(item: LibraryItem) -> tuple[object, ...]:
    """Where an item's row is looked for: resource by key prefix, then the fallbacks' resources in their order."""
    sources = sorted((scope.prefixes, resource_of(scope.ref)) for scope in item.source)
    return (tuple(sources), tuple(resource_of(ref) for ref in item.fallback))


def _of_check(catalog: Catalog, library: Library, item: LibraryItem, condition: Condition) -> Iterator[str]:
    known = {one.name: one for one in library.items}
    if condition.of not in known:
        yield f"the check of `{item.name}` depends on `{condition.of}`, which is no item of `{library.id}`; name one of its items"
    elif condition.test not in OF_CHECKS:
        yield (
            f"the check of `{item.name}` cannot depend on `{condition.of}` by `{condition.test}`; "
            "give a list of codes, `present` or `absent`, or declare a contradiction"
        )
    else:
        one = known[condition.of]
        refs = (*(scope.ref for scope in one.source), *one.fallback)
        yield from _values(condition, one.type, _codes(catalog, refs))


def _codes(catalog: Catalog, refs: Iterable[str]) -> list[CodeList]:
    """The code lists that values of these claims are of; claims that nothing delivers are told elsewhere."""
    resources = [(catalog.resources.get(resource_of(ref)), item_of(ref)) for ref in refs]
    names = [item.codes for resource, name in resources if resource for item in resource.items if item.name == name]
    return [catalog.codes[name] for name in dict.fromkeys(names) if name in catalog.codes]


def _values(condition: Condition, kind: str | None, lists: list[CodeList]) -> Iterator[str]:
    if condition.values and kind in MEASURED:
        yield f"`{condition.of}` is of type {kind}, which is one of no list; test `present` or `absent`"
    permitted = {code for codes in lists for code in codes.values}
    for value in condition.values if permitted else ():
        if value not in permitted:
            listed = "、".join(f"{code} {title}" for codes in lists for code, title in list(codes.values.items())[:12])
            yield f"`{value}` is no code of `{condition.of}` (code list `{lists[0].id}`); it has {listed}"


def _names(library: Library, document: Document) -> Iterator[str]:
    taken = {item.name: document.at("items", i) for i, item in enumerate(library.items)}
    for k, contradiction in enumerate(library.contradictions):
        where = document.at("contradictions", k)
        if contradiction.id in taken:
            first = taken[contradiction.id]
            yield f"{where}: `{contradiction.id}` is declared at {first} already, and its findings could not be told apart; use another id"
        taken.setdefault(contradiction.id, where)


class _Contradiction:
    """The rules of one contradiction, and where its parts stand."""

    def __init__(self, catalog: Catalog, library: Library, one: Contradiction, document: Document, number: int) -> None:
        self.catalog, self.library, self.one, self.document, self.number = catalog, library, one, document, number

    def problems(self) -> Iterator[str]:
        unknown = list(self._unknown())
        yield from unknown or (*self._sides(), *self._conditions(), *self._since())

    def _at(self, *keys: str | int) -> str:
        return self.document.at("contradictions", self.number, *keys)

    def _unknown(self) -> Iterator[str]:
        members = {member.resource for member in self.library.members}
        for ref in self.one.refs:
            if ref.count(".") != 2 or self._type(ref) is None:
                yield f"{self._place(ref)}: `{self.one.id}` refers to `{ref}`, which no resource delivers; name `department.resource.item`"
            elif resource_of(ref) not in members:
                yield (
                    f"{self._place(ref)}: `{self.one.id}` refers to `{ref}`, but `{resource_of(ref)}` is no member of "
                    f"`{self.library.id}`; add it to `members`"
                )

    def _place(self, ref: str) -> str:
        """Where a claim is named: in a condition, or as a side."""
        for n, alternative in enumerate(self.one.when):
            for condition in alternative:
                if ref in condition.subjects:
                    return self._when(n, condition)
        if ref == self.one.claim:
            return self._at("claim")
        return self._at("since" if ref == self.one.since else "source")

    def _when(self, n: int, condition: Condition) -> str:
        listed = isinstance(self.document.data["contradictions"][self.number]["when"], list)
        return self._at("when", *([n] if listed else []), condition.of)

    def _type(self, ref: str) -> str | None:
        """The type of a claim or side; null for what no resource delivers."""
        if ref in (SOURCE, CLAIM):
            return self._type(self.one.source[0].ref if ref == SOURCE else self.one.claim)
        resource = self.catalog.resources.get(resource_of(ref))
        if resource and item_of(ref) == RECORDS:
            return "integer"
        return next((item.type for item in resource.items if item.name == item_of(ref)), None) if resource else None

    def _sides(self) -> Iterator[str]:
        kinds = {self._type(side.ref) for side in self.one.source}
        if len(kinds) > 1:
            types = ", ".join(sorted(str(kind) for kind in kinds))
            yield f"{self._at('source')}: the sources of `{self.one.id}` are of different types ({types}); name claims of one type"
        scoped = any(side.prefixes for side in self.one.source)
        scopes = [prefix for side in self.one.source for prefix in (side.prefixes or ("",)) if scoped]
        for i, one in enumerate(scopes):
            for j, other in enumerate(scopes):
                if i != j and other.startswith(one):
                    yield f"{self._at('source')}: scopes `{one}` and `{other}` of `{self.one.id}` overlap; a key is in one of them"

    def _conditions(self) -> Iterator[str]:
        for n, alternative in enumerate(self.one.when):
            for condition in alternative:
                where = self._when(n, condition)
                yield from (f"{where}: {problem}" for problem in self._condition(condition))

    def _condition(self, condition: Condition) -> Iterator[str]:
        if condition.test == "absent" and condition.of in (CLAIM, self.one.claim):
            yield f"`{self.one.id}` rests on a claim that is not there; say it the other way round, `claim` is what contradicts"
        refs = [side.ref for side in self.one.source] if condition.of == SOURCE else [condition.of]
        refs = [self.one.claim] if condition.of == CLAIM else refs
        kind = self._type(condition.of)
        yield from _values(condition, kind, _codes(self.catalog, refs))
        if condition.test in ("before", "after"):
            yield from self._dates(condition, kind)
        elif condition.other and (condition.day or self._type(condition.other) != kind):
            yield f"`{condition.of}` is of type {kind} and `{condition.other}` is not, so they never agree; name a claim of the same type"

    def _dates(self, condition: Condition, kind: str | None) -> Iterator[str]:
        other = "date" if condition.day else self._type(condition.other or "")
        if (kind, other) != ("date", "date"):
            yield f"`{condition.of}` {condition.test} `{condition.other}` needs two dates; name items of type date or a day like 2026-01-01"

    def _since(self) -> Iterator[str]:
        if self.one.days and self._type(self.one.since or SOURCE) != "date":
            yield f"{self._at('days')}: `{self.one.id}` has {self.one.days} days from no date; name an item of type date in `since`"
