"""What lies in the inbox is taken when it comes, not when the clock says: the inbox is an asset with a watcher, this DAG listens to it.

The feeds' own clocks stay: they wait for a delivery, fetch it where a connector says so, and do without a triggerer.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Asset, AssetWatcher, dag, task
from shuyuan_dags import rules, when
from shuyuan_inbox import InboxTrigger

INBOX = Asset(
    name="inbox", uri="shuyuan://inbox", group="inbox", watchers=[AssetWatcher(name="inbox", trigger=InboxTrigger())]
)

_PAGE = """\
### 到件即收 · Taken when it comes

收件目录一有变化，即启动到件资源的 DAG；不必等到排定的钟点。需要运行 `airflow triggerer`。
Whatever comes into the inbox starts its feed at once. Needs a running `airflow triggerer`; without one the clocks do.

#### 变红怎么办 · When it is red

看任务日志；修复后清除该任务即可重跑，可重复执行。 Read the task's log, repair, clear the task: it may be repeated.

#### 手工执行 · By hand

`shuyuan receive RESOURCE DATE`
"""


def announce() -> None:
    """Declare the DAG that starts a feed for every delivery that nobody has taken yet."""

    @dag(
        dag_id="announce",
        dag_display_name="到件即收",
        description="Starts a feed when its delivery comes into the inbox",
        doc_md=_PAGE,
        schedule=[INBOX],
        params=when.date_param(),
        max_active_runs=1,  # changes that come while it looks are looked at together by the next run
        catchup=False,
        default_args=rules.defaults("平台运维", rules.FEED),
        tags=["feed"],
    )
    def line() -> None:
        @task
        def find(*, params: Any = None, dag_run: Any = None) -> list[dict[str, Any]]:
            """Which feeds have something waiting, and for which day."""
            return rules.starts(rules.attempt("shuyuan.flow.stragglers:arrivals", when.business_date(params, dag_run)))

        TriggerDagRunOperator.partial(task_id="start", skip_when_already_exists=True).expand_kwargs(find())

    line()


if rules.wanted("announce"):
    announce()
