"""What departments send about bodies: registries, tax, insured units, penalties, permits, debts.

Belongs here: which rows and which spelling; one function per resource. Nothing here is wrong yet (see `dirt`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from shuyuan.demo import names
from shuyuan.demo.draw import Ints, digits, join, pool, where
from shuyuan.demo.frame import Frame, Texts, at, coded, decimal, number, only, written
from shuyuan.demo.organisations import BUSINESS, CANCELLED, ENTERPRISE, IN_OPERATION, INSTITUTION, SOCIETY, scope
from shuyuan.demo.people import NEVER, Days
from shuyuan.demo.records import Acts
from shuyuan.demo.world import World

_YUAN_PER_UNIT = 10_000
_AUTHORITY = "市市场监督管理局"
_CASES = (
    ("广告违法行为", "经查，当事人发布虚假广告。", "《中华人民共和国广告法》"),
    ("无照经营", "经查，当事人未取得营业执照从事经营活动。", "《市场主体登记管理条例》"),
    ("产品质量违法行为", "经查，当事人销售不合格产品。", "《中华人民共和国产品质量法》"),
    ("价格违法行为", "经查，当事人未明码标价。", "《中华人民共和国价格法》"),
)
_PENALTY_KINDS = np.array([21, 11, 22])  # 罚款 警告 没收违法所得
_PERMIT_KINDS = np.array([1, 3, 4, 5])  # 普通 认可 核准 登记


def _registered(world: World, kind: int) -> Ints:
    o = world.organisations
    return np.flatnonzero((o.kind == kind) & (o.since <= world.day))


def _status(world: World, resource: str, ids: Ints) -> Texts:
    codes = np.where(world.organisations.cancelled[ids], int(CANCELLED), int(IN_OPERATION))
    return coded(codes, world.words(resource, "reg_status"))


def _address(world: World, ids: Ints) -> Texts:
    return at(world.places.address, world.organisations.address[ids])


def _representative(world: World, ids: Ints) -> Texts:
    return at(world.people.name, world.organisations.legal_rep[ids])


def _division(world: World, ids: Ints) -> Texts:
    return number(world.places.county_of(world.organisations.address[ids]))


def enterprise(world: World) -> Frame:
    o = world.organisations
    ids = _registered(world, ENTERPRISE)
    until = np.where(ids % 4 == 0, o.established[ids] + 10957, NEVER)
    columns = {
        "uscc": at(o.uscc, ids),
        "name": at(o.name, ids),
        "kind": coded(o.head[ids].astype(np.int64), world.words("market_regulation.enterprise", "kind")),
        "legal_rep": _representative(world, ids),
        "legal_rep_id_no": at(world.people.id_no, o.legal_rep[ids]),
        "reg_capital": number(o.capital[ids]),
        "currency": pa.array(["156"] * len(ids), pa.string()),
        "est_date": written(o.established[ids]),
        "op_from": written(o.established[ids]),
        "op_to": written(until),
        "reg_status": _status(world, "market_regulation.enterprise", ids),
        "division": _division(world, ids),
        "address": _address(world, ids),
        "industry": pool([t[1] for t in names.TRADES], o.trade[ids]),
        "scope": scope(o, ids),
        "employees": only(o.reports_employees[ids], number(o.employees[ids])),
        "phone": number(o.phone[ids]),
    }
    return Frame("market_regulation.enterprise", ids, columns)


def business(world: World) -> Frame:
    o = world.organisations
    ids = _registered(world, BUSINESS)
    columns = {
        "uscc": at(o.uscc, ids),
        "name": at(o.name, ids),
        "operator": _representative(world, ids),
        "operator_id_no": at(world.people.id_no, o.legal_rep[ids]),
        "capital": number(o.capital[ids]),
        "est_date": written(o.established[ids], "%Y/%m/%d"),
        "reg_status": _status(world, "market_regulation.individual_business", ids),
        "division": _division(world, ids),
        "address": _address(world, ids),
        "scope": scope(o, ids),
        "phone": number(o.phone[ids]),
    }
    return Frame("market_regulation.individual_business", ids, columns)


def society(world: World) -> Frame:
    o = world.organisations
    ids = _registered(world, SOCIETY)
    columns = {
        "uscc": at(o.uscc, ids),
        "name": at(o.name, ids),
        "kind": coded(o.head[ids].astype(np.int64), world.words("civil_affairs.social_org", "kind")),
        "legal_rep": _representative(world, ids),
        "address": _address(world, ids),
        "reg_capital": number(o.capital[ids]),
        "est_date": written(o.established[ids]),
        "reg_status": _status(world, "civil_affairs.social_org", ids),
        "supervisor": pool(("市民政局", "市教育局", "市文化和旅游局"), ids % 3),
    }
    return Frame("civil_affairs.social_org", ids, columns)


def institution(world: World) -> Frame:
    o = world.organisations
    ids = _registered(world, INSTITUTION)
    columns = {
        "uscc": at(o.uscc, ids),
        "name": at(o.name, ids),
        "kind": coded(o.head[ids].astype(np.int64), world.words("establishment.institution", "kind")),
        "legal_rep": _representative(world, ids),
        "address": _address(world, ids),
        "reg_capital": number(o.capital[ids]),
        "est_date": written(o.established[ids]),
        "reg_status": _status(world, "establishment.institution", ids),
        "organizer": pool(("市教育局", "市卫生健康委员会", "市人民政府办公室"), ids % 3),
        "staffing": number(o.employees[ids]),
    }
    return Frame("establishment.institution", ids, columns)


def taxpayer(world: World) -> Frame:
    """Every taxpayer on the first day, then those that paid or closed."""
    o = world.organisations
    ids = np.flatnonzero(o.taxed) if world.day == 0 else world.records.taxpayer_changes["U"]
    columns = {
        "uscc": at(o.uscc, ids),
        "name": at(o.name, ids),
        "legal_rep": _representative(world, ids),
        "address": _address(world, ids),
        "reg_capital": decimal(o.capital[ids] * _YUAN_PER_UNIT * 100, 2),
        "reg_status": _status(world, "tax.taxpayer", ids),
        "register_date": written(o.established[ids] + 15, "%Y%m%d"),
        "credit_grade": pool(("A", "B", "M", "C", "D"), ids * 7 % 5),
        "tax_paid": decimal(o.tax_paid[ids], 2),
    }
    op = "I" if world.day == 0 else "U"
    return Frame("tax.taxpayer", ids, columns, pa.array([op] * len(ids), pa.string()))


def insured_unit(world: World) -> Frame:
    o = world.organisations
    ids = np.flatnonzero(o.insured)
    columns = {
        "uscc": at(o.uscc, ids),
        "unit_no": digits(ids + 1, 8),
        "name": at(o.name, ids),
        "legal_rep": _representative(world, ids),
        "address": _address(world, ids),
        "insured_count": number(o.employees[ids]),
        "contact_phone": number(o.phone[ids]),
    }
    return Frame("hrss.insured_unit", ids, columns)


def _acts(world: World, name: str) -> tuple[Ints, Acts, Ints]:
    """(rows known today, all acts, the body of each row)."""
    acts = world.records.acts[name]
    ids = np.flatnonzero(acts.since <= world.day)
    return ids, acts, acts.body[ids]


def _subject(world: World, resource: str, body: Ints) -> dict[str, Texts]:
    o = world.organisations
    kinds = np.where(o.kind[body] == BUSINESS, 3, 1)
    return {
        "subject_name": at(o.name, body),
        "subject_kind": coded(kinds, world.words(resource, "subject_kind")),
        "subject_uscc": at(o.uscc, body),
        "legal_rep": _representative(world, body),
    }


def penalty(world: World) -> Frame:
    ids, acts, body = _acts(world, "penalty")
    chance, decided = acts.chance[ids], acts.decided[ids]
    case = chance // 7 % len(_CASES)
    fine = 1000 + chance // 5 % 500 * 100
    columns = _subject(world, "credit_office.penalty", body) | {
        "subject_reg_no": only(ids % 3 == 0, join("4403", digits(body, 9))),
        "doc_no": join("市监罚〔", _year(decided), "〕", digits(ids + 1, 1), "号"),
        "violation": pool([case[0] for case in _CASES], case),
        "facts": pool([case[1] for case in _CASES], case),
        "basis": pool([case[2] for case in _CASES], case),
        "penalty_kind": coded(
            _PENALTY_KINDS[chance // 11 % len(_PENALTY_KINDS)], world.words("credit_office.penalty", "penalty_kind")
        ),
        "content": join("罚款", number(fine), "元"),
        "fine": decimal(fine * 100, 6),
        "confiscated": only(ids % 5 == 0, decimal(fine * 10, 6)),
        "decision_date": written(decided, "%Y/%m/%d"),
        "valid_until": written(decided + 1095, "%Y/%m/%d"),
        "publish_until": written(decided + 1095, "%Y/%m/%d"),
        "authority": pa.array([_AUTHORITY] * len(ids), pa.string()),
        "authority_uscc": at(world.organisations.uscc, np.full(len(ids), _registered(world, INSTITUTION)[0])),
        "note": only(ids % 11 == 0, pool(("已公示", "正在公示"), ids % 2)),
    }
    return Frame("credit_office.penalty", ids, columns)


def _year(days: Days) -> Texts:
    """The calendar year of days, as text."""
    return number(days.astype("datetime64[Y]").astype(np.int64) + 1970)


def permit(world: World) -> Frame:
    ids, acts, body = _acts(world, "permit")
    chance, decided = acts.chance[ids], acts.decided[ids]
    columns = _subject(world, "credit_office.permit", body) | {
        "document": pool(("准予行政许可决定书", "食品经营许可决定书", "准予登记通知书"), chance // 7 % 3),
        "doc_no": join("市监许〔", _year(decided), "〕", digits(ids + 1, 1), "号"),
        "permit_kind": coded(
            _PERMIT_KINDS[chance // 11 % len(_PERMIT_KINDS)], world.words("credit_office.permit", "permit_kind")
        ),
        "cert_no": join("JY1", digits(chance % 10**13, 13)),
        "content": pool(("食品销售，限预包装食品", "热食类食品制售", "特种设备使用登记"), chance // 7 % 3),
        "decision_date": written(decided, "%Y/%m/%d"),
        "valid_from": written(decided, "%Y/%m/%d"),
        "valid_until": written(decided + 1826, "%Y/%m/%d"),
        "authority": pa.array([_AUTHORITY] * len(ids), pa.string()),
        "authority_uscc": at(world.organisations.uscc, np.full(len(ids), _registered(world, INSTITUTION)[0])),
        "note": only(ids % 13 == 0, pool(("新办", "延续"), ids % 2)),
    }
    return Frame("credit_office.permit", ids, columns)


def arrears(world: World) -> Frame:
    ids, acts, body = _acts(world, "arrears")
    columns = {
        "notice_no": join("QS", _year(acts.decided[ids]), digits(ids + 1, 6)),
        "uscc": at(world.organisations.uscc, body),
        "name": at(world.organisations.name, body),
        "tax_kind": pool(("增值税", "企业所得税", "房产税", "个人所得税"), acts.chance[ids] % 4),
        "amount": decimal(acts.chance[ids] // 5 % 90_000_000 + 1000, 2),
        "notice_date": written(acts.decided[ids]),
    }
    return Frame("tax.arrears", ids, columns)


def dishonest(world: World) -> Frame:
    ids, acts, body = _acts(world, "dishonest")
    decided = acts.decided[ids]
    columns = {
        "case_no": join("(", _year(decided), ")", where(ids % 2 == 0, "执", "执恢"), digits(ids + 1, 1), "号"),
        "uscc": at(world.organisations.uscc, body),
        "name": at(world.organisations.name, body),
        "amount": decimal(acts.chance[ids] // 5 % 900_000_000 + 1000, 2),
        "filed_on": written(decided - 30),
        "published_on": written(decided),
        "court": pa.array([f"{world.places.divisions.city}中级人民法院"] * len(ids), pa.string()),
    }
    return Frame("courts.dishonest", ids, columns)
