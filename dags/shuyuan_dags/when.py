"""WHEN: from an update cycle to a timetable, and from a DAG run to its business date.

Belongs here: clocks of Airflow. Does not belong here: when a feed counts as late (cycle, grace and working days, one view in the warehouse).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import CronTriggerTimetable, Param

ZONE = "Asia/Shanghai"  # a business date is a day in Beijing
_AT_ONCE = timedelta(0)  # an unpaused DAG waits for its next tick; it does not make up for the one it has missed

# Departments deliver at the end of the working day that the delivery speaks about.
_CRON = {
    "realtime": "*/15 * * * *",
    "daily": "0 18 * * 1-5",
    "weekly": "0 18 * * 5",
    "monthly": "0 18 L * *",
    "quarterly": "0 18 L 3,6,9,12 *",
    "semiannual": "0 18 L 6,12 *",
    "annual": "0 18 31 12 *",
    "irregular": "0 18 * * 1-5",
}
# How long a scheduled run waits for its delivery. A late one is still taken by itself; after that a person starts the run.
_PATIENCE = {
    "realtime": timedelta(hours=1),
    "daily": timedelta(days=10),
    "weekly": timedelta(days=14),
    "monthly": timedelta(days=40),
    "quarterly": timedelta(days=60),
    "semiannual": timedelta(days=60),
    "annual": timedelta(days=60),
    "irregular": timedelta(hours=1),
}


def cron(expression: str) -> CronTriggerTimetable:
    """A cron expression read in Beijing time."""
    return CronTriggerTimetable(expression, timezone=ZONE, run_immediately=_AT_ONCE)


def timetable(cycle: str) -> CronTriggerTimetable:
    """When a feed of this update cycle runs. Raises KeyError for a cycle that the catalog's models do not know."""
    return cron(_CRON[cycle])


def patience(cycle: str) -> timedelta:
    """How long a scheduled run waits for its delivery before it gives up (the run is skipped, the lateness is recorded by upkeep)."""
    return _PATIENCE[cycle]


def date_param() -> dict[str, Param]:
    """The one parameter of a manual run: the business date; left empty, the day of the run."""
    words = "业务日期（补跑时填写）· business date, for a run by hand; empty: the day of the run"
    return {"business_date": Param(None, type=["null", "string"], format="date", description=words)}


def given_date(params: Mapping[str, Any]) -> date | None:
    """The business date that a person gave, as `{"business_date": "2026-11-19"}`. Raises ValueError when it is no date."""
    value = params.get("business_date")
    return date.fromisoformat(value) if value else None


def business_date(params: Mapping[str, Any], dag_run: Any) -> date:
    """The day a run is about: the one given by hand, else the day (in Beijing) for which Airflow made the run."""
    moment: datetime = dag_run.logical_date or dag_run.run_after
    return given_date(params) or moment.astimezone(ZoneInfo(ZONE)).date()


def gives_up(dag_run: Any, limit: timedelta) -> bool:
    """Whether a run whose delivery is not there should stop waiting: at once when a person started it, else after `limit`."""
    by_timetable = dag_run.run_type == "scheduled"  # a string enumeration: compare, do not print
    return not by_timetable or datetime.now(ZoneInfo(ZONE)) > dag_run.run_after + limit
