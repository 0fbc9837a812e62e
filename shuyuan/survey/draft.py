"""From a sample to a first contract that is known to read it: proposed, written as YAML, and tried on the sample before anybody sees it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import yaml

from shuyuan import settings
from shuyuan.catalog import Catalog, Resource
from shuyuan.reader.errors import ReadError
from shuyuan.reader.read import Column, stream
from shuyuan.survey import contract, naming
from shuyuan.survey.contract import Frame
from shuyuan.survey.look import Progress, inspect
from shuyuan.survey.proposal import Proposal, propose
from shuyuan.survey.report import Survey, Table


@dataclass(frozen=True)
class Draft:
    """A drafted contract. `files`: path below the catalog directory → text; the suite's path begins with `expectations/`.

    `trial`: what reading the sample through the contract gave, in words. `others`: sheets whose tables need a contract of their own.
    """

    resource: Resource
    survey: Survey
    table: Table
    files: Mapping[Path, str]
    trial: str
    reads: bool
    others: tuple[str, ...]


class NoTable(ValueError):
    """There is nothing in the file that a contract could describe."""


def draft(
    path: Path,
    department: str,
    catalog: Catalog,
    *,
    name: str | None = None,
    sheet: str | None = None,
    today: date | None = None,
    progress: Progress | None = None,
) -> Draft:
    """A first contract for the table of a file (of a book: its largest table, or that of `sheet`).

    `department` must be declared. `name`: of the resource, found from the file's name by default. Raises NoTable, and the errors of reading.
    """
    survey = inspect(path, sheet=sheet, as_of=today, progress=progress)
    table = max(survey.tables, key=lambda t: t.rows)
    if not table.columns:
        raise NoTable(f"{path.name}: no column was found; look at it with `shuyuan inspect`")
    frame = _frame(path, department, catalog, name, today or settings.today())
    proposal = propose(table, catalog, department, frame.id.split(".")[1])
    others = tuple(t.title for t in survey.tables if t.form.names != table.form.names and t.rows)
    hints = {"sheet": table.form.sheet} if sheet or others else {}
    frame = replace(frame, hints=hints, warnings=tuple(_warnings(proposal)))
    frame, trial = _tried(path, frame, proposal, survey, table)
    resource = _resource(frame, proposal, survey, table)
    return Draft(
        resource, survey, table, _files(frame, proposal, survey, table), trial or _fits(table), not trial, others
    )


def _warnings(proposal: Proposal) -> Iterator[str]:
    if proposal.aside > contract.BORNE:
        yield f"{proposal.aside:.0%} of the sample's rows would be set aside under this key: ask what tells two rows apart"


def _frame(path: Path, department: str, catalog: Catalog, name: str | None, today: date) -> Frame:
    chosen = name or naming.resource_name(path.name, catalog, department)
    pattern, pattern_why = naming.pattern(path.name)
    cycle, cycle_why = naming.cycle(path.name)
    english = chosen.replace("_", " ").capitalize()
    identity = f"{department}.{chosen}"
    return Frame(identity, naming.title(path.name), english, pattern, pattern_why, cycle, cycle_why, {}, (), today)


def _tried(path: Path, frame: Frame, proposal: Proposal, survey: Survey, table: Table) -> tuple[Frame, str]:
    """The frame with the hints that reading the sample needs, and what is still wrong (empty: nothing)."""
    if proposal.headless:
        words = "the file has no header row: its columns are taken by their place, and nothing tells when they change; ask for a header"
        frame = replace(frame, hints={**frame.hints, "header_row": 0}, warnings=(*frame.warnings, words))
    plain = _trial(path, _resource(frame, proposal, survey, table), survey, table)
    if not plain:
        return frame, ""
    placed = replace(frame, hints={**frame.hints, "header_row": max(table.form.header, default=1)})
    if not _trial(path, _resource(placed, proposal, survey, table), survey, table):
        return placed, ""
    words = f"this contract does not read the sample yet: {plain}"
    return replace(frame, warnings=(*frame.warnings, words)), words


def _resource(frame: Frame, proposal: Proposal, survey: Survey, table: Table) -> Resource:
    return Resource.model_validate(yaml.safe_load(contract.resource(frame, proposal, survey, table)))


def _trial(path: Path, resource: Resource, survey: Survey, table: Table) -> str:
    """Read the sample as the line would. → what came out otherwise than it was surveyed; empty: nothing."""
    wanted = [Column(item.name, item.headers, required=not item.optional_column) for item in resource.items]
    delivery = resource.delivery
    try:
        with stream(
            path, wanted, encoding=delivery.encoding, sheet=delivery.sheet, header_row=delivery.header_row
        ) as reading:
            rows = sum(batch.num_rows for batch in reading.batches())
            account = reading.account()
    except ReadError as error:
        return f"{error.code}: {error.problem}"
    expected = sum(t.rows for t in survey.tables if t.form.names == table.form.names)
    refused = sum(sum(t.rejected.values()) for t in survey.tables if t.form.names == table.form.names)
    if (
        rows >= expected and rows + account.rejected == expected + refused
    ):  # a contract lets pass what stands beside its columns
        return ""
    return f"{rows:,} rows and {account.rejected:,} refused, where the survey found {expected:,} and {refused:,}"


def _fits(table: Table) -> str:
    return f"the contract reads the sample: {table.rows:,} rows, {sum(table.rejected.values()):,} refused"


def _files(frame: Frame, proposal: Proposal, survey: Survey, table: Table) -> dict[Path, str]:
    department, name = frame.id.split(".")
    suite_name = frame.id.replace(".", "__")
    files = {Path("resources", department, f"{name}.yml"): contract.resource(frame, proposal, survey, table)}
    files[Path("expectations", f"{suite_name}.yml")] = contract.suite(suite_name, proposal, table)
    for item in proposal.items:
        if item.listed and item.listed.new:
            files[Path("codes", f"{item.listed.codes}.yml")] = contract.code_list(item, department)
    return files


class Standing(FileExistsError):
    """A file that would be written stands there already."""


def write(drafted: Draft, catalog: Path, suites: Path, *, force: bool = False) -> list[Path]:
    """Lay the files below the catalog directory, the suite below `suites`; all or none of them. → their paths.

    Raises Standing when one of them exists and `force` is not given: what somebody wrote is never written over unasked.
    """
    places = {_place(path, catalog, suites): text for path, text in drafted.files.items()}
    standing = [str(path) for path in places if path.exists()]
    if standing and not force:
        raise Standing(
            f"{', '.join(standing)}: already there; look at it, then choose another --name or --out, or say --force"
        )
    for path, text in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as part:
            part.write(text)
        Path(part.name).replace(path)
    return list(places)


def _place(path: Path, catalog: Path, suites: Path) -> Path:
    return suites / path.name if path.parts[0] == "expectations" else catalog / path
