"""Drift: a delivery's columns against the contract's, and what the resource's policy says happens next. Nothing is guessed silently.

Belongs here: columns that are new, missing or come under another header, the words of every drift finding. Does not belong here: columns
that come and are not what they were (`retyped.py`), how a header is found (`header.py`). Findings name columns and counts, never values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from typing import Final

import pyarrow as pa

from shuyuan.catalog import Resource
from shuyuan.intake.likeness import Likeness, kind
from shuyuan.ledger.findings import Finding
from shuyuan.reader.errors import NotAsContractedError, ReadError
from shuyuan.reader.header import ColumnsMissing, ColumnsNote, normalise
from shuyuan.reader.read import Column, Note, Reading

NEW: Final = "column_new"
MISSING: Final = "column_missing"
RENAMED: Final = "column_renamed"
LOOKED_AT: Final = 8
"""Batches of rows that are looked through for the first one in which an unknown column holds anything."""
_PERSONAL: Final = frozenset({"citizen_id", "bank_card", "phone", "email"})

Open = Callable[[Sequence[Column]], AbstractContextManager[Reading]]


class Drifted(NotAsContractedError):
    """The delivery is not as its contract says any more, and the resource's policy refuses it."""

    code = "drift"

    def __init__(self, file: str, told: Sequence[Finding], setting: str) -> None:
        """`told`: what was found, each with its way out; `setting`: the policy that would take the delivery."""
        self.findings = tuple(told)
        take = f"To take such deliveries, say `drift: {{{setting}}}` in the contract, and `shuyuan read BATCH --again`"
        way_out = " ".join([*(f.message for f in told), take])
        columns = "、".join(dict.fromkeys(f.item for f in told if f.item))
        super().__init__(file, f"the contract's policy refuses {len(told)} changed columns", way_out, column=columns)


def contracted(resource: Resource) -> tuple[Column, ...]:
    """The columns that a delivery of the resource is asked for."""
    items = [Column(item.name, item.headers, required=not item.optional_column) for item in resource.items]
    operation = [Column("_op", (resource.delivery.op,))] if resource.delivery.op else []
    return (*items, *operation)


class Expected:
    """The columns that one delivery is read by. They begin as the contract's and give way where its policy lets them.

    `columns` are to be asked for. Where they are not all there, `lacking` says whether to ask again; once everything has been read,
    `settled` says whether all came as asked, `findings` what is to be told, and `unknown` holds the first rows of columns that are not
    read, under their headers, with `_line`.
    """

    def __init__(self, resource: Resource, file: str, likeness: Likeness, open_: Open) -> None:
        """`likeness`: tells renamed columns; `open_`: opens the delivery once more, by other columns, to look at what is unknown."""
        self.columns = contracted(resource)
        self.findings: list[Finding] = []
        self.unknown: pa.Table | None = None
        self._resource, self._file, self._likeness, self._open = resource, file, likeness, open_
        self._known = {normalise(text) for text in resource.drift.ignore}
        self._told: set[str] = set()

    def lacking(self, error: ColumnsMissing) -> None:
        """Promised columns are not there: ask for what there is. Raises the error, or Drifted, where the policy says so."""
        found = self._renamed(error.missing, error.strangers)
        absent = [name for name in error.missing if name not in found]
        refused = [name for name in absent if not self._may_miss(name)]
        self.findings += [self._missing(name, "critical" if name in refused else "warning") for name in absent]
        self._take(found)
        if refused:
            raise error
        self._told |= set(absent)
        self._ask(lambda c: replace(c, required=False) if c.name in absent else c)

    def settled(self, notes: Iterable[Note]) -> bool:
        """After everything was read: did all columns come as they were asked for, or must the delivery be read again under other headers?

        Raises Drifted for a new or renamed column that the policy refuses.
        """
        absent, strangers = _columns(notes, "missing_column"), _columns(notes, "extra_column")
        found = self._renamed([n for n in absent if n not in self._told], strangers)
        if found:
            self._take(found)
            return False
        self._tell_optional(absent)
        self._tell_new(strangers)
        return True

    def _tell_optional(self, absent: Collection[str]) -> None:
        self.findings += [self._missing(name, "info") for name in absent if name not in self._told]

    def _tell_new(self, strangers: Sequence[str]) -> None:
        if (rows := self._sample(strangers)) is not None:
            self.unknown = rows.select([name for name in rows.column_names if name in (*strangers, "_line")])
        refuse = self._resource.drift.new == "reject"
        new = [text for text in dict.fromkeys(strangers) if normalise(text) not in self._known]
        told = [_new(text, _values(self.unknown, text), "critical" if refuse else "warning") for text in new]
        if told and refuse:
            raise Drifted(self._file, told, "new: accept")
        self.findings += told

    def _may_miss(self, name: str) -> bool:
        known = {item.name: item for item in self._resource.items}
        item = known.get(name)
        free = item is not None and not item.required and name not in self._resource.key
        return free and self._resource.drift.missing == "accept"

    def _take(self, found: Mapping[str, str]) -> None:
        """Read items under other headers. Raises Drifted where that is refused."""
        accept = self._resource.drift.renamed == "accept"
        refused = [name for name in found if not accept or name in self._resource.key]
        told = [self._moved(name, text, "critical" if name in refused else "warning") for name, text in found.items()]
        if refused:
            raise Drifted(self._file, told, "renamed: accept")
        self.findings += told
        self._told |= set(found)
        self._ask(lambda c: replace(c, headers=(*c.headers, found[c.name])) if c.name in found else c)

    def _ask(self, change: Callable[[Column], Column]) -> None:
        self.columns = tuple(change(column) for column in self.columns)

    def _renamed(self, missing: Sequence[str], strangers: Sequence[str]) -> dict[str, str]:
        unknown = [text for text in strangers if normalise(text) not in self._known]
        return self._likeness.pairs(missing, unknown, self._sample)

    def _sample(self, texts: Sequence[str]) -> pa.Table | None:
        """First rows: items under their names, unknown columns that come once under their headers. None if they hold anything but text."""
        times = Counter(normalise(text) for text in texts)
        extra = {f"stranger_{n}": text for n, text in enumerate(texts) if times[normalise(text)] == 1}
        wanted = [replace(c, required=False) for c in self.columns]
        wanted += [Column(name, (text,), required=False) for name, text in extra.items()]
        if not extra:
            return None
        try:
            with self._open(wanted) as reading:
                rows = _first_rows(reading, list(extra))
        except ReadError:  # Parquet may hold anything
            return None
        return rows.rename_columns([extra.get(name, name) for name in rows.column_names])

    def _label(self, name: str) -> str:
        labels = {"_op": self._resource.delivery.op or "_op"} | {i.name: i.label for i in self._resource.items}
        return labels[name]

    def _missing(self, name: str, severity: str) -> Finding:
        label = self._label(name)
        zh, en = (
            ("拒收", "refused") if severity == "critical" else ("本次该项为空", "its item is empty in this delivery")
        )
        message = (
            f"“{label}”列没有来，{zh}；请提供部门补上，或在合同中为 {name} 声明 optional_column: true / "
            f"column `{label}` did not come, {en}; have the department deliver it, or declare `optional_column: true` for `{name}`"
        )
        return Finding(MISSING, severity, message, "完整性", name)

    def _moved(self, name: str, text: str, severity: str) -> Finding:
        label = self._label(name)
        aliases = [*(a for i in self._resource.items if i.name == name for a in i.aliases), text]
        message = (
            f"“{label}”列似已改名为“{text}”；请与部门核实，属实则在合同的 {name} 项写 aliases: [{', '.join(aliases)}] / "
            f"column `{label}` seems to come as `{text}` now; ask the department and, if so, write "
            f"`aliases: [{', '.join(aliases)}]` in the contract's item `{name}`"
        )
        return Finding(RENAMED, severity, message, "规范性", name)


def _first_rows(reading: Reading, unknown: Sequence[str]) -> pa.Table:
    """The first batch in which an unknown column holds anything: the first part of a delivery may not have the column."""
    for rows in islice(reading.batches(), LOOKED_AT):
        if any(rows[name].null_count < rows.num_rows for name in unknown):
            break
    return rows


def _columns(notes: Iterable[Note], of: str) -> tuple[str, ...]:
    """Of all parts of a delivery; what one part has twice is there twice."""
    most: Counter[str] = Counter()
    for note in notes:
        if isinstance(note, ColumnsNote) and note.kind == of:
            most |= Counter(note.columns)
    return tuple(most.elements())


def _values(rows: pa.Table | None, text: str) -> pa.ChunkedArray | None:
    return rows[text] if rows is not None and text in rows.column_names else None


def _new(text: str, values: pa.ChunkedArray | None, severity: str) -> Finding:
    """What a new column is, as far as its first rows tell: how many are filled and which type they have."""
    item_type, seen_zh, seen_en = "text", "", ""
    if values is not None:
        item_type, filled = kind(values), len(values) - values.null_count
        seen_zh = f"（前 {len(values)} 行中 {filled} 行有值，像 {item_type}）"
        seen_en = f" ({filled} of the first {len(values)} rows filled, looks like {item_type})"
    hint = ", sensitivity: personal" if item_type in _PERSONAL else ""
    line = f"- {{name: ?, label: {text}, type: {item_type}, optional_column: true{hint}}}"
    message = (
        f"合同之外的新列“{text}”{seen_zh}，未读入；需要则在合同加一行 {line}，或作为某项的 aliases；不需要则写入 drift.ignore / "
        f"new column `{text}`{seen_en}, not read; if it is wanted add `{line}` to the contract's items, or make it an alias of one; "
        "if not, list it under `drift: {ignore: […]}`"
    )
    return Finding(NEW, severity, message, "规范性", text)
