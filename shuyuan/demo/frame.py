"""One resource's rows as the department would send them, before anything goes wrong.

Belongs here: the shape between world and file, and how days and numbers become texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.demo.draw import Ints, Mask

Texts: TypeAlias = pa.StringArray


@dataclass(frozen=True)
class Frame:
    """Rows of one delivery: `ids` are indexes into the world (rising), `columns` item → texts, `ops` I/U/D of a change delivery."""

    resource: str
    ids: Ints
    columns: dict[str, Texts]
    ops: Texts | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, order: Ints) -> Frame:
        """The rows in another order, some perhaps twice."""
        at = pa.array(order)
        columns = {name: column.take(at) for name, column in self.columns.items()}
        return Frame(self.resource, self.ids[order], columns, None if self.ops is None else self.ops.take(at))


def written(days: npt.NDArray[np.datetime64], layout: str = "%Y-%m-%d") -> Texts:
    """Days as texts, NaT as null. Layouts of feeds: `%Y-%m-%d`, `%Y/%m/%d`, `%Y%m%d`."""
    return pc.strftime(pa.array(days.astype("datetime64[D]")), format=layout)


def number(values: Ints) -> Texts:
    return pc.cast(pa.array(values), pa.string())


def decimal(values: Ints, places: int) -> Texts:
    """Whole numbers of the smallest unit as texts with `places` decimals: 12345, 2 → `123.45`."""
    scale = 10**places
    return pc.binary_join_element_wise(number(values // scale), pc.utf8_lpad(number(values % scale), places, "0"), ".")


def coded(values: Ints, words: Mapping[int, str]) -> Texts:
    """Codes as the department writes them; every value must have a word."""
    keys = np.array(sorted(words))
    return pa.array([words[k] for k in keys.tolist()], pa.string()).take(pa.array(np.searchsorted(keys, values)))


def only(mask: Mask, texts: Texts) -> Texts:
    """Null where the mask does not hold."""
    return pc.if_else(pa.array(mask), texts, pa.scalar(None, pa.string()))


def at(texts: Texts, index: Ints) -> Texts:
    return texts.take(pa.array(index))
