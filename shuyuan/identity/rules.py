"""Deterministic proposals: each rule says by evidence why two subjects would be one, or why one number would be two people.

Belongs here: which rules there are and what each needs. Does not belong here: likelihoods (`linkage.py`) and rulings (`rulings.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shuyuan.catalog import Catalog, Library, LibraryItem, item_of, resource_of
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Composable, Identifier, Literal, fragment, statement, table
from shuyuan.identity.subjects import BODY, PERSON, Traits, spelled

NEWBORN = {
    "health.birth": {"child_id_no", "child_name", "child_sex", "birth_date", "mother_id_no"},
    "public_security.resident": {"id_no", "name", "sex", "birth_date", "hukou_no"},
}


@dataclass(frozen=True)
class Rule:
    """Two subjects `a` and `b` are alike by `sql/identity/alike/<name>.sql`; `zh` and `en` say so in words; `keys`: libraries it is about."""

    name: str
    keys: str
    zh: str
    en: str


RULES = (
    Rule(
        "fifteen_digits", PERSON, "同一号码的 15 位旧号（GB 11643）", "the 15-digit form of the same number (GB 11643)"
    ),
    Rule(
        "check_character",
        PERSON,
        "号码仅校验码不同（GB 11643）",
        "numbers that differ in the check character only (GB 11643)",
    ),
    Rule("same_person", PERSON, "同名同出生日期", "same name and birth date"),
    Rule("newborn", PERSON, "当日出生于母亲户内", "born that day in the mother's household"),
    Rule(
        "org_code",
        BODY,
        "代码中的组织机构代码相同（GB 32100 第 9 至 17 位）",
        "same organisation code within the code (GB 32100, positions 9 to 17)",
    ),
    Rule("old_number", BODY, "登记旧号相同", "same registration number of before"),
    Rule("same_body", BODY, "同名", "same name"),
)


def propose(connection: Connection, catalog: Catalog, library: Library, known: Traits) -> None:
    """Fill the temporary table `proposal` from `subject` and `number` and from the open discrepancies."""
    for rule in applicable(catalog, library):
        parts = {
            "method": Literal(rule.name),
            "zh": Literal(rule.zh),
            "en": Literal(rule.en),
            "labels": _labels(known.marks),
            "alike": statement(f"identity/alike/{rule.name}"),
        }
        connection.execute(statement("identity/pairs", **parts))
    if library.key.type == PERSON:
        _one_number_two_persons(connection, catalog, library, known)


def _labels(items: Iterable[LibraryItem]) -> Composable:
    """What people call items, as JSON: item → its label."""
    return Literal(json.dumps({item.name: item.label for item in items}, ensure_ascii=False))


def applicable(catalog: Catalog, library: Library) -> Iterator[Rule]:
    """The rules for a library, those left out whose resources or items the catalog does not declare."""
    for rule in RULES:
        if rule.keys == library.key.type and (rule.name != "newborn" or _declares(catalog, library, NEWBORN)):
            yield rule


def _declares(catalog: Catalog, library: Library, wanted: dict[str, set[str]]) -> bool:
    members = {member.resource for member in library.members}
    return all(
        name in members and items <= {item.name for item in catalog.resources[name].items}
        for name, items in wanted.items()
    )


def _one_number_two_persons(connection: Connection, catalog: Catalog, library: Library, known: Traits) -> None:
    for check in known.name.check:
        member = library.member(resource_of(check.ref))
        resource = catalog.resources[member.resource]
        called = fragment("row.{item}", item=Identifier(item_of(check.ref)))
        same = fragment(
            "{a} = {b}", a=spelled(known.name, called), b=spelled(known.name, fragment("called.claim_value"))
        )
        for on in member.on:
            order = statement(
                "identity/one_number",
                resource=Literal(member.resource),
                library=Literal(library.id),
                name_item=Literal(known.name.name),
                labels=_labels(library.items),
                name_ref=Literal(check.ref),
                source=table("source", resource.table),
                on=Identifier(resource.found_by(on)),
                same_name=same,
            )
            connection.execute(order)
