"""What cannot be, between declared things: each rule yields `file:line: what is wrong: way out`.

The source of the rules: 一数一源、多元校核 (国发〔2016〕51号 第五条; 四川细则 第六条), legal basis for not sharing (第十条).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from shuyuan.catalog.library_rules import library_rules
from shuyuan.catalog.models import Catalog, Library, LibraryItem, Resource, Share, item_of, resource_of
from shuyuan.catalog.source import Document

Documents = Mapping[str, Document]


def refusals(catalog: Catalog, documents: Documents) -> list[str]:
    """Everything that cannot be in a catalog whose single files are well formed; empty when it is sound."""
    found: list[str] = []
    for resource in catalog.resources.values():
        found += _resource(catalog, resource, documents[resource.id])
    for library in catalog.libraries.values():
        found += _library(catalog, library, documents[library.id])
    for crosswalk in catalog.crosswalks.values():
        found += _crosswalk(catalog, crosswalk.id, documents[crosswalk.id])
    found += _collected_twice(catalog, documents)
    return found


def _resource(catalog: Catalog, resource: Resource, document: Document) -> Iterator[str]:
    if resource.department not in catalog.departments:
        yield f"{document.at('id')}: unknown department `{resource.department}`; add it to departments.yml"
    for name in (resource.bucket_item, *resource.key):
        yield from _too_long(f"{resource.table}__{name}", document.at("id"))
    yield from _share(catalog, resource.share, document.at("share"), resource.id)
    for i, item in enumerate(resource.items):
        if item.type == "code" and item.codes not in catalog.codes:
            yield f"{document.at('items', i, 'codes')}: `{item.name}` uses unknown code list `{item.codes}`"
        if item.crosswalk and item.crosswalk not in catalog.crosswalks:
            yield f"{document.at('items', i, 'crosswalk')}: `{item.name}` uses unknown crosswalk `{item.crosswalk}`"
        if item.share:
            yield from _share(catalog, item.share, document.at("items", i, "share"), f"{resource.id}.{item.name}")


LONGEST_NAME = 63
"""Bytes of a name in PostgreSQL; what is longer is cut, and two tables or indexes become one."""


def _too_long(name: str, where: str) -> Iterator[str]:
    if len(name) > LONGEST_NAME:
        yield f"{where}: `{name}` would be a name of {len(name)} characters, PostgreSQL keeps {LONGEST_NAME}; use shorter ids"


def _share(catalog: Catalog, share: Share, where: str, what: str) -> Iterator[str]:
    if share.type == "none" and not share.basis:
        yield f"{where}: `{what}` is not shareable without a legal basis; cite it in `basis` (国发〔2016〕51号 第十条)"
    if share.type == "none" and share.basis and not _level_allowed(catalog, share.basis):
        levels = "、".join(catalog.policy.legal_basis_levels)
        yield f"{where}: basis `{share.basis}` of `{what}` must name its level first, one of: {levels}"
    if share.type == "conditional" and not share.condition:
        yield f"{where}: `{what}` is shared under condition, but names none; say it in `condition`"


def _level_allowed(catalog: Catalog, basis: str) -> bool:
    return basis.startswith(catalog.policy.legal_basis_levels)


def _crosswalk(catalog: Catalog, name: str, document: Document) -> Iterator[str]:
    crosswalk = catalog.crosswalks[name]
    codes = catalog.codes.get(crosswalk.codes)
    if codes is None:
        yield f"{document.at('codes')}: crosswalk `{name}` maps to unknown code list `{crosswalk.codes}`"
        return
    for word, code in crosswalk.map.items():
        if code not in codes.values:
            yield f"{document.at('map', word)}: `{word}` maps to `{code}`, which is not in code list `{codes.id}`"


def _library(catalog: Catalog, library: Library, document: Document) -> Iterator[str]:
    if library.lead not in catalog.departments:
        yield f"{document.at('lead')}: unknown lead department `{library.lead}`"
    yield from _members(catalog, library, document)
    seen: dict[str, int] = {}
    for i, item in enumerate(library.items):
        if item.name in seen:
            first = document.at("items", seen[item.name])
            yield f"{document.at('items', i)}: two sources for one item: `{item.name}` is declared here and at {first}"
        seen.setdefault(item.name, i)
        yield from _item(catalog, library, item, document.at("items", i))
    yield from library_rules(catalog, library, document)


def _members(catalog: Catalog, library: Library, document: Document) -> Iterator[str]:
    if not any(member.entity for member in library.members):
        yield f"{document.at('members')}: no member of `{library.id}` has `entity: true`, so it would stay empty"
    for i, member in enumerate(library.members):
        where = document.at("members", i)
        resource = catalog.resources.get(member.resource)
        if resource is None:
            yield f"{where}: unknown resource `{member.resource}`"
            continue
        yield from _too_long(library.claims(member, ruled=True), where)
        names = {item.name for item in resource.items}
        for name in (*member.on, *([member.latest] if member.latest else [])):
            if name not in names:
                yield f"{where}: `{member.resource}` has no item `{name}`"


def _item(catalog: Catalog, library: Library, item: LibraryItem, where: str) -> Iterator[str]:
    members = {member.resource for member in library.members}
    for ref in item.refs:
        resource = catalog.resources.get(resource_of(ref))
        if resource is None or item_of(ref) not in {"_records", *(entry.name for entry in resource.items)}:
            yield f"{where}: `{item.name}` refers to `{ref}`, which no resource delivers"
        elif resource_of(ref) not in members:
            yield f"{where}: `{item.name}` refers to `{ref}`, but `{resource_of(ref)}` is no member of `{library.id}`"
    sources = {scope.ref for scope in item.source}
    for ref in (check.ref for check in item.check):
        if ref in sources and len(sources) == 1:
            yield f"{where}: `{item.name}` is checked against its own source `{ref}`"
    if item.share:
        yield from _share(catalog, item.share, where, f"{library.id}.{item.name}")


def _collected_twice(catalog: Catalog, documents: Documents) -> Iterator[str]:
    """The same element collected by two departments without one being a check (四川细则 第十八条: 不重复采集)."""
    related = [set(item.refs) for library in catalog.libraries.values() for item in library.items]
    collectors: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for resource in catalog.resources.values():
        for i, item in enumerate(resource.items):
            if item.element:
                collectors[item.element].append((resource.department, f"{resource.id}.{item.name}", i))
    for element, places in collectors.items():
        first = places[0]
        for department, ref, i in places[1:]:
            if department != first[0] and not any({first[1], ref} <= refs for refs in related):
                where = documents[resource_of(ref)].at("items", i)
                yield f"{where}: `{element}` is collected by `{ref}` and by `{first[1]}`; make one a check of the other"
