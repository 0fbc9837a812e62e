"""Suites: `expectations/suites/*.yml` → rules for one resource or library. `_default.yml` and `_library.yml` hold for all of them.

A rule of a resource's own file replaces the default's rule of the same type, target and severity. In the defaults a target may be a
word that stands for several items: `$key`, `$required`, `$each` (all but the key), `$pairs` (declared checks of a library); `reasons`
may be `$unusable` (the value was lost) or `$any`. Belongs here: reading and expanding. Does not belong here: what a rule means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shuyuan import settings
from shuyuan.catalog import Library, Resource
from shuyuan.catalog.source import read_yaml
from shuyuan.standards import REASONS

PROJECT_SUITES = settings.PROJECT / "expectations" / "suites"
SEVERITIES = ("critical", "warning", "info")
DIMENSIONS = ("规范性", "完整性", "准确性", "一致性", "时效性", "可访问性")  # GB/T 36344-2018
NO_LOSS = ("masked", "date_sentinel", "date_long_term")  # declared absences: no claim, but no fault of the row either
WORDS: Mapping[str, tuple[str, ...]] = {
    "$unusable": tuple(r.code for r in REASONS.values() if not r.usable and r.code not in NO_LOSS),
    "$any": tuple(REASONS),
}
Targets = Callable[[str], list[dict[str, str]]]
_OURS = ("type", "severity", "meta", "when")


@dataclass(frozen=True)
class Rule:
    """One expectation of a suite. `where` is `file:line`, `kwargs` the expectation's own arguments, `label` the target's Chinese name,
    `stray` keys of `meta` that mean nothing."""

    type: str
    kwargs: Mapping[str, Any]
    severity: str
    dimension: str
    note: str
    where: str
    when: str | None = None
    label: str = ""
    stray: tuple[str, ...] = ()

    @property
    def target(self) -> str | None:
        """The item it speaks about, if it is one."""
        found = self.kwargs.get("item", self.kwargs.get("column", self.kwargs.get("column_A")))
        return None if found is None else str(found)

    @property
    def identity(self) -> tuple[str, str, str]:
        """What a resource's own rule must share with a default's to replace it."""
        ref = self.kwargs.get("claim_ref", self.kwargs.get("query", ""))
        return self.type, f"{self.target}|{ref}", self.severity

    @property
    def reason(self) -> str:
        """The reason code of rows that this rule sets aside."""
        query = str(self.kwargs.get("query", ""))
        return query.rsplit("/", 1)[-1] or self.type.removeprefix("expect_").removeprefix("column_values_to_")


def for_resource(resource: Resource) -> tuple[Rule, ...]:
    """The rules of a resource: the default's and those of its own file, if it has one."""
    targets = _targets_of_resource(resource)
    rules = _labelled(_merged("_default", resource.table, targets), {item.name: item.label for item in resource.items})
    other = {"full": "change", "change": "full"}[resource.delivery.mode]
    return tuple(rule for rule in rules if rule.when != other)


def for_library(library: Library) -> tuple[Rule, ...]:
    """The rules of a library."""
    rules = _merged("_library", f"library__{library.id}", _targets_of_library(library))
    return tuple(_labelled(rules, {"_key": library.key.label} | {item.name: item.label for item in library.items}))


def path_of(name: str) -> Path:
    """Where the suite of that name is (or would be)."""
    return settings.load().expectations / f"{name}.yml"


def _default(name: str) -> Path:
    """A default in force: the folder's own, else the project's, so that another catalog's suites need not repeat it."""
    own = path_of(name)
    return own if own.exists() else PROJECT_SUITES / own.name


def read(path: Path) -> list[Rule]:
    """The rules of one file as written, nothing expanded. What is missing is left empty for `check_suites` to name."""
    document = read_yaml(path)
    entries = (document.data or {}).get("expectations") or []
    return [_rule(entry, _short(document.at("expectations", i))) for i, entry in enumerate(entries)]


def _short(where: str) -> str:
    """`file:line` from the project on, as it goes into results that travel."""
    return where.removeprefix(f"{settings.PROJECT}/")


def _labelled(rules: list[Rule], labels: Mapping[str, str]) -> list[Rule]:
    return [replace(rule, label=labels.get(rule.target or "", rule.target or "")) for rule in rules]


def _rule(entry: Mapping[str, Any], where: str) -> Rule:
    meta = dict(entry.get("meta") or {})
    kwargs = {name: value for name, value in entry.items() if name not in _OURS}
    words = (str(entry.get("type", "")), kwargs, str(entry.get("severity", "")))
    told = (str(meta.pop("dimension", "")), str(meta.pop("note", "")))
    return Rule(*words, *told, where, entry.get("when"), stray=tuple(map(str, meta)))


def _merged(default: str, own: str, targets: Targets) -> list[Rule]:
    path = path_of(own)
    mine = [rule for written in (read(path) if path.exists() else []) for rule in expand(written, targets)]
    replaced = {rule.identity for rule in mine}
    common = [rule for written in read(_default(default)) for rule in expand(written, targets)]
    return [rule for rule in common if rule.identity not in replaced] + mine


def expand(rule: Rule, targets: Targets) -> Iterator[Rule]:
    """The rule itself, or one per item that its target word stands for."""
    kwargs = dict(rule.kwargs)
    reasons = kwargs.get("reasons")
    if isinstance(reasons, str):
        kwargs["reasons"] = list(WORDS.get(reasons, (reasons,)))
    name = next((n for n in ("item", "column") if str(kwargs.get(n, "")).startswith("$")), None)
    for change in targets(str(kwargs[name])) if name else [{}]:
        named = {str(name) if key == "item" else key: value for key, value in change.items()}
        yield replace(rule, kwargs=kwargs | named)


def _targets_of_resource(resource: Resource) -> Targets:
    words = {
        "$key": list(resource.key),
        "$required": [item.name for item in resource.items if item.required and item.name not in resource.key],
        "$each": [item.name for item in resource.items if item.name not in resource.key],
    }
    return lambda word: [{"item": name} for name in words.get(word, [word])]


def _targets_of_library(library: Library) -> Targets:
    pairs = [(i.name, c.ref) for i in library.items for c in i.check if not c.definition]
    words = {
        "$key": [{"item": "_key"}],
        "$each": [{"item": item.name} for item in library.items],
        "$pairs": [{"item": item, "claim_ref": ref} for item, ref in pairs],
    }
    return lambda word: words.get(word, [{"item": word}])
