"""One business day of the demo city: every department's delivery in the inbox, and the truth about it beside.

Belongs here: who delivers today, in which shape, and what goes wrong with whole files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from shuyuan.catalog import Catalog, Resource, load_catalog, resource_of
from shuyuan.demo.dirt import Dirty, spoiled
from shuyuan.demo.draw import Ints
from shuyuan.demo.feeds import FEEDS
from shuyuan.demo.frame import Frame
from shuyuan.demo.plan import Plan, plan
from shuyuan.demo.truth import TruthRow, write_truth
from shuyuan.demo.world import World, create, working_day_before
from shuyuan.demo.write import Sheet, control_of, write_control, write_sheet

LATE: Final = "courts.dishonest"
TRUNCATED: Final = "credit_office.permit"
SENT_TWICE: Final = "civil_affairs.cremation"
NEW_COLUMN: Final = "natural_resources.address"
REORDERED: Final = "market_regulation.individual_business"
PREAMBLE: Final = "civil_affairs.social_org"

_CODED_HEADERS: Final = ("credit_office.permit", "hrss.insured")  # deliver field codes instead of titles
_NOT_OWN_WORDS: Final = (
    "public_security.resident.sex",
    "public_security.resident.marital_status",
    "public_security.nonlocal.sex",
)
_FUTURE: Final = {
    "market_regulation.enterprise": ("op_to",),
    "credit_office.penalty": ("valid_until", "publish_until"),
    "credit_office.permit": ("valid_until",),
}
_PARQUET_TYPES: Final = {"medical_insurance.insured": {"birth_date": pa.date32(), "paid_year": pa.int64()}}


@dataclass(frozen=True)
class Truth:
    """What was written for one business date: `files` resource → path, `rows` the planted defects, `delivered` resource → data rows."""

    business_date: date
    files: dict[str, Path]
    delivered: dict[str, int]
    rows: list[TruthRow]


def generate(
    out: Path,
    business_date: date,
    *,
    people: int = 20000,
    seed: int = 1,
    day: int = 0,
    dirt: float = 1.0,
    catalog: Path = Path("catalog"),
    truth: Path | None = None,
    first_day: date | None = None,
) -> Truth:
    """Write what all departments send for `business_date` to `out/<department>/` and the truth to the file `truth` (Parquet).

    Day 0 is the full state, day k what the k-th business day after it brings (daily feeds only; about 1 % of rows differ).
    `dirt` scales the planted defects; 0 plants none. The first day's date is `first_day`, or found by going back `day` working
    days from `business_date`. The same arguments give the same bytes. Raises ValueError for a truth file inside the inbox.
    """
    if truth is not None and truth.resolve().is_relative_to(out.resolve()):
        raise ValueError(f"{truth}: the truth must not lie in the inbox {out}; give a path outside of it")
    world = create(load_catalog(catalog), seed, people, first_day or working_day_before(business_date, day), day)
    planned = plan(world, dirt)
    world.walk(day, people)
    made = _Delivery(world, planned, out, business_date, dirt > 0).write()
    if truth is not None:
        write_truth(truth, made.rows)
    return made


class _Delivery:
    """One business date being written."""

    def __init__(self, world: World, planned: Plan, out: Path, business_date: date, dirty: bool) -> None:
        self.world, self.planned, self.out, self.date, self.dirty = world, planned, out, business_date, dirty
        self.truth = Truth(business_date, {}, {}, [])

    def write(self) -> Truth:
        for name, feed in FEEDS.items():
            resource = self.world.catalog.resources[name]
            if self.world.day and resource.update_cycle != "daily":
                continue
            if self._happens(LATE, name):
                self._note(resource, "late_feed", "late")
                continue
            self._write_feed(resource, feed(self.world))
        self._expect()
        return self.truth

    def _expect(self) -> None:
        """What the thematic checks must find, wherever the department that is contradicted delivers today."""
        for case in self.planned.cases:
            resource = resource_of(case.ref)
            if resource in self.truth.files:
                file = self.truth.files[resource].name
                row = TruthRow(
                    case.check, "finding", resource, file, self.date, library=case.library, claim_ref=case.ref
                )
                self.truth.rows.extend(replace(row, entity=one, library_item=case.check) for one in case.entities)

    def _happens(self, resource: str, name: str) -> bool:
        """Faults of whole files come on the second day, when there is a first one to compare with."""
        return self.dirty and name == resource and self.world.day > 0

    def _write_feed(self, resource: Resource, frame: Frame) -> None:
        dirty = spoiled(frame, self.planned, self.world.catalog, self.world.seed)
        path = self._path(resource)
        rows = len(dirty.frame)
        if self._happens(TRUNCATED, resource.id):
            dirty = _cut(dirty, rows * 2 // 3)
        lines = write_sheet(path, self._sheet(resource, dirty), resource.delivery.encoding, resource.delivery.sheet)
        if resource.delivery.control:
            write_control(path, rows)
        if self._happens(SENT_TWICE, resource.id):
            self._send_again(resource, path)
        self.truth.files[resource.id], self.truth.delivered[resource.id] = path, len(dirty.frame)
        self._remember(resource, dirty, lines)

    def _path(self, resource: Resource) -> Path:
        name = resource.delivery.pattern.replace("{date}", f"{self.date:%Y%m%d}")
        return self.out / resource.department / name

    def _sheet(self, resource: Resource, dirty: Dirty) -> Sheet:
        headers = {item.name: _header(resource, item.name) for item in resource.items}
        names = list(headers)
        if self._happens(REORDERED, resource.id):
            names = [*names[:2], *reversed(names[2:])]
        columns = {headers[name]: dirty.frame.columns[name] for name in names}
        if dirty.frame.ops is not None and resource.delivery.op:
            columns = {resource.delivery.op: dirty.frame.ops, **columns}
        if self._happens(NEW_COLUMN, resource.id):
            columns["数据来源"] = pa.array(["外业采集"] * len(dirty.frame), pa.string())
        preamble = (
            (f"{self.world.places.divisions.city}社会组织登记台账", f"填报日期：{self.date}")
            if resource.id == PREAMBLE
            else ()
        )
        types = {headers[name]: kind for name, kind in _PARQUET_TYPES.get(resource.id, {}).items()}
        return Sheet(columns, dirty.faults, tuple(dirty.blanks), preamble, types)

    def _send_again(self, resource: Resource, path: Path) -> None:
        """The very same bytes under the name of a second delivery."""
        again = path.with_name(f"{path.stem}_2{path.suffix}")
        for source, copy in ((path, again), (control_of(path), control_of(again))):
            copy.write_bytes(source.read_bytes())
        self.truth.rows.append(
            TruthRow("same_file_twice", "batch", resource.id, again.name, self.date, reason="duplicate")
        )

    def _remember(self, resource: Resource, dirty: Dirty, lines: Ints) -> None:
        if self._happens(TRUNCATED, resource.id):
            self._note(resource, "truncated_file", "batch", "rejected")
            self._note(resource, "refused_and_not_sent_again", "late")
            return  # rows of a batch that is not taken are not judged
        if self._happens(NEW_COLUMN, resource.id):
            self._note(resource, "new_column", "batch", "extra_column")
        if self._happens(REORDERED, resource.id):
            self._note(resource, "reordered_columns", "batch", "reordered")
        file = self._path(resource).name
        for mark in dirty.marks:
            place = (mark.library, mark.entity, mark.library_item, mark.claim_ref, mark.wrong_ref)
            line = int(lines[mark.position]) - (mark.kind == "blank_row")
            row = TruthRow(
                mark.kind, mark.detect, resource.id, file, self.date, line, mark.item, mark.raw, mark.reason, *place
            )
            self.truth.rows.append(row)
        self._tolerate(resource)

    def _note(self, resource: Resource, kind: str, detect: str, reason: str | None = None) -> None:
        file = self._path(resource).name
        self.truth.rows.append(TruthRow(kind, detect, resource.id, file, self.date, reason=reason))  # type: ignore[arg-type]

    def _tolerate(self, resource: Resource) -> None:
        for item, reason in _ways_of(resource):
            file = self._path(resource).name
            self.truth.rows.append(
                TruthRow("usual", "tolerated", resource.id, file, self.date, item=item, reason=reason)
            )


def _ways_of(resource: Resource) -> Iterator[tuple[str, str]]:
    """(item, reason) that every row of a feed may carry: a department's own words, dates that lie ahead by their nature."""
    for item in resource.items:
        if item.crosswalk and f"{resource.id}.{item.name}" not in _NOT_OWN_WORDS:
            yield item.name, "code_crosswalked"
    for name in _FUTURE.get(resource.id, ()):
        yield name, "date_future"


def _header(resource: Resource, name: str) -> str:
    item = resource.item(name)
    codes = [alias for alias in item.aliases if alias.isascii()]
    return codes[0] if resource.id in _CODED_HEADERS and codes else item.label


def _cut(dirty: Dirty, rows: int) -> Dirty:
    """Only the first rows: what a broken transfer leaves."""
    faults = {position: fault for position, fault in dirty.faults.items() if position < rows}
    return Dirty(dirty.frame.take(np.arange(rows)), [], faults, [p for p in dirty.blanks if p < rows])


__all__ = ["LATE", "NEW_COLUMN", "PREAMBLE", "REORDERED", "SENT_TWICE", "TRUNCATED", "Catalog", "Truth", "generate"]
