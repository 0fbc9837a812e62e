"""The container of old Office files ([MS-CFB]): one stream out of it, sector by sector, however its chains are bent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.uint32]
_END = 0xFFFFFFFA  # from here on a sector number is a mark, not a place
_HEADER = 512
_DIFAT = 109  # places of the allocation table that the header itself holds


class BrokenContainer(ValueError):
    """A chain leads nowhere or in a circle."""


def stream(data: bytes, names: tuple[str, ...]) -> bytes | None:
    """The first stream of one of these names; None if there is none. Raises BrokenContainer."""
    if len(data) < _HEADER:
        raise BrokenContainer("shorter than its header")
    box = _Container(data)
    for entry in box.entries():
        if entry.name in names and entry.kind == 2:
            return box.content(entry)
    return None


class _Entry:
    """A directory entry: 128 bytes."""

    def __init__(self, raw: bytes) -> None:
        length = int.from_bytes(raw[64:66], "little")
        self.name = raw[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        self.kind = raw[66]
        self.start = int.from_bytes(raw[116:120], "little")
        self.size = int.from_bytes(raw[120:124], "little")


class _Container:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.sector, self.small = 1 << min(data[30], 20), 1 << min(data[32], 20)
        if self.sector < 128:
            raise BrokenContainer("sectors of no size")
        self.cutoff = int.from_bytes(data[56:60], "little")
        self.table = self._allocation()
        self.directory = b"".join(self._chain(int.from_bytes(data[48:52], "little")))

    def entries(self) -> Iterator[_Entry]:
        for at in range(0, len(self.directory) - 127, 128):
            yield _Entry(self.directory[at : at + 128])

    def content(self, entry: _Entry) -> bytes:
        if entry.size >= self.cutoff:
            return b"".join(self._chain(entry.start))[: entry.size]
        root = next(self.entries())
        inner = b"".join(self._chain(root.start))
        table = np.frombuffer(self._joined(int.from_bytes(self.data[60:64], "little")), "<u4")
        parts = (inner[n * self.small : (n + 1) * self.small] for n in _follow(table, entry.start))
        return b"".join(parts)[: entry.size]

    def _allocation(self) -> Table:
        """The allocation table, whose own sectors are listed in the header and then in a chain of lists."""
        places = np.frombuffer(self.data[76:_HEADER], "<u4")[:_DIFAT].tolist()
        more, each = int.from_bytes(self.data[68:72], "little"), self.sector // 4 - 1
        for _ in range(len(self.data) // self.sector):
            if more >= _END:
                break
            numbers = np.frombuffer(self._at(more), "<u4").tolist()
            places, more = places + numbers[:each], numbers[each] if len(numbers) > each else _END
        parts = b"".join(self._at(p) for p in places if p < _END)
        return np.frombuffer(parts[: len(parts) // 4 * 4], "<u4")

    def _at(self, number: int) -> bytes:
        begin = (number + 1) * self.sector
        return self.data[begin : begin + self.sector]

    def _chain(self, start: int) -> Iterator[bytes]:
        return (self._at(n) for n in _follow(self.table, start))

    def _joined(self, start: int) -> bytes:
        whole = b"".join(self._chain(start))
        return whole[: len(whole) // 4 * 4]


def _follow(table: Table, start: int) -> Iterator[int]:
    """Numbers of a chain. Raises BrokenContainer."""
    number = start
    for _ in range(len(table) + 1):
        if number >= _END:
            return
        if number >= len(table):
            raise BrokenContainer(f"sector {number} is not in the container")
        yield number
        number = int(table[number])
    raise BrokenContainer("a chain goes in a circle")
