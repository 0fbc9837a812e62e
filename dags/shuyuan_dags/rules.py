"""How every task of the project behaves: retries, timeouts, precedence, and which errors a retry cannot help.

Belongs here: Airflow's side of a step. Does not belong here: the step itself (`shuyuan.flow`, imported inside tasks only,
as parsing happens every few seconds and importing the engines costs seconds).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from pkgutil import resolve_name
from typing import Any

from airflow.sdk import Asset, get_parsing_context
from airflow.sdk.exceptions import AirflowFailException

from shuyuan import settings
from shuyuan.catalog import Catalog, load_catalog

# Where slots are few, deliveries come first: a library then finds all of them at once instead of one after the other.
FEED, LIBRARY, UPKEEP = 30, 20, 10

_log = logging.getLogger(__name__)


def catalog() -> Catalog:
    """The catalog in force, from YAML. Raises CatalogError, which the console of Airflow shows with file and line."""
    return load_catalog(settings.load().catalog)


def defaults(owner: str, precedence: int) -> dict[str, Any]:
    """`default_args` of a DAG: three retries with growing pauses, and a rank among the tasks that wait for a slot."""
    return {
        "owner": owner,
        "retries": 3,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(hours=6),
        "priority_weight": precedence,
        "weight_rule": "absolute",
    }


def workers() -> int:
    """Tasks among which a library's buckets are shared out; Spark shares them out itself."""
    options = settings.load()
    return options.workers if options.engine == "duckdb" else 1


def wanted(dag_id: str) -> bool:
    """Whether this parse needs the DAG: a worker that runs one task builds only that task's DAG."""
    return get_parsing_context().dag_id in (None, dag_id)


@cache
def source_asset(resource_id: str) -> Asset:
    """What `admit` of a feed announces and its libraries listen to."""
    return Asset(name=resource_id, uri=f"shuyuan://source/{resource_id.replace('.', '/')}", group="source")


@cache
def library_asset(library_id: str) -> Asset:
    """What `publish` of a library announces, for whoever builds on it."""
    return Asset(name=library_id, uri=f"shuyuan://library/{library_id}", group="library")


def attempt(step: str, *arguments: object) -> Any:
    """Run a step, named (`shuyuan.flow:receive`) because importing it here would load the engines at every parse.

    What is refused, unproven, unknown or out of turn is recorded already and fails the task for good: no retry can help.
    Any other error is left to the retries.
    """
    from shuyuan.flow.step import OutOfOrder, Rejected, Unproven  # noqa: PLC0415  # parsing must stay light

    try:
        return resolve_name(step)(*arguments)
    except (Rejected, Unproven, OutOfOrder, LookupError) as verdict:
        _log.error("%s", verdict)
        raise AirflowFailException(str(verdict)) from verdict


def starts(arrivals: Iterable[tuple[str, date, str]]) -> list[dict[str, Any]]:
    """For each (resource, business date, what came) the run of its feed to start; the same arrival is the same run."""
    return [
        {
            "trigger_dag_id": f"feed__{resource.replace('.', '__')}",
            "trigger_run_id": f"arrival__{day}__{what}",
            "conf": {"business_date": day.isoformat()},
        }
        for resource, day, what in arrivals
    ]


def announcement(day: date, **ids: object) -> dict[str, Any]:
    """What an asset event carries besides its asset."""
    return {"business_date": day.isoformat(), **ids}
