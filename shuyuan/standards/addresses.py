"""Addresses taken apart: province, city, county, township, street, number, rest, by the characters that end each level.

What belongs here: the structure of an address as it is written (GB/T 23705-2009: divisions, then road, then number). Whether the places exist is
the geo library's question. Best on tidied addresses (`parse("address", …)`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from shuyuan.standards.cells import matches
from shuyuan.standards.rawbytes import Bytes, Mask
from shuyuan.standards.screen import Positions, Seen, empty_as_null
from shuyuan.standards.words import Rows

PARTS: Final = ("province", "city", "county", "township", "street", "number", "rest")
ADDRESS: Final = pa.struct([(name, pa.string()) for name in PARTS])
"""What `split` gives per address; a level that is not written is null."""

_BLOCK: Final = 1 << 14  # rows
_FAR: Final = 1 << 40
_WIDE: Final = 3  # bytes of a Chinese character
_CLOSE: Final = 4 * _WIDE
_LONGEST: Final = 15 * _WIDE  # bytes of one level's name
_PROVINCES: Final = (
    "北京市", "天津市", "上海市", "重庆市", "河北省", "山西省", "辽宁省", "吉林省", "黑龙江省", "江苏省", "浙江省", "安徽省", "福建省",
    "江西省", "山东省", "河南省", "湖北省", "湖南省", "广东省", "海南省", "四川省", "贵州省", "云南省", "陕西省", "甘肃省", "青海省",
    "台湾省", "内蒙古自治区", "广西壮族自治区", "西藏自治区", "宁夏回族自治区", "新疆维吾尔自治区", "香港特别行政区", "澳门特别行政区",
)  # fmt: skip
_MUNICIPALITIES: Final = 4
_SHORT: Final = ("黑龙江", "内蒙古")  # the other provinces are called by two characters
_NAMES: Final = pa.array(_PROVINCES)
_HEADS: Final = tuple(np.uint64(int.from_bytes(name[:2].encode(), "little")) for name in _PROVINCES)
_TWO_CHARACTERS: Final = np.uint64(0xFFFFFFFFFFFF)
_CITY, _COUNTY, _TOWN, _ROAD, _VILLAGE, _HOUSE, _AMONG = (np.uint8(1 << bit) for bit in range(7))
_KINDS: Final = (_CITY, _COUNTY, _TOWN, _ROAD, _VILLAGE, _HOUSE)
_ENDINGS: Final = {
    "市": _CITY | _COUNTY, "州": _CITY, "盟": _CITY, "区": _COUNTY, "县": _COUNTY, "旗": _COUNTY,
    "镇": _TOWN, "乡": _TOWN, "路": _ROAD, "街": _ROAD, "道": _ROAD, "巷": _ROAD, "弄": _ROAD, "村": _VILLAGE, "号": _HOUSE,
}  # fmt: skip
_NO_COUNTY: Final = "小社园厂校库市"  # 小区, 社区, 园区 …: not the end of a county's name
_NUMBER: Final = r"^[\dA-Za-z、弄附之甲乙丙丁#一二三四五六七八九十百零-]+号$"


def split(values: pa.Array | pa.ChunkedArray) -> pa.StructArray:
    """Addresses to structs of type ADDRESS, in order; every character of an address is in exactly one part.

    The province is given its full name (广东 is 广东省). A null or empty address is a struct of nulls.
    """
    texts = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    texts = texts if texts.type == pa.string() else texts.cast(pa.string())
    blocks = [_split_block(texts.slice(start, _BLOCK)) for start in range(0, len(texts), _BLOCK)]
    return pa.concat_arrays([pa.array([], ADDRESS), *blocks])


@dataclass(frozen=True)
class _Marks:
    """Where the characters that end a level stand, by what they end; each list closed by a place far away."""

    places: dict[int, Positions]

    @classmethod
    def of(cls, at: Positions, kinds: Bytes) -> _Marks:
        return cls({int(kind): np.append(at[(kinds & kind) != 0], _FAR) for kind in _KINDS})

    def first(self, kind: np.uint8, after: Positions, until: Positions) -> Positions:
        """For each row the byte behind the first such character with a name of its own before it; far away where there is none."""
        places = self.places[int(kind)]
        ends = places[np.searchsorted(places, after + _WIDE)] + _WIDE
        return np.where(ends <= until, ends, _FAR)


def _split_block(texts: pa.StringArray) -> pa.StructArray:
    seen = Seen.of(texts)
    bounds = seen.bounds.astype(np.int64)
    if not len(seen.data):
        return pa.StructArray.from_arrays([pa.nulls(len(texts), pa.string())] * len(PARTS), list(PARTS))
    marks, until = _marks(seen.data, bounds), bounds[1:]
    names, province = _provinces(texts, seen, bounds, marks)
    city = _city(marks, province, until, names)
    county = _level(marks, _COUNTY, city, until)
    town = _level(marks, _TOWN, county, until)
    street = _street(marks, town, until)
    number = _house(seen, marks, street, until)
    return _structs(seen, names, (bounds[:-1], province, city, county, town, street, number, until))


def _marks(data: Bytes, bounds: Positions) -> _Marks:
    """Every character that ends a level. 街道 ends a township, and the endings of 小区 and the like end nothing.

    `bounds`: where rows begin; the first character of a row has none before it, whatever the row above ends with.
    """
    leads = np.flatnonzero(data >= 0xE0)
    leads = leads[leads < len(data) - 2]
    points = (data[leads].astype(np.int32) & 0x0F) << 12
    points |= (data[leads + 1].astype(np.int32) & 0x3F) << 6
    points |= data[leads + 2] & np.int32(0x3F)
    kinds = _TABLE[points]
    chosen = np.flatnonzero(kinds & ~_AMONG)
    before = np.where(chosen > 0, points[np.maximum(chosen - 1, 0)], 0)
    begins = np.zeros(len(data) + 1, np.bool_)
    begins[bounds] = True
    alone = begins[leads[chosen]] | (leads[np.maximum(chosen - 1, 0)] != leads[chosen] - _WIDE)
    before = np.where(alone, 0, before)
    read = kinds[chosen] & ~_AMONG
    read[(points[chosen] == ord("区")) & ((_TABLE[before] & _AMONG) != 0)] = 0
    read[(points[chosen] == ord("区")) & (before == ord("地"))] = _CITY
    read[(points[chosen] == ord("道")) & (before == ord("街"))] = _TOWN
    for one, other in ("街道", "州市"):  # the second of them ends the name
        follows = (points[chosen] == ord(other)) & (before == ord(one))
        read[np.maximum(np.flatnonzero(follows) - 1, 0)] = 0
    return _Marks.of(leads[chosen], read)


def _provinces(texts: pa.StringArray, seen: Seen, bounds: Positions, marks: _Marks) -> tuple[Positions, Positions]:
    """Number of the province (-1: none) and where its name ends. A short name counts when a division follows, not a road: 北京路 is no 北京."""
    numbers, ends = np.full(len(bounds) - 1, -1, np.int64), bounds[:-1].copy()
    heads = Rows.of(texts).word(bounds[:-1]) & _TWO_CHARACTERS
    for number, name in enumerate(_PROVINCES):
        rows = np.flatnonzero((heads == _HEADS[number]) & (seen.lengths >= 2 * _WIDE))
        if len(rows):
            long = len(next((short for short in _SHORT if name.startswith(short)), name[:2]).encode())
            full, begin = _begin_with(seen, bounds, rows, name), bounds[rows] + long
            counts = full.copy()
            counts[~full] = _divided(marks, begin[~full], bounds[rows[~full] + 1])
            numbers[rows[counts]] = number
            ends[rows[counts]] = np.where(full, bounds[rows] + len(name.encode()), begin)[counts]
    return numbers, ends


def _divided(marks: _Marks, begin: Positions, until: Positions) -> Mask:
    """Rows in which a division follows the short name before any road does; 吉林市 is the city."""
    division = np.minimum(marks.first(_CITY, begin, until), marks.first(_COUNTY, begin, until))
    cities = marks.places[int(_CITY)]
    city = cities[np.searchsorted(cities, begin)] == begin
    found: Mask = (division < marks.first(_ROAD, begin, until)) & ~city
    return found


def _begin_with(seen: Seen, bounds: Positions, rows: Positions, name: str) -> Mask:
    """Which of the rows, that begin with the first two characters of a name, begin with all of it."""
    text = name.encode()
    same: Mask = bounds[rows] + len(text) <= bounds[rows + 1]
    for place in range(2 * _WIDE, len(text)):
        same &= seen.data[np.minimum(bounds[rows] + place, len(seen.data) - 1)] == text[place]
    return same


def _city(marks: _Marks, begins: Positions, until: Positions, provinces: Positions) -> Positions:
    """End of the city: not in a municipality, and not where a county comes first."""
    city, county = marks.first(_CITY, begins, until), marks.first(_COUNTY, begins, until)
    there = (city <= county) & (city - begins <= _LONGEST) & (city <= marks.first(_ROAD, begins, until))
    there &= ~((provinces >= 0) & (provinces < _MUNICIPALITIES))
    return np.where(there, city, begins)


def _level(marks: _Marks, kind: np.uint8, begins: Positions, until: Positions) -> Positions:
    """End of a county or township, if it comes before any road."""
    ends = marks.first(kind, begins, until)
    return np.where((ends - begins <= _LONGEST) & (ends < marks.first(_ROAD, begins, until)), ends, begins)


def _street(marks: _Marks, begins: Positions, until: Positions) -> Positions:
    """End of the road, or of the village where no road follows at once: 中关村大街 is a road."""
    road, village = marks.first(_ROAD, begins, until), marks.first(_VILLAGE, begins, until)
    ends = np.where(road - village > _CLOSE, village, road)
    return np.where(ends - begins <= _LONGEST, ends, begins)


def _house(seen: Seen, marks: _Marks, begins: Positions, until: Positions) -> Positions:
    """End of the number, if nothing but a number stands between the street and 号."""
    ends = marks.first(_HOUSE, begins - _WIDE, until)
    ends = np.where(ends - begins <= _LONGEST, ends, begins)
    maybe = np.flatnonzero(ends > begins)
    if not len(maybe):
        return begins
    edges = np.stack([begins[maybe], ends[maybe]], axis=1).ravel()
    pieces = _pieces(seen, np.append(edges, edges[-1:]))
    numbered = matches(pieces.take(pa.array(np.arange(len(maybe)) * 2)), _NUMBER)
    found = begins.copy()
    found[maybe[numbered]] = ends[maybe[numbered]]
    return found


def _pieces(seen: Seen, bounds: Positions) -> pa.StringArray:
    """The texts between consecutive places of the same bytes."""
    offsets = np.ascontiguousarray(bounds, np.int32)
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(seen.data))


def _structs(seen: Seen, provinces: Positions, edges: tuple[Positions, ...]) -> pa.StructArray:
    """Parts lie one behind the other in the bytes, so the offsets of all of them are one array."""
    rows, parts = len(provinces), len(PARTS)
    offsets = np.append(np.stack(edges[:-1], axis=1).ravel(), edges[-1][-1])
    pieces = _pieces(seen, offsets)
    every = np.arange(rows) * parts
    columns = [empty_as_null(pieces.take(pa.array(every + part))) for part in range(1, parts)]
    named = _NAMES.take(pa.array(np.maximum(provinces, 0), mask=provinces < 0))
    return pa.StructArray.from_arrays([named, *columns], list(PARTS))


def _ending_table() -> Bytes:
    table = np.zeros(0x10000, np.uint8)
    for character in _NO_COUNTY:
        table[ord(character)] |= _AMONG
    for character, kind in _ENDINGS.items():
        table[ord(character)] |= kind
    return table


_TABLE: Final = _ending_table()
