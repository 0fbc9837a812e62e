"""From clean rows to the rows that are sent: planted defects applied to one feed of one day, each with its mark.

Belongs here: applying a plan. What is chosen is in `plan`; how rows become bytes is in `write`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.catalog import Catalog
from shuyuan.demo.defects import CellDefect, RowDefect
from shuyuan.demo.disagreements import Contradiction, Edit
from shuyuan.demo.draw import Ints, generator
from shuyuan.demo.frame import Frame
from shuyuan.demo.plan import Plan
from shuyuan.demo.truth import Detect

_DOUBLED = ("duplicate_row", "key_conflict")


@dataclass(frozen=True)
class Mark:
    """A planted defect at a row position; `city` adds file, date and line to make it a truth row."""

    position: int
    kind: str
    detect: Detect
    item: str | None = None
    raw: str | None = None
    reason: str | None = None
    library: str | None = None
    entity: str | None = None
    library_item: str | None = None
    claim_ref: str | None = None
    wrong_ref: str | None = None


@dataclass
class Dirty:
    """A feed's rows with defects. `faults`: position → how the written line is damaged. `blanks`: positions with an empty line before."""

    frame: Frame
    marks: list[Mark] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    blanks: list[int] = field(default_factory=list)
    edits: dict[str, dict[int, str | None]] = field(default_factory=lambda: defaultdict(dict))


def spoiled(frame: Frame, plan: Plan, catalog: Catalog, seed: int) -> Dirty:
    """The rows of one feed as they are sent, with every planned defect whose row is in today's delivery."""
    mine = [(d, ids) for d, ids in plan.rows if d.resource == frame.resource]
    dirty = _doubled(frame, [(d, ids) for d, ids in mine if d.kind in _DOUBLED], seed)
    where = _first_positions(dirty.frame)
    for defect, ids in mine:
        if defect.kind not in _DOUBLED:
            _damage(dirty, defect, [where[i] for i in ids.tolist() if i in where])
    for cell, ids in plan.cells:
        if cell.resource == frame.resource:
            _spoil_cells(dirty, cell, [where[i] for i in ids.tolist() if i in where], catalog)
    for contradiction in plan.contradictions:
        _contradict(dirty, contradiction, where)
    for edit in (edit for case in plan.cases for edit in case.edits if edit.resource == frame.resource):
        _set(dirty, edit, where)
    dirty.frame = _edited(dirty.frame, dirty.edits)
    return dirty


def _first_positions(frame: Frame) -> dict[int, int]:
    """Row id → position of its first row. Copies stand behind their original."""
    ids, first = np.unique(frame.ids, return_index=True)
    return dict(zip(ids.tolist(), first.tolist(), strict=True))


def _doubled(frame: Frame, defects: list[tuple[RowDefect, Ints]], seed: int) -> Dirty:
    """Rows with a copy somewhere below: the very same row again, or one with the same key and another value."""
    rng = generator(seed, "copies", frame.resource)
    wanted = [(d, int(p)) for d, ids in defects for p in np.flatnonzero(np.isin(frame.ids, ids))]
    below = np.array([min(len(frame), p + 1 + int(rng.integers(0, 200))) for _, p in wanted], np.int64)
    sources = np.array([p for _, p in wanted], np.int64)
    order = np.insert(np.arange(len(frame)), below, sources)
    copies = np.flatnonzero(np.insert(np.zeros(len(frame), np.int64), below, 1))
    dirty = Dirty(frame.take(order) if wanted else frame)
    for (defect, source), copy in zip(
        (wanted[i] for i in np.argsort(below, kind="stable")), copies.tolist(), strict=True
    ):
        original = source + int((below <= source).sum())
        _mark_double(dirty, defect, original, copy)
    return dirty


def _mark_double(dirty: Dirty, defect: RowDefect, original: int, copy: int) -> None:
    if defect.conflict_item is None:
        dirty.marks.append(Mark(copy, defect.kind, "row", reason="duplicate_row"))
        return
    value = _other(dirty.frame.columns[defect.conflict_item][copy].as_py() or "")
    dirty.edits[defect.conflict_item][copy] = value
    for position in (original, copy):
        dirty.marks.append(Mark(position, defect.kind, "row", raw=value, reason="key_conflict"))


def _other(text: str) -> str:
    """Another good value of the same form."""
    if text.replace(".", "").isdigit():
        return text[:-1] + ("1" if text[-1] != "1" else "2")
    return text + "等" if text else "15400000001"


def _damage(dirty: Dirty, defect: RowDefect, positions: list[int]) -> None:
    if defect.kind == "blank_row":
        dirty.blanks.extend(positions)
        dirty.marks += [Mark(position, defect.kind, "silent") for position in positions]
        return
    for position in positions:
        dirty.faults[position] = defect.kind
        dirty.marks.append(Mark(position, defect.kind, "row", reason=defect.kind))


def _spoil_cells(dirty: Dirty, defect: CellDefect, positions: list[int], catalog: Catalog) -> None:
    claims = list(_claims(catalog, defect)) if defect.reason is None else []
    for number, position in enumerate(positions):
        clean = dirty.frame.columns[defect.item][position].as_py()
        raw = next(text for n in range(number, number + 9) if (text := defect.spoil(clean, n)) != clean)
        dirty.edits[defect.item][position] = raw
        dirty.marks.append(_cell_mark(dirty, defect, position, raw, claims))


def _cell_mark(dirty: Dirty, defect: CellDefect, position: int, raw: str, claims: list[tuple[str, str, str]]) -> Mark:
    if defect.reason == "key_missing":
        return Mark(position, defect.kind, "row", raw=raw, reason=defect.reason)
    mark = Mark(position, defect.kind, "silent" if defect.reason is None else "cell", defect.item, raw, defect.reason)
    for library, library_item, key in claims:
        entity = dirty.frame.columns[key][position].as_py()
        return replace(
            mark,
            library=library,
            library_item=library_item,
            entity=entity,
            claim_ref=f"{defect.resource}.{defect.item}",
        )
    return mark


def _claims(catalog: Catalog, defect: CellDefect) -> Iterator[tuple[str, str, str]]:
    """(library, item, key item of the row) where the spoiled item is checked against a source: it must still agree there."""
    ref = f"{defect.resource}.{defect.item}"
    for library in catalog.libraries_of(defect.resource):
        for item in library.items:
            if any(check.ref == ref for check in item.check):
                yield library.id, item.name, library.member(defect.resource).on[0]


def _contradict(dirty: Dirty, contradiction: Contradiction, where: dict[int, int]) -> None:
    edit, resource = contradiction.edit, dirty.frame.resource
    for other in contradiction.others:
        if other.resource == resource:
            _set(dirty, other, where)
    if edit.resource != resource:
        return
    _set(dirty, edit, where)
    detect: Detect = "silent" if contradiction.agrees else "disagreement"
    for row, value, entity in zip(edit.ids.tolist(), edit.values, contradiction.entities, strict=True):
        if row in where:
            place = (contradiction.library, entity, contradiction.item, contradiction.ref, contradiction.wrong)
            dirty.marks.append(Mark(where[row], contradiction.kind, detect, edit.item, value, None, *place))


def _set(dirty: Dirty, edit: Edit, where: dict[int, int]) -> None:
    for row, value in zip(edit.ids.tolist(), edit.values, strict=True):
        if row in where:
            dirty.edits[edit.item][where[row]] = value


def _edited(frame: Frame, edits: dict[str, dict[int, str | None]]) -> Frame:
    columns = dict(frame.columns)
    for item, cells in edits.items():
        positions = sorted(cells)
        mask = np.zeros(len(frame), np.bool_)
        mask[positions] = True
        texts = pa.array([cells[p] for p in positions], pa.string())
        columns[item] = pc.replace_with_mask(columns[item], pa.array(mask), texts)
    return replace(frame, columns=columns)
