"""What the thematic checks must find: cases planted for them alone, and those that follow from contradictions planted anyway.

Belongs here: whose registers contradict each other across items. Does not belong here: claims that differ about one item (`disagreements`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from shuyuan.demo.disagreements import Contradiction, Edit
from shuyuan.demo.draw import Ints, Mask, chosen, digits, generator
from shuyuan.demo.feeds import take
from shuyuan.demo.frame import Texts, at, number, written
from shuyuan.demo.world import World

_BENEFITS: Final = ("benefits_after_death", "hrss.insured.life_status")
FOLLOWS: Final = {
    "benefit_after_death": _BENEFITS,
    "marital_status_stale": ("married_and_single", "public_security.resident.marital_status"),
    "cancelled_but_taxed": ("cancelled_still_taxed", "tax.taxpayer.reg_status"),
    "penalty_unknown_code": ("penalty_unknown_code", "credit_office.penalty.subject_uscc"),
}
"""Planted contradiction → the thematic check that finds all its subjects too, and the claim it names."""


@dataclass(frozen=True)
class Case:
    """Entities of `library` for which the thematic check `check` must speak against the claim `ref`, once `edits` are made."""

    library: str
    check: str
    ref: str
    entities: list[str]
    edits: tuple[Edit, ...] = ()


def cases(world: World, contradictions: Iterable[Contradiction]) -> Iterator[Case]:
    """Everything the thematic checks must find; chooses its own subjects after those of the contradictions and marks them as taken."""
    yield from _following(world, contradictions)
    dead = ~world.people.alive() & (world.people.since == 0)
    yield _after_death(world, "medical_after_death", "medical_insurance.insured.status", dead & world.records.medical)
    yield _after_death(world, "pension_after_death", "hrss.insured.pension_status", dead & world.records.insured)
    yield _two_addresses(world)


def _following(world: World, contradictions: Iterable[Contradiction]) -> Iterator[Case]:
    for one in contradictions:
        if one.kind in FOLLOWS:
            yield Case(one.library, *FOLLOWS[one.kind], one.entities)
        for other in one.others:
            if (
                f"{other.resource}.{other.item}" == _BENEFITS[1]
            ):  # the pension office takes for alive whom a certificate says dead
                yield Case(one.library, *_BENEFITS, _numbers(world, other.ids))


def _numbers(world: World, ids: Ints) -> list[str]:
    return list(at(world.people.id_no, ids).to_pylist())


def _free(world: World, candidates: Mask) -> Ints:
    return np.flatnonzero(candidates & (world.people.since == 0) & ~world.taken_people)


def _after_death(world: World, check: str, ref: str, dead: Mask) -> Case:
    """An office that was never told: the dead person's insurance goes on."""
    resource, item = ref.rsplit(".", 1)
    free = _free(world, dead)
    ids = chosen(generator(world.seed, check), free, max(3, len(free) // 10))
    take(world, resource, ids)
    return Case("population", check, ref, _numbers(world, ids), (Edit(resource, item, ids, ["1"] * len(ids)),))


def _two_addresses(world: World) -> Case:
    """A registered resident who also stands among the non-locals, at another address.

    The row was that of somebody whom nobody else knows; it becomes a second registration of the resident.
    """
    p, resource = world.people, "public_security.nonlocal"
    rows = _free(world, ~p.resident & p.isolated)
    rows = chosen(generator(world.seed, "second registrations"), rows, max(3, len(rows) // 20))
    others = _free(world, p.household() & p.alive() & ~np.isin(p.home, p.home[rows]))
    who = chosen(generator(world.seed, "registered twice"), others, len(rows))
    rows = rows[: len(who)]
    take(world, resource, np.concatenate([rows, who]))
    texts = {"id_no": at(p.id_no, who), "name": at(p.name, who), "sex": number(p.sex[who]),
             "ethnic": digits(p.ethnic[who], 2), "birth_date": written(p.birth[who])}  # fmt: skip
    edits = tuple(Edit(resource, item, rows, _listed(column)) for item, column in texts.items())
    return Case("population", "two_live_addresses", f"{resource}.residence_address", _numbers(world, who), edits)


def _listed(texts: Texts) -> list[str | None]:
    return list(texts.to_pylist())
