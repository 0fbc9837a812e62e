"""Whose duty it is to look at an entity with everything that departments say about it, and at who else looked. Pure.

A grant opens items of a library (`decide`); what the departments claim against each other is opened by no grant, only by the duty of
checking data (数据校核: steward, engineer). Who read is the matter of audit (auditor) and of those who answer for the data.
Does not belong here: reading tables, writing the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

from shuyuan.catalog import Catalog
from shuyuan.share.decide import Person

CHECKS_DATA = ("steward", "engineer")
CHECKS_READERS = ("auditor", "steward", "engineer")
PURPOSE = "data_verification"  # 数据校核: what values are looked at for


@dataclass(frozen=True)
class Duty:
    """What a person may see of an entity: its `values` with every claim, its `readers`, or nothing. `reason` is always there."""

    values: bool
    readers: bool
    reason: str

    @property
    def allowed(self) -> bool:
        return self.values or self.readers


def duty(person: Person | None, purpose: str, library: str | None, item: str | None, catalog: Catalog) -> Duty:
    """Judge whether `person` may have an entity of `library` (one `item` of it) explained for `purpose`, an id of the policy's purposes.

    Without a library: whether entities of any library, as the links between them name those of all.
    """
    refusal = _refusal(person, purpose, library, catalog) or _no_item(library, item, catalog)
    if person is None or refusal is not None:
        return Duty(False, False, refusal or "")
    values, readers = person.role in CHECKS_DATA, person.role in CHECKS_READERS
    return Duty(values, readers, f"查看，{person.role} 职责：{'数据校核与审计' if values else '审计（不见登记内容）'}")


def _refusal(person: Person | None, purpose: str, library: str | None, catalog: Catalog) -> str | None:
    if person is None:
        return "未登记的人员：请先由管理员登记（shuyuan person add）"
    if not person.active:
        return f"人员 {person.name} 已停用"
    if purpose not in catalog.policy.purposes:
        known = "、".join(f"{name}（{title}）" for name, title in catalog.policy.purposes.items())
        return f"用途 {purpose or '（空）'} 不在规定用途之内：{known}"
    if library is not None and library not in catalog.libraries:
        return f"没有这个库：{library}；现有：{'、'.join(catalog.libraries)}"
    if person.role not in CHECKS_READERS:
        return "实体的来龙去脉只对数据管理员、数据工程师和审计员开放；其他人请经共享授权查询（shuyuan query）"
    return None


def _no_item(library: str | None, item: str | None, catalog: Catalog) -> str | None:
    if library is None or item is None:
        return None
    known = [one.name for one in catalog.libraries[library].items]
    return None if item in known else f"库 {library} 没有信息项 {item}；现有：{'、'.join(known)}"
