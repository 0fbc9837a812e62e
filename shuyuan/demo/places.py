"""Where the demo city is: divisions, standard addresses with coordinates, place names and buildings.

Belongs here: drawing places. Codes and names of divisions come from the catalog's code list; coordinates are CGCS2000 degrees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shuyuan.demo import names
from shuyuan.demo.draw import Ints, digits, generator, join, pool

Floats = npt.NDArray[np.float64]

_WEST, _SOUTH, _STEP, _ACROSS = 113.75, 22.45, 0.085, 10  # south-west corner, spacing in degrees, divisions in a row


@dataclass(frozen=True)
class Divisions:
    """The finest divisions of one city: codes (9 digits where the list has towns, else 6) and full names."""

    city: str
    codes: tuple[str, ...]
    titles: tuple[str, ...]

    @classmethod
    def of(cls, listed: Mapping[str, str]) -> Divisions:
        """The city with most counties in a code list of GB/T 2260 codes (and 9-digit towns). Raises ValueError without any county."""
        counties = [code for code in listed if len(code) == 6 and not code.endswith("00")]
        if not counties:
            raise ValueError(
                "code list `division` has no county; add 6-digit codes (GB/T 2260) to catalog/codes/division.yml"
            )
        city = Counter(code[:4] for code in counties).most_common(1)[0][0]
        mine = sorted(code for code in counties if code.startswith(city))
        codes = [place for county in mine for place in _towns(listed, county) or [county]]
        above = listed.get(city[:2] + "0000", "") + listed.get(city + "00", "")
        titles = [above + listed[code[:6]] + (listed[code] if len(code) > 6 else "") for code in codes]
        return cls(listed.get(city + "00", above) or above, tuple(codes), tuple(titles))


def _towns(listed: Mapping[str, str], county: str) -> list[str]:
    return sorted(code for code in listed if len(code) == 9 and code.startswith(county))


@dataclass
class Places:
    """Addresses, one row each (`since` the day of first delivery), place names and the buildings on addresses.

    Building i stands on address i; `floors` changes when one is built higher.
    """

    divisions: Divisions
    since: Ints
    division: Ints
    road: pa.StringArray
    number: Ints
    address: pa.StringArray
    code: pa.StringArray
    longitude: Floats
    latitude: Floats
    surveyed: npt.NDArray[np.datetime64]
    place_name: pa.StringArray
    place_kind: Ints
    place_division: Ints
    place_longitude: Floats
    place_latitude: Floats
    has_building: npt.NDArray[np.bool_]
    floors: Ints

    @property
    def addresses_of_day_0(self) -> int:
        return int((self.since == 0).sum())

    def county_of(self, address: Ints) -> Ints:
        """The 6-digit code of the county of each address."""
        counties = np.array([int(code[:6]) for code in self.divisions.codes])
        return counties[self.division[address]]

    def number_prefix(self, address: Ints) -> Ints:
        """Six digits to begin invented numbers with: the city and a county number from 90 that GB/T 2260 never gave out.

        So no number of the demo can be the number of a real person or body.
        """
        return self.county_of(address) // 100 * 100 + 90 + self.county_of(address) % 10

    def division_code(self, index: Ints) -> pa.StringArray:
        return pool(self.divisions.codes, index)


def build(seed: int, listed: Mapping[str, str], people: int, day: int) -> Places:
    """About one address for three people, half a percent more on each further day, and one place name for twenty addresses."""
    divisions = Divisions.of(listed)
    size = max(60, people // 3)
    since = np.concatenate([np.zeros(size, np.int64), *(np.full(max(2, size // 200), k) for k in range(1, day + 1))])
    index = np.arange(len(since))
    division = index % len(divisions.codes)
    rank = index // len(divisions.codes)
    road = pool(names.ROADS, rank % len(names.ROADS))
    number = 1 + rank // len(names.ROADS)
    longitude, latitude = _coordinates(generator(seed, "places"), division)
    kinds = generator(seed, "place names")
    places = np.arange(max(12, size // 20))
    at = kinds.integers(0, size, len(places))
    return Places(
        divisions=divisions,
        since=since,
        division=division,
        road=road,
        number=number,
        address=join(pool(divisions.titles, division), road, digits(number, 1), "号"),
        code=join("DZ", pool(divisions.codes, division), digits(index, 8)),
        longitude=longitude,
        latitude=latitude,
        surveyed=np.datetime64("2019-01-01") + (index * 37) % 2200,
        place_name=join(
            road.take(pa.array(at)),
            pool(names.PLACES, places % len(names.PLACES)),
            digits(places // len(names.PLACES) + 1, 1),
            "号",
        ),
        place_kind=places % len(names.PLACES),
        place_division=division[at],
        place_longitude=longitude[at],
        place_latitude=latitude[at],
        has_building=(index * 7) % 10 < 6,
        floors=1 + (index * 13) % 33,
    )


def _coordinates(rng: np.random.Generator, division: Ints) -> tuple[Floats, Floats]:
    """One random point per address inside the cell of its division, drawn in order so that later addresses change no earlier one."""
    points = rng.random((len(division), 2)) * 0.08
    return (_WEST + division % _ACROSS * _STEP + points[:, 0], _SOUTH + division // _ACROSS * _STEP + points[:, 1])
