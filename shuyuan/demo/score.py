"""Planted against reported: recall and precision per kind of defect.

Belongs here: comparing two sets of rows. Where reports come from is the caller's affair; nothing here reads a database or a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.demo.truth import NOBODY

CELLS: Final = pa.schema(
    [
        ("resource", pa.string()),
        ("business_date", pa.date32()),
        ("line", pa.int64()),
        ("item", pa.string()),
        ("reason", pa.string()),
    ]
)
"""Reported cells and rows: verdicts of standardised rows and quarantined rows alike; `item` is null for whole rows."""
DISAGREEMENTS: Final = pa.schema([(name, pa.string()) for name in ("library", "entity", "item", "claim_ref")])
"""Reported disagreements of published libraries, of any class; repeated reports count once."""
SUSPICIONS: Final = pa.schema([(name, pa.string()) for name in ("library", "entity", "item", "claim_ref", "suspect")])
"""Open disagreements with whose claim the court suspects; `suspect` is null where it suspects nobody."""
BATCHES: Final = pa.schema(
    [
        ("resource", pa.string()),
        ("business_date", pa.date32()),
        ("file", pa.string()),
        ("state", pa.string()),
        ("reason", pa.string()),
    ]
)
"""Files with what became of them: the batch's state, or `duplicate` for a file that came before;
`reason` is a note's kind (`extra_column`, `reordered`), one row per note, or null."""
LATE: Final = pa.schema([("resource", pa.string()), ("business_date", pa.date32())])
"""Recorded breaches of freshness."""

RESULT: Final = pa.schema(
    [
        ("kind", pa.string()),
        ("detect", pa.string()),
        ("planted", pa.int64()),
        ("found", pa.int64()),
        ("true", pa.int64()),
        ("recall", pa.float64()),
        ("precision", pa.float64()),
    ]
)

_SITE = ("resource", "business_date", "line")
_CELL = (*_SITE, "item", "reason")
_ROW = (*_SITE, "reason")
_CLAIM = ("library", "entity", "item", "claim_ref")
_BAD_STATES = ("rejected", "failed", "duplicate", "outdated")


@dataclass(frozen=True)
class Found:
    """Everything that was reported, in the four shapes above."""

    cells: pa.Table
    disagreements: pa.Table
    batches: pa.Table
    late: pa.Table


def score(truth: pa.Table, found: Found) -> pa.Table:
    """One row of `RESULT` per planted kind, and per kind of report that nothing planted explains (`unexpected …`, planted 0, recall 1).

    `truth` has the schema of `truth.SCHEMA` (one or more days). `true` are planted defects that were reported as planted; `found`
    adds the reports with the same reason that no planted defect explains, so precision = true / found. A further report on a row
    with a planted defect is explained by it. For kinds that must stay silent, `true` are those that did. A kind of which nothing
    is planted and nothing found does not appear. Raises ValueError when a column is missing.
    """
    _require(found)
    claims = _claims(truth)
    results = [
        *_cells(truth, found.cells),
        *_silent(truth, claims, found),
        *_disagreements(claims, found.disagreements),
        *_batches(truth, found.batches),
        *_late(truth, found.late),
    ]
    ordered = sorted(results, key=lambda row: (row["planted"] == 0, row["detect"], row["kind"]))
    return pa.Table.from_pylist(ordered, schema=RESULT)


def blame(truth: pa.Table, suspicions: pa.Table) -> pa.Table:
    """Who is wrong, against the truth: one row of `RESULT` per planted kind of disagreement, detect `suspect`, and one over all.

    `planted`: planted contradictions; `found`: those of which the court suspects somebody, or nobody where nobody is wrong; `true`: those
    where it is right. Raises ValueError when `suspicions` lacks a column of `SUSPICIONS`.
    """
    if missing := set(SUSPICIONS.names) - set(suspicions.column_names):
        raise ValueError(f"found rows `suspicions` have no column {sorted(missing)}; they need {SUSPICIONS.names}")
    planted = _claims(truth)
    planted = planted.filter(pc.and_(pc.equal(planted["detect"], "disagreement"), planted["wrong_ref"].is_valid()))
    suspects = pc.fill_null(suspicions["suspect"], NOBODY).to_pylist()
    said = dict(zip(_keys(suspicions, _CLAIM).to_pylist(), suspects, strict=True))
    told = [said.get(key) for key in _keys(planted, _CLAIM).to_pylist()]
    wrong = planted["wrong_ref"].to_pylist()
    right = [one == ref for one, ref in zip(told, wrong, strict=True)]
    heard = [one is not None and (one == NOBODY) == (ref == NOBODY) for one, ref in zip(told, wrong, strict=True)]
    tried = pa.table(
        {"kind": planted["kind"], "heard": pa.array(heard, pa.bool_()), "right": pa.array(right, pa.bool_())}
    )
    return pa.Table.from_pylist(list(_blamed(tried)), schema=RESULT)


def _blamed(tried: pa.Table) -> Iterator[dict[str, object]]:
    kinds = sorted(set(tried["kind"].to_pylist()))
    every = [(f"who is wrong: {kind}", tried.filter(pc.equal(tried["kind"], kind))) for kind in kinds]
    for name, rows in [*every, ("who is wrong, all", tried)] if kinds else []:
        true, heard = (pc.sum(rows[column]).as_py() for column in ("right", "heard"))
        yield _row(name, "suspect", rows.num_rows, true, heard - true)


def _require(found: Found) -> None:
    for name, schema in (("cells", CELLS), ("disagreements", DISAGREEMENTS), ("batches", BATCHES), ("late", LATE)):
        missing = set(schema.names) - set(getattr(found, name).column_names)
        if missing:
            raise ValueError(f"found rows `{name}` have no column {sorted(missing)}; they need {schema.names}")


def _keys(table: pa.Table, columns: Sequence[str]) -> pa.ChunkedArray:
    """The columns of each row as one text; null counts as an empty text."""
    texts = [pc.fill_null(pc.cast(table[name], pa.string()), "") for name in columns]
    return pc.binary_join_element_wise(*texts, "\x1f")


def _among(keys: pa.ChunkedArray, others: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(keys, value_set=others.combine_chunks())


def _of(truth: pa.Table, *detect: str) -> pa.Table:
    return truth.filter(pc.is_in(truth["detect"], value_set=pa.array(detect, pa.string())))


def _claims(truth: pa.Table) -> pa.Table:
    """Planted rows that speak of a library, each claim once (a register that is delivered daily repeats them)."""
    rows = truth.filter(truth["library"].is_valid())
    named = pa.table({"kind": rows["kind"], "detect": rows["detect"], "library": rows["library"], "entity": rows["entity"],
                      "item": rows["library_item"], "claim_ref": rows["claim_ref"], "wrong_ref": rows["wrong_ref"]})  # fmt: skip
    return named.group_by(named.column_names).aggregate([]).select(named.column_names)


def _row(kind: str, detect: str, planted: int, true: int, false: int) -> dict[str, object]:
    found = true + false
    recall, precision = (true / planted if planted else 1.0), (true / found if found else 1.0)
    return {
        "kind": kind,
        "detect": detect,
        "planted": planted,
        "found": found,
        "true": true,
        "recall": recall,
        "precision": precision,
    }


def _counts(values: pa.ChunkedArray) -> dict[str | None, int]:
    return {pair["values"]: pair["counts"] for pair in pc.value_counts(values).to_pylist()}


def _cells(truth: pa.Table, cells: pa.Table) -> Iterator[dict[str, object]]:
    planted = _of(truth, "cell", "row")
    unexplained = _counts(_unexplained(truth, cells)["reason"])
    hit = pc.or_(
        pc.and_(pc.equal(planted["detect"], "cell"), _among(_keys(planted, _CELL), _keys(cells, _CELL))),
        pc.and_(pc.equal(planted["detect"], "row"), _among(_keys(planted, _ROW), _keys(cells, _ROW))),
    )
    hits = planted.filter(hit)
    for (kind, detect, reasons), size in _groups(planted).items():
        true = pc.sum(pc.equal(hits["kind"], kind)).as_py() or 0
        yield _row(kind, detect, size, true, sum(unexplained.get(reason, 0) for reason in reasons))
    known = set(planted["reason"].to_pylist())
    yield from (_row(f"unexpected {r}", "cell", 0, 0, n) for r, n in unexplained.items() if r not in known)


def _groups(planted: pa.Table) -> dict[tuple[str, str, tuple[str, ...]], int]:
    """(kind, detect, its reasons) → number of planted rows."""
    groups: dict[tuple[str, str], list[str]] = {}
    for kind, detect, reason in zip(*(planted[name].to_pylist() for name in ("kind", "detect", "reason")), strict=True):
        groups.setdefault((kind, detect), []).append(reason)
    return {(kind, detect, tuple(sorted(set(reasons)))): len(reasons) for (kind, detect), reasons in groups.items()}


def _unexplained(truth: pa.Table, cells: pa.Table) -> pa.Table:
    """Reports on rows where nothing is planted, but for usual ways of a feed and rows of batches that were not taken."""
    usual, files = ("resource", "business_date", "item", "reason"), ("resource", "business_date")
    batches = _of(truth, "batch")
    lost = batches.filter(pc.equal(batches["reason"], "rejected"))
    explained = pc.or_(
        _among(_keys(cells, usual), _keys(_of(truth, "tolerated"), usual)),
        pc.or_(
            _among(_keys(cells, files), _keys(lost, files)),
            _among(_keys(cells, _SITE), _keys(_of(truth, "cell", "row", "silent"), _SITE)),
        ),
    )
    return cells.filter(pc.invert(explained))


def _silent(truth: pa.Table, claims: pa.Table, found: Found) -> Iterator[dict[str, object]]:
    """Kinds that must not be reported; a report of the very cell, or of its claim as a disagreement, is false.

    A row that stands for no item (an empty line) must not be reported at all.
    """
    planted = _of(truth, "silent")
    usual = ("resource", "business_date", "item", "reason")
    cells = found.cells.filter(pc.invert(_among(_keys(found.cells, usual), _keys(_of(truth, "tolerated"), usual))))
    cell = _among(_keys(planted, (*_SITE, "item")), _keys(cells, (*_SITE, "item")))
    renamed = planted.select(["library", "entity", "library_item", "claim_ref"]).rename_columns(list(_CLAIM))
    claim = pc.and_(planted["library"].is_valid(), _among(_keys(renamed, _CLAIM), _keys(found.disagreements, _CLAIM)))
    loud = _counts(planted.filter(pc.or_(cell, claim))["kind"])
    for kind, size in _counts(planted["kind"]).items():
        false = loud.get(kind, 0)
        yield _row(str(kind), "silent", size, size - false, false)


def _disagreements(claims: pa.Table, found: pa.Table) -> Iterator[dict[str, object]]:
    planted = claims.filter(pc.is_in(claims["detect"], value_set=pa.array(["disagreement", "finding"])))
    reported = found.select(list(_CLAIM)).group_by(list(_CLAIM)).aggregate([])
    hits = _counts(planted.filter(_among(_keys(planted, _CLAIM), _keys(reported, _CLAIM)))["kind"])
    false = reported.filter(pc.invert(_among(_keys(reported, _CLAIM), _keys(claims, _CLAIM))))
    refs = _counts(_keys(false, ("library", "item", "claim_ref")))
    kinds = _counts(planted["kind"])
    for kind, size in kinds.items():
        own = planted.filter(pc.equal(planted["kind"], kind))
        mine = set(_keys(own, ("library", "item", "claim_ref")).to_pylist())
        yield _row(str(kind), "disagreement", size, hits.get(kind, 0), sum(refs.get(ref, 0) for ref in mine))
    known = set(_keys(planted, ("library", "item", "claim_ref")).to_pylist())
    rest = ((str(ref), n) for ref, n in refs.items() if ref not in known)
    yield from (_row("unexpected " + " ".join(ref.split("\x1f")), "disagreement", 0, 0, n) for ref, n in rest)


def _batches(truth: pa.Table, found: pa.Table) -> Iterator[dict[str, object]]:
    """A planted fault of a file is found when its batch ended in that state or carries that note."""
    planted, on = _of(truth, "batch"), ("resource", "business_date")
    said = (*on, "reason")
    states = _keys(found, (*on, "state")).to_pylist()
    reported = set(states) | set(_keys(found, said).to_pylist())
    expected = set(_keys(planted, said).to_pylist())
    for kind, key in zip(planted["kind"].to_pylist(), _keys(planted, said).to_pylist(), strict=True):
        yield _row(kind, "batch", 1, int(key in reported), 0)
    bad = found.filter(pc.is_in(found["state"], value_set=pa.array(_BAD_STATES)))
    false = set(_keys(bad, (*on, "state")).to_pylist()) - expected
    yield from _unexpected("batch", (key.split("\x1f") for key in sorted(false)))


def _late(truth: pa.Table, found: pa.Table) -> Iterator[dict[str, object]]:
    """A breach is found when it names the feed and a date up to the missed one: it may name the day the feed is due from."""
    planted = _of(truth, "late").select(["kind", "resource", "business_date"]).to_pylist()
    reported = {(row["resource"], row["business_date"]) for row in found.to_pylist()}
    explained = set()
    for kind in sorted({row["kind"] for row in planted}):
        own = [row for row in planted if row["kind"] == kind]
        hits = [
            {(name, day) for name, day in reported if name == r["resource"] and day <= r["business_date"]} for r in own
        ]
        explained |= set().union(*hits)
        yield _row(kind, "late", len(own), sum(map(bool, hits)), 0)
    yield from _unexpected("late", ([name, str(day)] for name, day in sorted(reported - explained)))


def _unexpected(detect: str, keys: Iterable[list[str]]) -> Iterator[dict[str, object]]:
    yield from (_row("unexpected " + " ".join(key), detect, 0, 0, 1) for key in keys)
