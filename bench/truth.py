"""Of contradicting sources, does the court find the true value more often than the majority? Real data with known truth.

    python bench/truth.py [folder of multi_source_truth]

Flights: 38 sources, 100 flights × 4 times. Book: 586 sources, 568 books × title and authors. The truth only scores: neither the court nor a
comparator sees it. A cell is right when the chosen value equals the true one; unreached cells are wrong. Three scores per voter:
`raw`: the texts are equal byte for byte, sources vote by text (the court, which votes by meaning, answers with the spelling that most
sources give its value); `spelled`: the texts are equal by the item's comparator (`sql/court/spelling`), applied alike to majority, court and
truth. `court` is the figure with the bar; `majority_raw` is the figure that others report. See docs/court.md.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from shuyuan.court.claims import Claims, encode
from shuyuan.court.learn import Judgement, learn, majority
from shuyuan.db.sql import text

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "multi_source_truth"
BARS = {"flights": 0.90, "book": 0.75}
MAJORITY = {"flights": 0.760, "book": 0.380}
TIMES = ("sched_dep_time", "act_dep_time", "sched_arr_time", "act_arr_time")
SPELLING = {**dict.fromkeys(TIMES, "clock"), "title": "words", "author_list": "names"}
Truth = dict[tuple[str, str], str]


def flights(folder: Path) -> tuple[pa.Table, Truth]:
    """Claims (object, item, source, value) and the truth by (object, item)."""
    dirty, clean = _read(folder / "flights" / "dirty.csv"), _read(folder / "flights" / "clean.csv")
    true = _long(clean, "src", "flight", TIMES).select(["object", "item", "value"]).to_pylist()
    return _long(dirty, "src", "flight", TIMES), {(row["object"], row["item"]): row["value"] for row in true}


def book(folder: Path) -> tuple[pa.Table, Truth]:
    """The same for books."""
    said = _read(folder / "book" / "book_input_holo.csv")
    true = _read(folder / "book" / "flaten_input_record.csv").to_pylist()
    truth = {(row["tid"], row["attribute"]): row["correct_val"] for row in true}
    return _long(said, "src", "isbn", ("title", "author_list")), truth


def score(claims: pa.Table, truth: Truth) -> dict[str, Any]:
    """The scores of both voters under both scorings."""
    raw = encode(_every_row(claims))
    meant = claims.set_column(3, "value", _spelled(claims["item"], claims["value"]))
    spelled = encode(meant)
    begun = time.monotonic()
    judged = learn(spelled)
    seconds = time.monotonic() - begun
    true = _spelled_truth(truth)
    every_row = encode(_every_row(meant))
    by_majority, by_court = _right(every_row, majority(every_row), true), _right(spelled, judged.best(), true)
    figures: dict[str, Any] = {
        "cells": len(truth),
        "claims": len(spelled.cell),
        "sources": len(spelled.sources),
        "majority_raw": round(sum(_right(raw, majority(raw), truth).values()) / len(truth), 4),
        "court_raw": round(_said(claims, judged, truth), 4),
        "majority": round(sum(by_majority.values()) / len(truth), 4),
        "court": round(sum(by_court.values()) / len(truth), 4),
        "items": {item: [_share(by_majority, item, truth), _share(by_court, item, truth)] for item in spelled.items},
        "copies": int(np.count_nonzero(np.triu(judged.copies) > 0.5)),
        "rounds": judged.rounds,
        "seconds": round(seconds, 2),
    }
    return figures


def _every_row(claims: pa.Table) -> pa.Table:
    """Majority vote counts rows, as others count it: a source that says a thing twice has two votes."""
    return claims.set_column(2, "source", pa.array(np.arange(claims.num_rows)))


def _read(path: Path) -> pa.Table:
    """A CSV of texts; an empty cell is an empty text. Values may hold quotes that open nothing."""
    names = path.open(encoding="utf-8").readline().rstrip("\n").split(",")
    convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    return csv.read_csv(path, convert_options=convert)


def _long(table: pa.Table, source: str, key: str, items: tuple[str, ...]) -> pa.Table:
    """One row per claim; an empty cell claims nothing."""
    parts = [
        pa.table({"object": table[key], "item": pa.repeat(item, table.num_rows), "source": table[source], "value": table[item]})
        for item in items
    ]  # fmt: skip
    long = pa.concat_tables(parts)
    return long.filter(pc.not_equal(long["value"], ""))


def _spelled(items: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Every value as its item's comparator sees it; null where that sees nothing."""
    rows = pa.table({"number": np.arange(len(values)), "item": items, "value": values})
    whens = [f"WHEN item = '{item}' THEN {spelling(name)}" for item, name in SPELLING.items()]
    with duckdb.connect() as engine:
        engine.register("claims", rows)
        return engine.sql(f"SELECT CASE {' '.join(whens)} END FROM claims ORDER BY number").to_arrow_table().column(0)


def spelling(name: str) -> str:
    """A comparator over the column `value`: its SQL without comments; the braces of its patterns are its own."""
    lines = [line for line in text(f"court/spelling/{name}").splitlines() if not line.startswith("--")]
    return "\n".join(lines).replace("{text}", "value")


def _spelled_truth(truth: Truth) -> Truth:
    items, values = pa.chunked_array([[key[1] for key in truth]]), pa.chunked_array([list(truth.values())])
    return dict(zip(truth, _spelled(items, values).to_pylist(), strict=True))


def _right(claims: Claims, chosen: Any, truth: Truth) -> dict[tuple[str, str], bool]:
    """Per cell, whether the chosen value is the true one."""
    items = [claims.items[at] for at in claims.item_of_cell]
    said = claims.values.take(pa.array(chosen)).to_pylist()
    cells = zip(claims.objects.to_pylist(), items, strict=True)
    return {cell: truth[cell] == value for cell, value in zip(cells, said, strict=True)}


def _share(right: dict[tuple[str, str], bool], item: str, truth: Truth) -> float:
    of = [cell for cell in truth if cell[1] == item]
    return round(sum(right.get(cell, False) for cell in of) / len(of), 3)


def _said(claims: pa.Table, judged: Judgement, truth: Truth) -> float:
    """The court's values in the spelling that most sources use for them, byte for byte against the truth."""
    spelled = _spelled(claims["item"], claims["value"])
    own = judged.claims
    names = [own.items[at] for at in own.item_of_cell]
    chosen = pa.table({"object": own.objects, "item": names, "meant": own.values.take(pa.array(judged.best()))})
    agreeing = claims.append_column("meant", spelled).append_column("row", pa.array(np.arange(claims.num_rows)))
    agreeing = agreeing.join(chosen, ["object", "item", "meant"], join_type="inner").sort_by("row")
    voted = encode(_every_row(agreeing.select(["object", "item", "source", "value"])))
    return sum(_right(voted, majority(voted), truth).values()) / len(truth)


SETS: dict[str, Callable[[Path], tuple[pa.Table, Truth]]] = {"flights": flights, "book": book}


def main() -> int:
    """Print the scores as JSON; exit 1 when a bar is missed or majority vote is no longer what others report."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    figures = {name: score(*load(folder)) for name, load in SETS.items()}
    met = all(figures[name]["court"] >= BARS[name] > figures[name]["majority_raw"] for name in SETS)
    print(json.dumps(figures | {"bars": BARS, "met": met}, indent=1))
    return int(not met)


if __name__ == "__main__":
    raise SystemExit(main())
