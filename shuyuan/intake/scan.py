"""Personal data and secrecy markings that a delivery holds and its contract does not declare.

Belongs here: which traces a declaration covers, when they are worth a finding, and its words. Does not belong here: how a trace is
recognised (`standards.traces`) and what follows (the flow). A finding names lines, never values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.catalog import Resource, ResourceItem
from shuyuan.ledger.findings import Finding
from shuyuan.standards.traces import Trace, traces

PERSONAL: Final = "undeclared_personal_data"
MARKING: Final = "secrecy_marking"
FEW: Final = 5
"""Fewer cells than this are a note, unless they are a hundredth of the filled cells."""
SHARE: Final = 0.01
BELIEVED: Final = 0.5
"""Of cells that have a kind's form, this many must be right: serial numbers look like numbers of persons now and then."""

_WORDS: Final = {
    "citizen_id": ("公民身份号码", "citizens' numbers"),
    "phone": ("手机号码", "mobile numbers"),
    "bank_card": ("银行卡号", "bank card numbers"),
    "email": ("电子邮箱", "e-mail addresses"),
}
_NUMBERS_OF_THEIR_OWN: Final = frozenset({"citizen_id", "bank_card", "date", "amount", "integer", "coordinate"})
"""Types in which a long number is what was promised, or is judged by its own verdict."""


@dataclass
class _Held:
    """What one column holds of one kind so far."""

    rows: int = 0
    tried: int = 0
    line: int | None = None

    def add(self, trace: Trace, line: int | None) -> None:
        self.rows, self.tried = self.rows + trace.rows, self.tried + trace.tried
        self.line = line if self.line is None or line is None else min(line, self.line)


class Scan:
    """Looks through a delivery, table by table, in bounded memory.

    Columns are named as items of the resource where they belong to the contract; any other column is looked at too, and declares nothing.
    """

    def __init__(self, resource: Resource) -> None:
        self._items = {item.name: item for item in resource.items}
        self._held: dict[tuple[str, str], _Held] = {}
        self._filled: dict[str, int] = {}
        self._rows = 0
        self._lock = Lock()  # batches are looked through side by side

    def add(self, table: pa.Table, among: Collection[str] | None = None) -> None:
        """Look through some rows of the delivery as they were read. `_line` is their line; without it rows are counted from 1.

        `among`: the columns that may hold other things than they promise; of the others only the filled cells are counted.
        """
        for name in table.column_names:
            if name.startswith("_"):
                continue
            if among is None or name in among:
                self._look(name, table)
            else:
                self._count(name, table.num_rows - table[name].null_count, {}, table)
        with self._lock:
            self._rows += table.num_rows

    def findings(self) -> list[Finding]:
        """What is to be told: critical for secrecy markings, warning or info for personal data, by column as delivered."""
        return list(self._found())

    def _look(self, name: str, table: pa.Table) -> None:
        column, item = table[name], self._items.get(name)
        numbers = _gives_away_numbers(item)
        if pa.types.is_dictionary(column.type) and not _any(column, numbers):
            filled, found = table.num_rows - column.null_count, {}
        else:
            texts = _texts(column)
            if texts is None:
                return
            filled, found = _filled(texts), traces(texts, numbers=numbers)
        self._count(name, filled, found, table)

    def _count(self, name: str, filled: int, found: Mapping[str, Trace], table: pa.Table) -> None:
        with self._lock:
            self._filled[name] = self._filled.get(name, 0) + filled
            for kind, trace in found.items():
                if not _declared(self._items.get(name), kind):
                    self._held.setdefault((name, kind), _Held()).add(trace, self._line(table, trace))

    def _line(self, table: pa.Table, trace: Trace) -> int:
        first = trace.first[0]
        return int(table["_line"][first].as_py()) if "_line" in table.column_names else self._rows + first + 1

    def _found(self) -> Iterator[Finding]:
        for (name, kind), held in sorted(self._held.items()):
            label = self._items[name].label if name in self._items else name
            if kind == "secrecy":
                yield _secret(name, label, held)
            elif held.rows >= BELIEVED * held.tried:
                yield _personal(name, label, kind, held, held.rows / max(self._filled[name], 1))


def _any(column: pa.ChunkedArray, numbers: bool) -> bool:
    """Does any value of a dictionary hold a trace? Then the cells are looked at one by one."""
    return any(traces(chunk.dictionary, numbers=numbers) for chunk in column.chunks)


def _texts(column: pa.ChunkedArray) -> pa.Array | None:
    """The cells as texts; None where the type cannot hold any (dates, fractions)."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)):
        return None
    return column.cast(pa.string()).combine_chunks()


def _filled(texts: pa.Array) -> int:
    return int(pc.sum(pc.greater(pc.binary_length(texts), 0)).as_py() or 0)


def _declared(item: ResourceItem | None, kind: str) -> bool:
    """An item's type declares its own kind, an item that is personal or sensitive all of them; a marking nobody can declare."""
    if item is None or kind == "secrecy":
        return False
    return item.sensitivity in ("personal", "sensitive") or item.type == kind


def _gives_away_numbers(item: ResourceItem | None) -> bool:
    return item is None or not (item.sensitivity in ("personal", "sensitive") or item.type in _NUMBERS_OF_THEIR_OWN)


def _personal(name: str, label: str, kind: str, held: _Held, share: float) -> Finding:
    zh, en = _WORDS[kind]
    grave = held.rows >= FEW or share >= SHARE
    message = (
        f"“{label}”列有 {held.rows} 个单元格含{zh}（首见第 {held.line} 行，占 {share:.1%}），合同未声明为个人信息；请声明 sensitivity 或请部门去除 / "
        f"column `{label}`: {held.rows} cells hold {en} (first in line {held.line}, {share:.1%}), which the contract does not declare; "
        "declare its sensitivity or have the department remove them"
    )
    return Finding(PERSONAL, "warning" if grave else "info", message, "规范性", name, held.rows)


def _secret(name: str, label: str, held: _Held) -> Finding:
    message = (
        f"“{label}”列有 {held.rows} 个单元格带密级或内部标志（首见第 {held.line} 行）；涉密数据不得进入本平台，请立即与提供部门保密机构核实 / "
        f"column `{label}`: {held.rows} cells bear a secrecy or internal marking (first in line {held.line}); "
        "classified data must not enter this platform: have the department's secrecy office look at it at once"
    )
    return Finding(MARKING, "critical", message, "规范性", name, held.rows)
