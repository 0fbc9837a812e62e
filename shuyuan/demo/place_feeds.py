"""What departments send about places: standard addresses, place names, buildings.

Belongs here: which rows and which spelling; one function per resource. Nothing here is wrong yet (see `dirt`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shuyuan.demo import names
from shuyuan.demo.draw import digits, join, pool
from shuyuan.demo.frame import Frame, Texts, at, number, written
from shuyuan.demo.world import World

_CRS = "EPSG:4490"


def degrees(values: npt.NDArray[np.float64]) -> Texts:
    """Degrees with seven decimals (about a centimetre)."""
    whole = np.floor(values).astype(np.int64)
    return join(number(whole), ".", digits(np.round((values - whole) * 1e7).astype(np.int64) % 10**7, 7))


def address(world: World) -> Frame:
    p = world.places
    ids = np.flatnonzero(p.since <= world.day)
    columns = {
        "address_code": at(p.code, ids),
        "full_address": at(p.address, ids),
        "division": p.division_code(p.division[ids]),
        "road": at(p.road, ids),
        "house_no": join(number(p.number[ids]), "号"),
        "longitude": degrees(p.longitude[ids]),
        "latitude": degrees(p.latitude[ids]),
        "crs": pa.array([_CRS] * len(ids), pa.string()),
        "surveyed_on": written(p.surveyed[ids]),
    }
    return Frame("natural_resources.address", ids, columns)


def place(world: World) -> Frame:
    p = world.places
    ids = np.arange(len(p.place_kind))
    columns = {
        "place_code": join("DM", digits(ids, 8)),
        "name": p.place_name,
        "kind": pool(names.PLACES, p.place_kind),
        "division": p.division_code(p.place_division),
        "longitude": degrees(p.place_longitude),
        "latitude": degrees(p.place_latitude),
        "crs": pa.array([_CRS] * len(ids), pa.string()),
        "approved_on": written(np.datetime64("1998-05-01") + ids * 41 % 8000),
    }
    return Frame("natural_resources.place", ids, columns)


def building(world: World) -> Frame:
    """Buildings stand on addresses; ids are those of the addresses."""
    p = world.places
    ids = np.flatnonzero(p.has_building & (p.since <= world.day))
    columns = {
        "building_code": join("FW", digits(ids, 10)),
        "address_code": at(p.code, ids),
        "address": at(p.address, ids),
        "longitude": degrees(p.longitude[ids]),
        "latitude": degrees(p.latitude[ids]),
        "planned_use": pool(("住宅", "商业", "办公", "工业"), ids % 4),
        "floors": number(p.floors[ids]),
        "build_area": join(number(80 + ids * 37 % 9000), ".", digits(ids % 100, 2)),
        "completed_on": written(np.datetime64("1985-06-01") + ids * 53 % 13000, "%Y%m%d"),
    }
    return Frame("housing.building", ids, columns)
