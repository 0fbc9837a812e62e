"""Record linkage by likelihood: Splink's Fellegi–Sunter model, which learns from the records how often the same entity is written differently.

Belongs here: how columns of a kind are compared, and learning. Does not belong here: what the records are (`likely.py`, `bench/linkage.py`).
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
Columns = tuple[str, ...]
SEED, PAIRS = 1, 1_000_000


class Missing(Exception):
    """Splink is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "links by likelihood need Splink: pip install -r requirements-linkage.txt; the rules work without it"
        )


@dataclass(frozen=True)
class Model:
    """What is compared and how. `columns`: name → kind; `blocks`: a pair must agree on all columns of one of them.

    `across`: blocks for pairs of which exactly one has `loose` true (a column of the records, then), so that a register is not
    compared with itself by what thousands share.
    """

    columns: Mapping[str, Kind]
    blocks: tuple[Columns, ...] = ()
    across: tuple[Columns, ...] = ()


@dataclass(frozen=True)
class Alone:
    """Learning without any label, by expectation maximisation. Agreement on one of `sure` is nearly always one and the same, and finds

    about `recall` of all links; `train`: two blocks for training pairs, so that every column is learned while it is not what they agree on.
    """

    sure: tuple[Columns, ...]
    train: tuple[Columns, ...]
    recall: float = 0.8


@dataclass(frozen=True)
class Taught:
    """Learning from records whose `label` says which are one entity (the rest of their columns are the model's).

    `chance`: how likely two records that are compared belong together before anything is known of them; probabilities start from it.
    """

    records: pa.Table
    chance: float


def link(records: pa.Table, model: Model, lesson: Alone | Taught, at_least: float) -> pa.Table:
    """(left, right, probability) of pairs of `records` with at least that probability. `records`: `unique_id` and the model's columns,
    text (kind `list`: lists of text); null says nothing. Deterministic for the same rows in the same order. Raises Missing.
    """
    splink = _splink()
    _be_quiet()
    with warnings.catch_warnings(), duck.connect() as connection:
        warnings.simplefilter("ignore")
        linker = _linker(splink, connection, "records", records, _settings(splink, model))
        if isinstance(lesson, Taught):
            learned = _taught(splink, connection, model, lesson)
            linker = _linker(splink, connection, "records", records, learned)
        else:
            _alone(splink, linker, lesson)
        return _pairs(connection, linker, at_least)


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


def _settings(splink: Any, model: Model) -> Any:
    rules = [splink.block_on(*block) for block in model.blocks]
    return splink.SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_comparison(name, kind) for name, kind in model.columns.items()],
        blocking_rules_to_generate_predictions=rules + [_across(block) for block in model.across],
        retain_matching_columns=False,
        additional_columns_to_retain=["loose"] if model.across else [],
    )


def _across(block: Columns) -> str:
    return " AND ".join([*(f'l."{column}" = r."{column}"' for column in block), "l.loose <> r.loose"])


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


def _linker(splink: Any, connection: duck.Duck, name: str, records: pa.Table, settings: Any) -> Any:
    connection.register(name, records)
    return splink.Linker(splink.DuckDBAPI(connection).register(name), settings)


def _alone(splink: Any, linker: Any, lesson: Alone) -> None:
    training = linker.training
    sure = [splink.block_on(*columns) for columns in lesson.sure]
    training.estimate_probability_two_random_records_match(sure, recall=lesson.recall)
    training.estimate_u_using_random_sampling(max_pairs=PAIRS, seed=SEED)
    for columns in lesson.train:
        training.estimate_parameters_using_expectation_maximisation(splink.block_on(*columns))


def _taught(splink: Any, connection: duck.Duck, model: Model, lesson: Taught) -> dict[str, Any]:
    teacher = _linker(splink, connection, "lesson", lesson.records, _settings(splink, model))
    teacher.training.estimate_u_using_random_sampling(max_pairs=PAIRS, seed=SEED)
    teacher.training.estimate_m_from_label_column("label")
    learned: dict[str, Any] = teacher.misc.save_model_to_json()
    return learned | {"probability_two_random_records_match": lesson.chance}


def _pairs(connection: duck.Duck, linker: Any, at_least: float) -> pa.Table:
    found = linker.inference.predict(threshold_match_probability=at_least)
    query = "SELECT unique_id_l AS left, unique_id_r AS right, match_probability AS probability FROM {} ORDER BY ALL"
    return duck.table(connection, query.format(found.physical_name))
