"""What departments send about people: the world's rows as texts in each department's own manner.

Belongs here: which rows and which spelling; one function per resource. Nothing here is wrong yet (see `dirt`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from shuyuan.demo import names
from shuyuan.demo.draw import Ints, digits, join, pool, where
from shuyuan.demo.frame import Frame, Texts, at, coded, decimal, number, only, written
from shuyuan.demo.records import NOBODY
from shuyuan.demo.world import World

_ALIVE, _DEAD = 1, 2


def resident(world: World) -> Frame:
    p = world.people
    ids = np.flatnonzero(p.resident & (p.since <= world.day) & ~p.gone)
    alive = p.alive()[ids]
    columns = {
        "id_no": at(p.id_no, ids),
        "name": at(p.name, ids),
        "former_name": only(ids % 50 == 0, at(p.name, ids // 2)),
        "sex": number(p.sex[ids]),
        "ethnic": digits(p.ethnic[ids], 2),
        "birth_date": written(p.birth[ids], "%Y%m%d"),
        "hukou_no": join("H", digits(p.home[ids], 9)),
        "hukou_division": world.places.division_code(world.places.division[p.home[ids]]),
        "hukou_address": _dwelling(world, ids),
        "marital_status": number(p.marital[ids]),
        "education": number(p.education[ids]),
        "life_status": number(np.where(alive, _ALIVE, _DEAD)),
        "death_date": written(p.death[ids], "%Y%m%d"),
        "phone": only(alive & (ids % 20 > 0), number(p.phone[ids])),
    }
    return Frame("public_security.resident", ids, columns)


def nonlocal_(world: World) -> Frame:
    p = world.people
    ids = np.flatnonzero(~p.resident & (p.since <= world.day) & ~p.gone)
    registered = np.maximum(np.datetime64(world.first_day, "D") - 1 - (ids * 37) % 3000, p.birth[ids] + 1)
    columns = {
        "id_no": at(p.id_no, ids),
        "name": at(p.name, ids),
        "sex": number(p.sex[ids]),
        "ethnic": digits(p.ethnic[ids], 2),
        "birth_date": written(p.birth[ids]),
        "origin_division": number(p.origin[ids]),
        "residence_division": world.places.division_code(world.places.division[p.home[ids]]),
        "residence_address": _dwelling(world, ids),
        "permit_no": join("JZ", digits(ids, 10)),
        "register_date": written(registered),
        "phone": number(p.phone[ids]),
    }
    return Frame("public_security.nonlocal", ids, columns)


def _dwelling(world: World, ids: Ints) -> Texts:
    return join(at(world.places.address, world.people.home[ids]), number(world.people.room[ids]), "室")


def marriage(world: World) -> Frame:
    """Registrations that are new today (all of them on the first day)."""
    c, p = world.records.couples, world.people
    ids = np.flatnonzero(c.since == world.day)
    male, female = c.male[ids], c.female[ids]
    columns = {
        "cert_no": join(where(c.status[ids] == 20, "J", "L"), digits(ids, 10)),
        "male_id_no": at(p.id_no, male),
        "male_name": at(p.name, male),
        "female_id_no": at(p.id_no, female),
        "female_name": at(p.name, female),
        "status": coded(c.status[ids], world.words("civil_affairs.marriage", "status")),
        "reg_date": written(c.registered[ids]),
        "office": join(pool(world.places.divisions.titles, male % len(world.places.divisions.titles)), "婚姻登记处"),
    }
    return Frame("civil_affairs.marriage", ids, columns, pa.array(["I"] * len(ids), pa.string()))


def cremation(world: World) -> Frame:
    p, r = world.people, world.records
    ids = np.flatnonzero(r.cremated)
    columns = {
        "id_no": at(p.id_no, ids),
        "name": at(p.name, ids),
        "death_date": written(p.death[ids], "%Y/%m/%d"),
        "cremation_date": written(p.death[ids] + 1 + ids % 3, "%Y/%m/%d"),
        "funeral_home": pool(("市殡仪馆", "东郊殡仪馆"), ids % 2),
        "fee": decimal(80_000 + ids * 7919 % 400_000, 2),
    }
    return Frame("civil_affairs.cremation", ids, columns)


def death_certificate(world: World) -> Frame:
    p = world.people
    ids = np.flatnonzero(world.records.certified)
    columns = {
        "id_no": at(p.id_no, ids),
        "name": at(p.name, ids),
        "cert_no": join("SW", digits(ids, 9)),
        "death_date": written(p.death[ids]),
        "cause": pool(("心脑血管疾病", "呼吸系统疾病", "恶性肿瘤", "其他疾病"), ids % 4),
        "institution": pool(names.HOSPITALS, ids % len(names.HOSPITALS)),
    }
    return Frame("health.death_certificate", ids, columns)


def birth(world: World) -> Frame:
    p, mother = world.people, world.records.mother
    ids = np.flatnonzero((mother != NOBODY) & (p.since <= world.day))
    columns = {
        "cert_no": join("Z", digits(ids, 9)),
        "child_id_no": at(p.id_no, ids),
        "child_name": at(p.name, ids),
        "child_sex": coded(p.sex[ids], world.words("health.birth", "child_sex")),
        "birth_date": join(written(p.birth[ids]), pool((" 03:20:00", " 08:15:30", " 21:07:59"), ids % 3)),
        "weight": number(2500 + ids * 7 % 1800),
        "mother_id_no": at(p.id_no, mother[ids]),
        "mother_name": at(p.name, mother[ids]),
        "institution": pool(names.HOSPITALS, ids % len(names.HOSPITALS)),
    }
    return Frame("health.birth", ids, columns)


def insured(world: World) -> Frame:
    """Everybody on the first day, then the changes of the day. The pension office knows the life status of residents only."""
    p, r = world.people, world.records
    ids, ops = _changes(world, r.insured_changes, np.flatnonzero(r.insured))
    status = np.where(p.alive()[ids], np.where(ids % 17 == 0, 2, 1), 3)
    columns = {
        "id_no": at(p.id_no, ids),
        "person_no": digits(ids + 1, 10),
        "name": at(p.name, ids),
        "employer_uscc": only(r.employer[ids] != NOBODY, at(world.organisations.uscc, np.maximum(r.employer[ids], 0))),
        "pension_status": number(status),
        "base": number(r.base[ids]),
        "start_date": written(np.maximum(p.birth[ids] + 6570, np.datetime64("1993-07-01")), "%Y%m%d"),
        "life_status": only(p.resident[ids], number(np.where(p.alive()[ids], _ALIVE, _DEAD))),
    }
    return Frame("hrss.insured", ids, columns, ops)


def _changes(world: World, changes: dict[str, Ints], everything: Ints) -> tuple[Ints, Texts]:
    if world.day == 0:
        return everything, pa.array(["I"] * len(everything), pa.string())
    ids = np.concatenate([changes[op] for op in changes])
    ops = np.repeat(list(changes), [len(rows) for rows in changes.values()])
    order = np.argsort(ids, kind="stable")
    return ids[order], pa.array(ops[order].tolist(), pa.string())


def medical(world: World) -> Frame:
    p, r = world.people, world.records
    ids = np.flatnonzero(r.medical)
    employed = r.insured[ids] & (r.employer[ids] != NOBODY)
    columns = {
        "id_no": at(p.id_no, ids),
        "name": at(p.name, ids),
        "sex": coded(p.sex[ids], world.words("medical_insurance.insured", "sex")),
        "birth_date": written(p.birth[ids]),
        "status": number(np.where(p.alive()[ids], 1, 3)),
        "employer_uscc": only(employed, at(world.organisations.uscc, np.maximum(r.employer[ids], 0))),
        "paid_year": number(np.full(len(ids), world.first_day.year)),
        "paid_amount": decimal(r.paid[ids], 2),
    }
    return Frame("medical_insurance.insured", ids, columns)


def student(world: World) -> Frame:
    p = world.people
    ids = np.flatnonzero(world.records.student)
    level = np.select([(a := p.age(world.first_day)[ids]) < 12, a < 15, a < 18], [80, 70, 60], 20)
    columns = {
        "id_no": at(p.id_no, ids),
        "student_no": join("G", at(p.id_no, ids)),
        "name": at(p.name, ids),
        "birth_date": written(p.birth[ids], "%Y/%m/%d"),
        "school": join(
            world.places.divisions.city,
            "第",
            digits(ids % 40 + 1, 1),
            pool(("小学", "中学", "职业学院"), np.digitize(a, [12, 18])),
        ),
        "grade": join(digits(world.first_day.year - a % 6, 4), "级"),
        "education": coded(level, world.words("education.student", "education")),
        "guardian_phone": only(a < 18, number(p.phone[ids])),
    }
    return Frame("education.student", ids, columns)
