"""Every resource of the demo city and the function that writes its rows.

Belongs here: the one list of feeds, and what the ids of a feed's rows stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from shuyuan.demo import organisation_feeds, person_feeds, place_feeds
from shuyuan.demo.draw import Ints, Mask
from shuyuan.demo.frame import Frame
from shuyuan.demo.records import NOBODY
from shuyuan.demo.world import World

FEEDS: Final[dict[str, Callable[[World], Frame]]] = {
    "public_security.resident": person_feeds.resident,
    "public_security.nonlocal": person_feeds.nonlocal_,
    "civil_affairs.marriage": person_feeds.marriage,
    "civil_affairs.cremation": person_feeds.cremation,
    "civil_affairs.social_org": organisation_feeds.society,
    "health.birth": person_feeds.birth,
    "health.death_certificate": person_feeds.death_certificate,
    "hrss.insured": person_feeds.insured,
    "hrss.insured_unit": organisation_feeds.insured_unit,
    "medical_insurance.insured": person_feeds.medical,
    "education.student": person_feeds.student,
    "market_regulation.enterprise": organisation_feeds.enterprise,
    "market_regulation.individual_business": organisation_feeds.business,
    "tax.taxpayer": organisation_feeds.taxpayer,
    "tax.arrears": organisation_feeds.arrears,
    "establishment.institution": organisation_feeds.institution,
    "natural_resources.address": place_feeds.address,
    "natural_resources.place": place_feeds.place,
    "housing.building": place_feeds.building,
    "credit_office.penalty": organisation_feeds.penalty,
    "credit_office.permit": organisation_feeds.permit,
    "courts.dishonest": organisation_feeds.dishonest,
}

_ACTS: Final = {
    "credit_office.penalty": "penalty",
    "credit_office.permit": "permit",
    "tax.arrears": "arrears",
    "courts.dishonest": "dishonest",
}
_OF_PLACES: Final = ("natural_resources.address", "housing.building")
_OF_BODIES: Final = (
    "market_regulation",
    "civil_affairs.social_org",
    "tax.",
    "establishment",
    "hrss.insured_unit",
    "credit",
    "courts",
)
_REGISTRIES: Final = (
    "market_regulation.enterprise",
    "market_regulation.individual_business",
    "civil_affairs.social_org",
    "establishment.institution",
)


def subjects(world: World, resource: str, ids: Ints) -> tuple[Mask, Ints]:
    """(the mask of taken subjects that this feed's rows refer to, the subject of each row)."""
    if resource in _ACTS:
        return world.taken_bodies, world.records.acts[_ACTS[resource]].body[ids]
    if resource.startswith(_OF_BODIES):
        return world.taken_bodies, ids
    if resource in _OF_PLACES:
        return world.taken_addresses, ids
    if resource == "natural_resources.place":
        return np.zeros(len(world.places.place_kind), np.bool_), ids
    return world.taken_people, ids


def take(world: World, resource: str, ids: Ints) -> None:
    """Mark the subjects of these rows: nothing else may go wrong with them and the next days leave them as they are."""
    if resource == "civil_affairs.marriage":
        couples = world.records.couples
        world.taken_people[couples.male[ids]] = world.taken_people[couples.female[ids]] = True
        return
    taken, subject = subjects(world, resource, ids)
    taken[subject] = True


def spoilable(world: World, resource: str, ids: Ints) -> Mask:
    """Rows that may be spoiled without another department's claim losing its counterpart, and whose subject is not taken."""
    if resource == "civil_affairs.marriage":
        couples = world.records.couples
        return np.asarray(~world.taken_people[couples.male[ids]] & ~world.taken_people[couples.female[ids]])
    taken, subject = subjects(world, resource, ids)
    return np.asarray(~taken[subject] & _alone(world, resource, ids), np.bool_)


def _alone(world: World, resource: str, ids: Ints) -> Mask:
    """A source row must have no counterpart that would then stand without it; a checked row may always go."""
    if resource.startswith("public_security."):
        return world.people.isolated[ids]
    if resource in _REGISTRIES:
        return world.organisations.isolated[ids]
    if resource == "hrss.insured":
        return np.asarray(world.records.employer[ids] == NOBODY)
    if resource == "hrss.insured_unit":
        return ~world.organisations.reports_employees[ids]
    if resource == "natural_resources.address":
        return ~world.places.has_building[ids]
    return np.ones(len(ids), np.bool_)
