"""The bodies of the demo city: enterprises, individual businesses, social organisations and public institutions.

Belongs here: drawing bodies and their everyday attributes. Who sends what about them is in `organisation_feeds`.
Codes are valid by GB 32100 and invented; the first character says who registers (9 market regulation, 5 civil affairs, 1 establishment office).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.demo import names
from shuyuan.demo.draw import Ints, Mask, digits, generator, join, pool, share, where
from shuyuan.demo.identifiers import usccs
from shuyuan.demo.people import NUMBERS, Days, People
from shuyuan.demo.places import Places

ENTERPRISE, BUSINESS, SOCIETY, INSTITUTION = range(4)
_PER_PERSON: Final = (0.1, 0.1, 0.012, 0.008)
_HEADS: Final = ((b"91", b"91", b"91", b"93"), (b"92",), (b"51", b"52", b"53"), (b"12", b"12", b"11", b"13"))
IN_OPERATION, CANCELLED = "1", "4"


@dataclass
class Organisations:
    """One row per body, `kind` one of ENTERPRISE, BUSINESS, SOCIETY, INSTITUTION; memberships are masks over all bodies."""

    since: Ints
    kind: Ints
    isolated: Mask  # known to its registry only
    uscc: pa.StringArray
    head: npt.NDArray[np.bytes_]
    name: pa.StringArray
    old_name: pa.StringArray
    trade: Ints
    legal_rep: Ints  # index of the person
    address: Ints
    capital: Ints  # in 10000 yuan
    established: Days
    cancelled: Mask
    phone: Ints
    employees: Ints
    taxed: Mask
    tax_paid: Ints  # in 0.01 yuan
    insured: Mask
    reports_employees: Mask
    scope_note: Ints

    def __len__(self) -> int:
        return len(self.since)


def found(seed: int, people: People, places: Places, first_day: date, day: int) -> Organisations:
    """The bodies of day 0 and half a percent more for each further day; new ones are known to their registry only."""
    since, kind, chance, alone = _rows(seed, int((people.since == 0).sum()), day)
    size = len(kind)
    heads = np.array([_HEADS[k][c % len(_HEADS[k])] for k, c in zip(kind.tolist(), chance.tolist(), strict=True)], "S2")
    address = chance // 3 % places.addresses_of_day_0
    isolated = alone | (since > 0)
    trade = chance // 5 % len(names.TRADES)
    taxed = share(generator(seed, "taxed"), size, 0.95) & ~isolated
    insured = share(generator(seed, "insured units"), size, 0.6) & ~isolated
    return Organisations(
        since=since,
        kind=kind,
        isolated=isolated,
        uscc=usccs(heads, places.number_prefix(address), 10_000_000 + np.arange(size) * 7 % 80_000_000),
        head=heads,
        name=_names(places, kind, chance, trade, 0),
        old_name=_names(places, kind, chance, trade, 1),
        trade=trade,
        legal_rep=_adults(people, first_day)[chance // 7 % len(_adults(people, first_day))],
        address=address,
        capital=np.array([10, 50, 100, 200, 500, 1000, 3000])[chance // 11 % 7],
        established=np.datetime64(first_day, "D") - (30 + chance // 13 % 7000),
        cancelled=share(generator(seed, "cancelled"), size, 0.04) & (kind != INSTITUTION) & (since == 0),
        phone=NUMBERS + chance // 17 % 99_999_999,
        employees=1 + (chance // 23 % 20) ** 2,
        taxed=taxed,
        tax_paid=chance // 29 % 900_000_000,
        insured=insured,
        reports_employees=insured & (kind == ENTERPRISE) & (chance // 31 % 2 == 0),
        scope_note=np.zeros(size, np.int64),
    )


def _rows(seed: int, people: int, day: int) -> tuple[Ints, Ints, Ints, Mask]:
    """First day, kind, chance and isolation of every body; the block of a day depends on nothing but its number."""
    blocks: list[tuple[Ints, Ints, Ints, Mask]] = []
    for k in range(day + 1):
        rng = generator(seed, "organisations", k)
        counts = [max(20, int(people * part)) if k == 0 else max(1, int(people * part) // 200) for part in _PER_PERSON]
        kind = np.repeat(np.arange(4), counts)
        blocks.append((np.full(len(kind), k), kind, rng.integers(0, 1 << 46, len(kind)), share(rng, len(kind), 0.25)))
    since, kind, chance, isolated = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return since, kind, chance, isolated.astype(np.bool_)


def _adults(people: People, today: date) -> Ints:
    """Living residents of working age on the first day, in order; later people never become representatives."""
    age = people.age(today)
    return np.flatnonzero((people.since == 0) & people.resident & (age >= 25) & (age < 65))


def _names(places: Places, kind: Ints, chance: Ints, trade: Ints, generation: int) -> pa.StringArray:
    """Registered names; `generation` 1 is the name before the last change, with another brand."""
    brand_at = (chance // 37 + generation * 101) % len(names.BRANDS)
    brand, serial = pool(names.BRANDS, brand_at), digits(np.arange(len(kind)), 4)
    city = pc.if_else(pa.array(kind == BUSINESS), "", places.divisions.city)
    company = join(
        city,
        brand,
        serial,
        pool([t[0] for t in names.TRADES], trade),
        where(chance // 41 % 3 > 0, "有限公司", "(集团)股份有限公司"),
    )
    shop = join(
        pool(names.ROADS, chance // 43 % len(names.ROADS)),
        brand,
        serial,
        pool(names.SHOPS, chance // 47 % len(names.SHOPS)),
    )
    society = join(city, brand, serial, pool(names.SOCIETIES, chance // 53 % len(names.SOCIETIES)))
    office = join(city, "第", serial, pool(names.INSTITUTIONS, chance // 59 % len(names.INSTITUTIONS)))
    return where(kind == ENTERPRISE, company, where(kind == BUSINESS, shop, where(kind == SOCIETY, society, office)))


def scope(orgs: Organisations, index: Ints) -> pa.StringArray:
    """Business scope as written in the licence."""
    base = pool([t[2] for t in names.TRADES], orgs.trade[index])
    return join(base, where(orgs.scope_note[index] > 0, "；技术服务", ""), "。")
