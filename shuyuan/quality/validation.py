"""Great Expectations at work: rules become expectations, assets are judged in an ephemeral context, results come back in the suite's order."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.core.batch import Batch
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent.interfaces import GxDatasourceWarning
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.expectations.row_conditions import Column

import expectations
from shuyuan.db import engine
from shuyuan.db.engine import Engine
from shuyuan.quality import words
from shuyuan.quality.suites import Rule
from shuyuan.quality.verdict import JudgeError

# Counts only. Cell values stay in the quarantine, where access is controlled and recorded.
COUNTS = {"result_format": "BASIC", "exclude_unexpected_values": True, "partial_unexpected_count": 0}
_NUMBER = "rule"


@dataclass(frozen=True)
class Outcome:
    """What Great Expectations found for one rule."""

    rule: Rule
    result: ExpectationValidationResult

    @property
    def success(self) -> bool:
        return bool(self.result.success)

    @property
    def offending(self) -> int:
        """Offending rows, or places found by a query of ours, as far as the expectation counts them."""
        found = self.result.result
        query = issubclass(get_expectation_impl(self.rule.type), expectations.RowsOfQuery)
        return int(found.get("unexpected_count") or (found.get("observed_value") if query else 0) or 0)

    @property
    def conformity(self) -> float:
        """Share of conforming rows, 0–1; of an expectation that counts no rows: met or not."""
        percent = self.result.result.get("unexpected_percent")
        return float(self.success) if percent is None else 1 - min(float(percent), 100.0) / 100


def asset_of(rule: Rule, default: str) -> str:
    """What a rule judges: `evidence`, `delta`, `library`, `one_source`, `crosscheck` or `freshness`; ordinary expectations judge `default`."""
    kind = get_expectation_impl(rule.type)
    if kind is expectations.ExpectNoRowsFromQuery:
        return default
    return str(getattr(kind, "asset", default))


class Bench:
    """One judgement: a context of its own, without telemetry, progress bars or anything on disk."""

    def __init__(self) -> None:
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._engines: list[Engine] = []

    def close(self) -> None:
        """Hang up: nothing may keep the staging table from being dropped."""
        for held in self._engines:
            held.dispose()

    def evidence(self, frame: pd.DataFrame) -> Batch:
        """The evidence of a batch, in memory."""
        asset = self._context.data_sources.add_pandas("evidence").add_dataframe_asset("evidence")
        return asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})

    def table(self, schema: str, name: str) -> Batch:
        """A table or view of the warehouse, read as the loader."""
        with (
            warnings.catch_warnings()
        ):  # the special PostgreSQL source refuses a URL without a host, and a socket has none
            warnings.simplefilter("ignore", GxDatasourceWarning)
            source = self._context.data_sources.add_sql(
                f"{schema}.{name}",
                connection_string=_address(),
                create_temp_table=False,
                kwargs={"connect_args": {"options": f"-c search_path={schema}"}},
            )
        self._engines.append(source.get_engine())
        asset = source.add_table_asset(name, table_name=name)
        return asset.add_batch_definition_whole_table("all").get_batch()

    def judge(
        self, batch: Batch, rules: Sequence[Rule], queries: Mapping[int, str], name: str, *, delta: bool = False
    ) -> list[Outcome]:
        """Judge one asset. `queries` holds the composed SQL of those rules that have one, by position.

        `delta`: the asset is a staged delta, whose deletions carry no values to judge and are left out.

        Raises:
            JudgeError: an expectation could not be evaluated, such as over a column that does not exist.
        """
        made = [expectation(rule, i, queries.get(i), delta=delta) for i, rule in enumerate(rules)]
        suite = gx.ExpectationSuite(name, expectations=made)
        results = batch.validate(suite, result_format=COUNTS).results
        ordered = sorted(results, key=lambda result: int(result.expectation_config.meta[_NUMBER]))
        outcomes = [Outcome(rule, result) for rule, result in zip(rules, ordered, strict=True)]
        for outcome in outcomes:
            _refuse_error(outcome)
        return outcomes


def expectation(rule: Rule, number: int, query: str | None, *, delta: bool = False) -> Expectation:
    """The rule as Great Expectations' object. Raises JudgeError naming file and line when it refuses the arguments."""
    kwargs = dict(rule.kwargs)
    if query is not None:
        kwargs["unexpected_rows_query"] = query
    try:
        kind = get_expectation_impl(rule.type)
        if delta and "row_condition" in kind.__fields__:
            kwargs["row_condition"] = Column("_op") != "D"
        meta = {_NUMBER: number, "dimension": rule.dimension, "note": rule.note, "where": rule.where}
        made = ExpectationConfiguration(
            type=rule.type, kwargs=kwargs, meta=meta, severity=rule.severity, description=words.headline(rule)
        )
        return made.to_domain_obj()
    except Exception as error:  # pydantic v1, registry and value errors share no base
        raise JudgeError(f"{rule.where}: `{rule.type}` cannot be built: {error}") from error


def merged(name: str, outcomes: Sequence[Outcome], meta: Mapping[str, Any]) -> ExpectationSuiteValidationResult:
    """One Great Expectations document over all assets of a judgement."""
    met = sum(outcome.success for outcome in outcomes)
    statistics = {
        "evaluated_expectations": len(outcomes),
        "successful_expectations": met,
        "unsuccessful_expectations": len(outcomes) - met,
        "success_percent": 100.0 * met / len(outcomes) if outcomes else None,
    }
    return ExpectationSuiteValidationResult(
        success=met == len(outcomes),
        results=[outcome.result for outcome in outcomes],
        suite_name=name,
        statistics=statistics,
        meta={"great_expectations_version": gx.__version__, **meta},
    )


def _refuse_error(outcome: Outcome) -> None:
    info = outcome.result.exception_info or {}
    errors = [info] if "raised_exception" in info else list(info.values())
    raised = [e for e in errors if isinstance(e, dict) and e.get("raised_exception")]
    if raised:
        rule, why = outcome.rule, raised[0].get("exception_message")
        raise JudgeError(f"{rule.where}: `{rule.type}` on `{rule.target}` could not be evaluated: {why}")


def _address() -> str:
    """The loader's URL; `$` would be read by Great Expectations as a variable to fill in."""
    return engine.url("shuyuan_loader").replace("$", "\\$")
