"""Record linkage without labels: FEBRL 3 (5 000 records, 2 000 persons, up to five spoiled copies each) through `shuyuan.identity.linkage`.

    python bench/linkage.py

Pairwise precision, recall and F1 of what the model would propose, with and without the number (soc_sec_id); the true links only score.
Exit 1 when F1 without the number is below the bar. Needs Splink (requirements-linkage.txt).
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from shuyuan.identity.linkage import Alone, Kind, Missing, Model, link

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "record_linkage" / "febrl" / "dataset3.csv"
BAR, AT_LEAST = 0.95, 0.5
COLUMNS: dict[str, Kind] = {
    "given_name": "name", "surname": "name", "street_number": "number", "address_1": "text", "address_2": "text", "suburb": "text",
    "postcode": "number", "state": "code", "date_of_birth": "number",
}  # fmt: skip
BLOCKS = (
    ("date_of_birth",), ("given_name", "surname"), ("surname", "postcode"), ("given_name", "postcode"), ("address_1",),
    ("suburb", "given_name"), ("suburb", "surname"), ("postcode", "street_number"), ("given_name", "street_number"),
    ("surname", "street_number"),
)  # fmt: skip
SURE = (("date_of_birth", "given_name"), ("date_of_birth", "surname"), ("given_name", "surname", "postcode"))
TRAIN = (("date_of_birth",), ("postcode",))
Pair = tuple[str, str]


def main() -> int:
    """Score both models and print JSON."""
    with TemporaryDirectory(prefix="linkage-") as name:
        os.environ["SHUYUAN_HOME"] = name  # what does not fit in memory is spilled beside a lake
        return measure()


def measure() -> int:
    """The figures of both models as JSON; 1 when the bar is missed."""
    records, truth = load()
    try:
        figures = {"records": records.num_rows, "true_pairs": len(truth), "bar": BAR}
        figures["without_number"] = score(records, truth, Model(COLUMNS, BLOCKS))
        numbered = Model(COLUMNS | {"soc_sec_id": "number"}, (*BLOCKS, ("soc_sec_id",)))
        figures["with_number"] = score(records, truth, numbered)
    except Missing as missing:
        print(json.dumps({"skipped": str(missing)}))
        return 0
    print(json.dumps(figures, indent=1))
    return int(figures["without_number"]["f1"] < BAR)


def load() -> tuple[pa.Table, set[Pair]]:
    """(records as text with null for nothing, the true pairs). Records of one person share the number inside `rec_id`."""
    with DATA.open(encoding="utf-8", newline="") as file:
        lines = [{k.strip(): v.strip() or None for k, v in line.items()} for line in csv.DictReader(file)]
    people: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        line["unique_id"] = line.pop("rec_id")
        people[str(line["unique_id"]).split("-")[1]].append(str(line["unique_id"]))
    return pa.Table.from_pylist(lines), {pair for copies in people.values() for pair in combinations(sorted(copies), 2)}


def score(records: pa.Table, truth: set[Pair], model: Model) -> dict[str, Any]:
    """Precision, recall and F1 of pairs with a probability of at least AT_LEAST."""
    begun = time.monotonic()
    found = link(records.select(["unique_id", *model.columns]), model, Alone(SURE, TRAIN), AT_LEAST)
    seconds = time.monotonic() - begun
    pairs = {tuple(sorted((row["left"], row["right"]))) for row in found.to_pylist()}
    right = len(pairs & truth)
    precision, recall = right / max(1, len(pairs)), right / len(truth)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(f1, 4),
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
