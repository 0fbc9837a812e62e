"""One DAG per library of the catalog: resolve → publish, started by whichever member resource was admitted.

With SHUYUAN_WORKERS above 1 the buckets are shared out: begin → parts → resolve_part (mapped) → end → publish.

Any member is enough: a late department never blocks the others. While a run is under way Airflow keeps further
announcements and gives them to the next run together (docs/decisions/0020).
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import AssetAny, dag, task
from shuyuan_dags import rules, when, words

from shuyuan.catalog import Library


def library(declared: Library) -> None:
    """Declare the DAG of one library."""
    lead = rules.catalog().departments[declared.lead]
    members = [rules.source_asset(member.resource) for member in declared.members]
    published = rules.library_asset(declared.id)

    @dag(
        dag_id=f"library__{declared.id}",
        dag_display_name=declared.title,
        description=declared.title_en,
        doc_md=words.library(declared, lead),
        schedule=AssetAny(*members),
        params=when.date_param(),
        max_active_runs=1,  # one run at a time, and the announcements of many feeds become one run
        catchup=False,
        default_args=rules.defaults(lead.title, rules.LIBRARY),
        tags=["library", declared.kind, declared.lead],
    )
    def line() -> None:
        @task
        def resolve(*, params: Any = None, dag_run: Any = None) -> int:
            """One number one source, and every declared cross-check, from what is admitted by now; → run id."""
            return int(rules.attempt("shuyuan.flow:resolve", declared.id, when.business_date(params, dag_run)))

        @task
        def begin(*, params: Any = None, dag_run: Any = None) -> int:
            """Open a run whose buckets several workers resolve; → run id."""
            return int(rules.attempt("shuyuan.flow:begin", declared.id, when.business_date(params, dag_run)))

        @task
        def parts(run: int) -> list[list[int]]:
            """The run's buckets, shared out among the workers."""
            return list(rules.attempt("shuyuan.flow:parts", run, rules.workers()))

        @task
        def resolve_part(run: int, buckets: list[int]) -> None:
            """Some buckets: independent of all others, so on any worker."""
            rules.attempt("shuyuan.flow:resolve_part", run, buckets)

        @task(trigger_rule="none_failed")
        def end(run: int) -> int:
            """The parts put together; → run id."""
            return int(rules.attempt("shuyuan.flow:end", run))

        def shared() -> Any:
            """Resolve by mapped tasks over bucket ranges."""
            run = begin()
            ended = end(run)
            resolve_part.partial(run=run).expand(buckets=parts(run)) >> ended
            return ended

        @task(outlets=[published])
        def publish(run: int, *, outlet_events: Any = None) -> int:
            """Delta → current rows, history, discrepancies and audit in one transaction; then the published library is judged."""
            done = int(rules.attempt("shuyuan.flow:publish", run))
            outlet_events[published].extra = {"run_id": done}
            return done

        publish(shared() if rules.workers() > 1 else resolve())

    line()


for entry in rules.catalog().libraries.values():
    if rules.wanted(f"library__{entry.id}"):
        library(entry)
