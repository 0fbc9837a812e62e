"""May this person read these items of this library for this purpose today? Pure: everything it judges is handed to it.

Nothing is open unless a grant opens it, and every answer has a reason (国发〔2016〕51号 第十二条: 明确用途; 四川细则 第二十三条: 不予共享应说明理由).
A grant's items: `*` opens every item that is neither personal nor conditional; `name` opens that item, masked if it is personal;
`name:plain` opens it as it is.
Does not belong here: reading tables, writing the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from shuyuan.catalog import Catalog, Library
from shuyuan.catalog.sharing import SharedItem, shared_items

PLAIN = ":plain"
EVERY = "*"


@dataclass(frozen=True)
class Person:
    """A row of share.person."""

    name: str
    department: str
    role: str
    active: bool = True


@dataclass(frozen=True)
class Grant:
    """A row of share.permission that names the person or the person's department, whether or not it is still in force."""

    grant_id: int
    items: tuple[str, ...]
    purposes: tuple[str, ...]
    approver: str
    valid_from: date
    valid_to: date | None = None
    revoked: bool = False

    def in_force(self, today: date) -> bool:
        return not self.revoked and self.valid_from <= today and (self.valid_to is None or today <= self.valid_to)

    def opens(self, item: SharedItem) -> bool:
        named = item.name in self.items or item.name + PLAIN in self.items
        return named or (EVERY in self.items and item.open)

    def opens_plain(self, item: SharedItem) -> bool:
        return self.opens(item) and (not item.personal or item.name + PLAIN in self.items)


@dataclass(frozen=True)
class Decision:
    """`reason` is always there; `approver` names who approved the grants it rests on; `masked` are the items to mask."""

    allowed: bool
    reason: str
    approver: str | None = None
    masked: frozenset[str] = field(default_factory=frozenset)


class _RefusalError(Exception):
    """Why not; never leaves this module."""


def decide(
    person: Person | None,
    purpose: str,
    library: str,
    items: Sequence[str],
    grants: Iterable[Grant],
    *,
    catalog: Catalog,
    today: date,
    filters: Sequence[str] = (),
) -> Decision:
    """Judge one request. `purpose` is an id of the policy's purposes; `filters` are the items rows are chosen by.

    A filter needs its item opened, and opened plain unless it is the key: choosing rows by a masked value would reveal it.
    """
    try:
        someone = _person(person)
        _purpose(catalog, purpose)
        wanted = _items(catalog, library, items)
        chosen = _items(catalog, library, filters) if filters else []
        usable = _usable(someone, library, list(grants), today)
        usable = _for_purpose(usable, purpose, catalog.policy.purposes[purpose])
        _opened(usable, [*wanted, *chosen])
        _filterable(usable, catalog.libraries[library], chosen)
    except _RefusalError as refusal:
        return Decision(False, str(refusal))
    return _granted(usable, wanted, chosen, catalog.policy.purposes[purpose])


def _person(person: Person | None) -> Person:
    if person is None:
        raise _RefusalError("未登记的人员：请先由管理员登记（shuyuan person add）")
    if not person.active:
        raise _RefusalError(f"人员 {person.name} 已停用")
    return person


def _purpose(catalog: Catalog, purpose: str) -> None:
    if purpose not in catalog.policy.purposes:
        known = "、".join(f"{name}（{title}）" for name, title in catalog.policy.purposes.items())
        raise _RefusalError(f"用途 {purpose or '（空）'} 不在规定用途之内：{known}")


def _items(catalog: Catalog, library: str, names: Sequence[str]) -> list[SharedItem]:
    if library not in catalog.libraries:
        raise _RefusalError(f"没有这个库：{library}；现有：{'、'.join(catalog.libraries)}")
    known = shared_items(catalog, catalog.libraries[library])
    if not names:
        raise _RefusalError("没有指明信息项")
    for name in names:
        if name not in known:
            raise _RefusalError(f"库 {library} 没有信息项 {name}")
        if known[name].share.type == "none":
            raise _RefusalError(f"信息项 {name} 不予共享，依据：{known[name].share.basis}")
    return [known[name] for name in dict.fromkeys(names)]


def _usable(person: Person, library: str, grants: list[Grant], today: date) -> list[Grant]:
    if not grants:
        raise _RefusalError(f"{person.name}（{person.department}）没有库 {library} 的授权")
    live = [grant for grant in grants if grant.in_force(today)]
    if not live:
        raise _RefusalError("；".join(_why_not(grant, today) for grant in grants))
    return live


def _for_purpose(grants: list[Grant], purpose: str, title: str) -> list[Grant]:
    usable = [grant for grant in grants if purpose in grant.purposes]
    if not usable:
        raise _RefusalError(f"授权未包含用途 {title}（{purpose}）")
    return usable


def _why_not(grant: Grant, today: date) -> str:
    if grant.revoked:
        return f"授权 {grant.grant_id} 已撤销"
    if today < grant.valid_from:
        return f"授权 {grant.grant_id} 自 {grant.valid_from} 起生效"
    return f"授权 {grant.grant_id} 已于 {grant.valid_to} 到期"


def _opened(grants: list[Grant], items: list[SharedItem]) -> None:
    closed = [item.name for item in items if not any(grant.opens(item) for grant in grants)]
    if closed:
        raise _RefusalError(f"授权未开放信息项：{'、'.join(dict.fromkeys(closed))}")


def _filterable(grants: list[Grant], library: Library, filters: list[SharedItem]) -> None:
    for item in filters:
        if item.name != library.key.name and not any(grant.opens_plain(item) for grant in grants):
            raise _RefusalError(f"信息项 {item.name} 只授权脱敏查看，不能作为查询条件")


def _granted(grants: list[Grant], items: list[SharedItem], filters: list[SharedItem], purpose: str) -> Decision:
    used = [grant for grant in grants if any(grant.opens(item) for item in [*items, *filters])]
    masked = frozenset(item.name for item in items if not any(grant.opens_plain(item) for grant in grants))
    numbers = "、".join(str(grant.grant_id) for grant in used)
    approver = "、".join(dict.fromkeys(grant.approver for grant in used))
    return Decision(True, f"授权 {numbers}，用途：{purpose}", approver, masked)
