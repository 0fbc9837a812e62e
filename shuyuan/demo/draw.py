"""Chance with a memory: every draw of the demo city comes from a generator named by the seed and a topic.

Belongs here: seeded generators and drawing texts by index. Naming the topic, not the order of calls, makes one part of the city
independent of the others: a new resource does not change the people. A generator makes one draw whose length grows with the city;
so the first rows stay what they were when later days add more.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def generator(seed: int, *topic: str | int) -> np.random.Generator:
    """The generator of one topic; the same seed and topic always give the same draws."""
    return np.random.default_rng([seed, zlib.crc32("/".join(map(str, topic)).encode())])


def chosen(rng: np.random.Generator, candidates: Ints, size: int) -> Ints:
    """At most `size` different members of `candidates`, in rising order."""
    return np.sort(rng.choice(candidates, min(size, len(candidates)), replace=False))


def share(rng: np.random.Generator, size: int, part: float) -> Mask:
    """A mask of `size` rows of which about `part` are true."""
    return rng.random(size) < part


def pool(texts: Sequence[str], index: Ints) -> pa.StringArray:
    """The texts at `index`."""
    return pa.array(texts, pa.string()).take(pa.array(index))


def join(*parts: pa.StringArray | str) -> pa.StringArray:
    """Texts put together row by row, null counting as nothing; a plain `str` stands for itself in every row."""
    return pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")


def digits(numbers: Ints, width: int) -> pa.StringArray:
    """Whole numbers as texts of at least `width` digits."""
    return pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")


def where(mask: Mask, yes: pa.StringArray | str, no: pa.StringArray | str | None) -> pa.StringArray:
    """`yes` where the mask holds, else `no` (None: null)."""
    return pc.if_else(pa.array(mask), _text(yes), _text(no))


def _text(value: pa.StringArray | str | None) -> pa.StringArray:
    return pa.scalar(value, pa.string()) if value is None or isinstance(value, str) else value
