"""The people of the demo city: who lives there, as arrays with one row per person.

Belongs here: drawing people and their everyday attributes. What happens to them later is in `evolve`, who sends what about them is in
`person_feeds`. Every person is invented: numbers are valid by GB 11643 but random.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shuyuan.demo import names
from shuyuan.demo.draw import Ints, Mask, generator, join, pool, share, where
from shuyuan.demo.identifiers import citizen_ids
from shuyuan.demo.places import Places

Days = npt.NDArray[np.datetime64]

NUMBERS = 15_400_000_000  # 154: a range that is not given out, so that nobody is called
NEVER = np.datetime64("NaT", "D")
_ORIGINS = np.array(
    [341298, 341297, 360799, 411696, 421195, 430594, 450998, 511599, 522497, 612496]
)  # counties that do not exist
_ETHNIC = np.array([1, 3, 5, 8, 11, 15])
_ETHNIC_SHARE = np.array([0.92, 0.02, 0.02, 0.015, 0.015, 0.01])
_UYGUR = 5


@dataclass
class People:
    """One row per person who is or will be known, in order of appearance; `since` is the day (0, 1, …) of first delivery."""

    since: Ints
    gone: Mask
    resident: Mask
    isolated: Mask  # known to public security only: nothing else depends on their row
    sex: Ints
    birth: Days
    id_no: pa.StringArray
    name: pa.StringArray
    ethnic: Ints
    home: Ints  # index of the address
    room: Ints
    origin: Ints
    marital: Ints
    education: Ints
    phone: Ints
    death: Days

    def __len__(self) -> int:
        return len(self.since)

    def age(self, today: date) -> Ints:
        """Whole years, about."""
        return (np.datetime64(today, "D") - self.birth).astype(np.int64) * 100 // 36525

    def alive(self) -> Mask:
        return np.isnat(self.death)

    def household(self) -> Mask:
        """Residents other than the isolated: those whom several departments know."""
        return self.resident & ~self.isolated


def populate(seed: int, size: int, places: Places, first_day: date, day: int) -> People:
    """`size` people of day 0 and a quarter percent more for each further day: newborns and people who moved in."""
    blocks = [_block(generator(seed, "people"), size, 0, first_day)]
    extra = max(4, size // 400)
    blocks += [_block(generator(seed, "people", k), extra, k, first_day) for k in range(1, day + 1)]
    drawn = {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]}
    return _people(drawn, places)


def _block(rng: np.random.Generator, size: int, since: int, first_day: date) -> dict[str, npt.NDArray[np.generic]]:
    newcomers = since > 0
    days = rng.integers(0, 5, size) if newcomers else _ages(rng, size)
    resident = np.arange(size) % 3 > 0 if newcomers else share(rng, size, 0.85)
    days = np.where(newcomers & ~resident, rng.integers(7000, 18000, size), days)
    return {
        "since": np.full(size, since),
        "resident": resident,
        "isolated": share(rng, size, 0.08),
        "sex": rng.integers(1, 3, size),
        "birth": np.datetime64(first_day, "D") - days,
        "ethnic": rng.choice(_ETHNIC, size, p=_ETHNIC_SHARE),
        "origin": rng.choice(_ORIGINS, size),
        "chance": rng.integers(0, 1 << 40, size),
        "phone": NUMBERS + rng.integers(0, 99_999_999, size),
    }


def _ages(rng: np.random.Generator, size: int) -> Ints:
    """Age in days: mostly working age, some children, a tail of old people; never over 99 years."""
    years = np.clip(rng.normal(42, 21, size), -1, 99)
    days = np.abs(years * 365.25).astype(np.int64)
    return np.where(days < 2, rng.integers(2, 360, size), days)


def _people(drawn: dict[str, npt.NDArray[np.generic]], places: Places) -> People:
    resident, birth, chance = drawn["resident"], drawn["birth"], drawn["chance"].astype(np.int64)
    home = chance % places.addresses_of_day_0
    prefix = np.where(resident, places.number_prefix(home), drawn["origin"]).astype(np.int64)
    size = len(resident)
    return People(
        since=drawn["since"].astype(np.int64),
        gone=np.zeros(size, np.bool_),
        resident=resident.astype(np.bool_),
        isolated=drawn["isolated"].astype(np.bool_),
        sex=drawn["sex"].astype(np.int64),
        birth=birth.astype("datetime64[D]"),
        id_no=citizen_ids(
            prefix,
            birth.astype("datetime64[D]"),
            _sequences(prefix, birth.astype("datetime64[D]"), drawn["sex"].astype(np.int64)),
        ),
        name=_names(chance, drawn["ethnic"].astype(np.int64)),
        ethnic=drawn["ethnic"].astype(np.int64),
        home=home,
        room=100 * (1 + chance // 7 % 30) + 1 + chance // 11 % 4,
        origin=drawn["origin"].astype(np.int64),
        marital=np.full(size, 10),
        education=_education(chance),
        phone=drawn["phone"].astype(np.int64),
        death=np.full(size, NEVER),
    )


def _sequences(prefix: Ints, birth: Days, sex: Ints) -> Ints:
    """A sequence number, odd for men, that is different for all people of one division, day and sex, whoever comes later."""
    group = (prefix * 100_000 + birth.astype(np.int64) + 50_000) * 2 + (sex == 1)
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(ordered)])
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(starts, sizes)
    return np.asarray(((group * 7919) % 500 + rank) % 500 * 2 + (sex == 1), np.int64)


def _names(chance: Ints, ethnic: Ints) -> pa.StringArray:
    surnames = [*names.SURNAMES, *names.COMPOUND_SURNAMES]
    given = [*names.GIVEN * 8, *names.RARE_GIVEN]
    second = where(chance // 3 % 4 > 0, pool(given, chance // 1_000_003 % len(given)), "")
    han = join(pool(surnames, chance // 17 % len(surnames)), pool(given, chance // 257 % len(given)), second)
    first = pool(names.MINORITY_FIRST, chance // 13 % len(names.MINORITY_FIRST))
    dotted = join(first, "·", pool(names.MINORITY_LAST, chance // 29 % len(names.MINORITY_LAST)))
    return where(ethnic == _UYGUR, dotted, han)


def _education(chance: Ints) -> Ints:
    return np.array([20, 30, 40, 60, 70, 80])[chance // 19 % 6]
