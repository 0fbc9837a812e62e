"""One DAG per resource of the catalog: receive → read → check → admit. Adding a feed is adding one YAML file.

Admitting announces the resource's asset, which starts the libraries it feeds (docs/decisions/0020).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import PokeReturnValue, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from shuyuan_dags import connections, rules, when, words

from shuyuan.catalog import Resource


def feed(resource: Resource) -> None:
    """Declare the DAG of one resource."""
    catalog = rules.catalog()
    department = catalog.departments[resource.department]
    libraries = catalog.libraries_of(resource.id)
    asset = rules.source_asset(resource.id)
    patience = when.patience(resource.update_cycle)

    @dag(
        dag_id=f"feed__{resource.table}",
        dag_display_name=f"{department.title} · {resource.title}",
        description=f"{department.title_en}: {resource.title_en}",
        doc_md=words.feed(resource, department, libraries),
        schedule=when.timetable(resource.update_cycle),
        params=when.date_param(),
        max_active_runs=32,  # runs that wait for a late delivery hold up neither newer dates nor a run by hand
        catchup=False,
        default_args=rules.defaults(department.title, rules.FEED),
        tags=["feed", department.id, resource.update_cycle, *(f"→ {library.id}" for library in libraries)],
    )
    def line() -> None:
        @task.sensor(
            mode="reschedule",
            poke_interval=timedelta(minutes=10),
            exponential_backoff=True,
            max_wait=timedelta(hours=2),
            timeout=patience + timedelta(days=1),
        )
        def receive(*, params: Any = None, dag_run: Any = None) -> PokeReturnValue:
            """Fetch or find the delivery; wait for it without a worker slot. Nothing came, or another run took it: the run is skipped."""
            day, last_look = when.business_date(params, dag_run), when.gives_up(dag_run, patience)
            if resource.delivery.connector:
                connections.collect(resource.id, day, waits=not last_look)
            batch_id = rules.attempt("shuyuan.flow:receive", resource.id, day)
            if batch_id is None and (last_look or rules.attempt("shuyuan.flow.delivery:is_taken", resource.id, day)):
                raise AirflowSkipException(f"no new delivery of {resource.id} for {day}")
            return PokeReturnValue(is_done=batch_id is not None, xcom_value=batch_id)

        @task
        def read(batch_id: int) -> int:
            """Bytes → typed rows, every physical row accounted for."""
            return int(rules.attempt("shuyuan.flow:read", batch_id))

        @task
        def check(batch_id: int) -> int:
            """Great Expectations judges the batch: reject it, quarantine rows, or note."""
            return int(rules.attempt("shuyuan.flow:check", batch_id))

        @task(outlets=[asset])
        def admit(batch_id: int, *, params: Any = None, dag_run: Any = None, outlet_events: Any = None) -> int:
            """Snapshot and warehouse, in one transaction; then tell the libraries."""
            admitted = int(rules.attempt("shuyuan.flow:admit", batch_id))
            outlet_events[asset].extra = rules.announcement(when.business_date(params, dag_run), batch_id=admitted)
            return admitted

        admit(check(read(receive())))

    line()


for declared in rules.catalog().resources.values():
    if rules.wanted(f"feed__{declared.table}"):
        feed(declared)
