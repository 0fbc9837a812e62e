"""Record linkage by likelihood: Splink's Fellegi–Sunter model, trained without labels on the records themselves.

Belongs here: how columns of a kind are compared, and training. Does not belong here: what the records are (`likely.py`, `bench/linkage.py`).
Splink is an extra (requirements-linkage.txt); nothing else of the project needs it.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import pyarrow as pa

from shuyuan.lake import duck

Kind = Literal["name", "text", "number", "code", "list"]
SEED, PAIRS = 1, 1_000_000


class Missing(Exception):
    """Splink is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "links by likelihood need Splink: pip install -r requirements-linkage.txt; the rules work without it"
        )


@dataclass(frozen=True)
class Model:
    """What is compared and how. `columns`: name → kind; `blocks`: pairs must agree on all columns of one of them;

    `sure`: agreement on one of them is nearly always one and the same, finding about `recall` of all links; `train`: two columns (or
    tuples of them) by which training pairs are found, so that every column is learned at least once while it is not the one they agree on.
    """

    columns: Mapping[str, Kind]
    blocks: tuple[tuple[str, ...], ...]
    sure: tuple[tuple[str, ...], ...]
    train: tuple[tuple[str, ...], ...]
    recall: float = 0.8


def link(records: pa.Table, model: Model, at_least: float) -> pa.Table:
    """(left, right, probability) of pairs of `records` with at least that probability. `records`: `unique_id` and the model's columns,
    text (kind `list`: lists of text); null says nothing. Deterministic for the same rows in the same order.
    """
    splink = _splink()
    _be_quiet()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _predicted(splink, records, model, at_least)


def _be_quiet() -> None:
    """Splink tells its training on stderr unless its logger has a handler."""
    logger = logging.getLogger("splink")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
        logger.propagate = False


def _splink() -> Any:
    try:
        return import_module("splink")  # by name: it is an extra, and mypy runs without it
    except ImportError:
        raise Missing from None


def _predicted(splink: Any, records: pa.Table, model: Model, at_least: float) -> pa.Table:
    with duck.connect() as connection:
        connection.register("records", records)
        settings = splink.SettingsCreator(
            link_type="dedupe_only",
            comparisons=[_comparison(name, kind) for name, kind in model.columns.items()],
            blocking_rules_to_generate_predictions=[splink.block_on(*block) for block in model.blocks],
            retain_matching_columns=False,
        )
        linker = splink.Linker(splink.DuckDBAPI(connection).register("records"), settings)
        _train(splink, linker, model)
        found = linker.inference.predict(threshold_match_probability=at_least)
        query = (
            "SELECT unique_id_l AS left, unique_id_r AS right, match_probability AS probability FROM {} ORDER BY ALL"
        )
        return duck.table(connection, query.format(found.physical_name))


def _train(splink: Any, linker: Any, model: Model) -> None:
    training = linker.training
    sure = [splink.block_on(*columns) for columns in model.sure]
    training.estimate_probability_two_random_records_match(sure, recall=model.recall)
    training.estimate_u_using_random_sampling(max_pairs=PAIRS, seed=SEED)
    for columns in model.train:
        training.estimate_parameters_using_expectation_maximisation(splink.block_on(*columns))


def _comparison(name: str, kind: Kind) -> Any:
    """Names and texts by Jaro-Winkler, rare ones weighing more; numbers by typing errors; codes exactly; lists by what they share."""
    made = import_module("splink.comparison_library")
    if kind == "code":
        return made.ExactMatch(name)
    if kind == "list":
        return made.ArrayIntersectAtSizes(name, [2, 1])
    if kind == "number":
        return made.DamerauLevenshteinAtThresholds(name, [1, 2])
    return made.JaroWinklerAtThresholds(name, [0.9, 0.75]).configure(term_frequency_adjustments=True)
