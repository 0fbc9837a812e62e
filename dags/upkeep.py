"""Upkeep: the freshness sweep, the harvest of direct SQL, orphan files, retention. One DAG each, as each has its own rhythm."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import dag, task
from shuyuan_dags import rules, when

_log = logging.getLogger(__name__)
_OWNER = "平台运维"


@dataclass(frozen=True)
class Job:
    """One duty: the function of `shuyuan.flow.upkeep`, the verb of the command line, whether it wants to know the day, and what its page says."""

    name: str
    function: str
    verb: str
    dated: bool
    cron: str
    title: str
    words: str


JOBS = (
    Job(
        "freshness", "sweep_freshness", "sweep", True, "0 9,19 * * *", "时效巡检",
        "更新周期 + 宽限 + 工作日历，逾期未报记入 `ledger.breach`；迟报不阻塞其他部门。\n\n"
        "Cycle + grace + working-day calendar: a delivery that is late becomes a recorded breach and blocks nobody.",
    ),
    Job(
        "queries", "harvest_queries", "harvest", False, "*/10 * * * *", "直连查询采集",
        "把分析员直连 `psql` 的语句从服务器日志收进 `ledger.access`。\n\n"
        "Direct SQL of analysts goes from the server's json log into the same audit table as every other read.",
    ),
    Job(
        "orphans", "remove_orphans", "orphans", False, "0 3 * * *", "孤儿文件清理",
        "崩溃留下、无账可依的湖文件在此删除。\n\nFiles of the lake that no ledger row points to (left by a crash) are removed.",
    ),
    Job(
        "retention", "apply_retention", "retention", True, "30 3 * * *", "留存期执行",
        "按政策文件的留存期清理，期限见 `catalog/policies`。\n\nWhat the policy's retention (by article) no longer allows to keep is removed.",
    ),
)  # fmt: skip

_RED = """

#### 变红怎么办 · When it is red

看任务日志；修复后清除该任务即可重跑，可重复执行。 Read the task's log, repair, clear the task: it may be repeated.

#### 手工执行 · By hand

`shuyuan {verb}`
"""


def duty(job: Job) -> None:
    """Declare the DAG of one duty."""

    @dag(
        dag_id=f"upkeep__{job.name}",
        dag_display_name=f"运维 · {job.title}",
        description=job.function,
        doc_md=f"### {job.title}\n\n{job.words}{_RED.format(verb=job.verb)}",
        schedule=when.cron(job.cron),
        params=when.date_param(),
        max_active_runs=1,
        catchup=False,
        default_args=rules.defaults(_OWNER, rules.UPKEEP),
        tags=["upkeep"],
    )
    def line() -> None:
        @task(task_id=job.function)
        def work(*, params: Any = None, dag_run: Any = None) -> None:
            """Do the duty; what was done goes to the log and the ledger."""
            arguments = (when.business_date(params, dag_run),) if job.dated else ()
            _log.info("%s: %s", job.function, rules.attempt(f"shuyuan.flow.upkeep:{job.function}", *arguments))

        work()

    line()


for entry in JOBS:
    if rules.wanted(f"upkeep__{entry.name}"):
        duty(entry)


def stragglers() -> None:
    """Declare the DAG that starts a feed again for what came after its day's delivery was taken."""

    @dag(
        dag_id="upkeep__stragglers",
        dag_display_name="运维 · 补报补收",
        description="stragglers",
        doc_md="### 补报补收\n\n当日已收之后才到的更正件、补报件，由此再次启动该资源的 DAG。\n\n"
        "A correction or a second file for a day that was taken already starts its feed again."
        + _RED.format(verb="stragglers"),
        schedule=when.cron("*/15 * * * *"),
        params=when.date_param(),
        max_active_runs=1,
        catchup=False,
        default_args=rules.defaults(_OWNER, rules.UPKEEP),
        tags=["upkeep"],
    )
    def line() -> None:
        @task
        def find(*, params: Any = None, dag_run: Any = None) -> list[dict[str, Any]]:
            """Which feeds have something waiting, and for which day."""
            found = rules.attempt("shuyuan.flow.stragglers:stragglers", when.business_date(params, dag_run))
            return [
                {"trigger_dag_id": f"feed__{resource.replace('.', '__')}", "conf": {"business_date": day.isoformat()}}
                for resource, day in found
            ]

        TriggerDagRunOperator.partial(task_id="start", reset_dag_run=False).expand_kwargs(find())

    line()


if rules.wanted("upkeep__stragglers"):
    stragglers()
