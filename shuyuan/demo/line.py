"""One business day through Airflow's scheduler: start every feed, wait for them and for the libraries they start, say what failed.

Belongs here: starting, waiting, telling a refused delivery from a fault. Does not belong here: requests (`scheduler`), drawing (`show`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from shuyuan.catalog import Catalog
from shuyuan.db.engine import transaction
from shuyuan.db.sql import statement
from shuyuan.demo import daemons
from shuyuan.demo.daemons import AirflowError
from shuyuan.demo.scheduler import ENDED, DagRun, Scheduler, TaskState

PULSE = 1.0  # seconds between two looks
STANDSTILL = 900.0  # seconds without any change after which something is wrong
UPKEEP = ("upkeep__freshness", "upkeep__queries", "upkeep__orphans", "upkeep__retention", "upkeep__stragglers")


@dataclass(frozen=True)
class Failure:
    """A task that failed, where its log is, and whether the ledger says that the delivery itself was refused."""

    dag_id: str
    task_id: str
    log: Path
    refused: str | None = None


@dataclass(frozen=True)
class Progress:
    """What a look finds: the runs that are waited for, announcements still to be heard, tasks that failed and will be tried again."""

    runs: tuple[DagRun, ...]
    waiting: int
    retrying: tuple[Failure, ...] = ()

    @property
    def over(self) -> bool:
        return not self.waiting and all(run.state in ENDED for run in self.runs)

    def states(self, kind: str) -> dict[str, int]:
        """How many runs of `feed`, `library` or `upkeep` DAGs are in which state."""
        found: dict[str, int] = {}
        for run in self.runs:
            if run.dag_id.startswith(f"{kind}__"):
                found[run.state] = found.get(run.state, 0) + 1
        return found


@dataclass
class Line:
    """The scheduler of one deployment and the DAGs that its catalog asks for."""

    scheduler: Scheduler
    catalog: Catalog
    home: Path
    watch: Callable[[Progress], None]
    failures: list[Failure] = field(default_factory=list)

    @property
    def feeds(self) -> list[str]:
        return [f"feed__{resource.table}" for resource in self.catalog.resources.values()]

    @property
    def libraries(self) -> list[str]:
        return [f"library__{library}" for library in self.catalog.libraries]

    def open(self, patience: float = 180) -> None:
        """Wait until Airflow is well and knows every DAG, then set them free, libraries first: they must hear the feeds."""
        self._until(patience, self._well, "Airflow did not become healthy")
        self._until(patience, self._found_every_dag, "Airflow did not find every DAG")
        paused = self.scheduler.dags()
        for dag_id in (*self.libraries, *self.feeds, *UPKEEP):
            if paused[dag_id]:
                self.scheduler.unpause(dag_id)

    def day(self, day: date) -> None:
        """Run every feed for a business date and wait for the libraries. What is done already is not done again."""
        run_id = f"demo__{day.isoformat()}"
        for run in self._latest(self.libraries):
            if run.state == "failed":
                self.scheduler.retry(run.dag_id, run.run_id)
        self._start(self.feeds, run_id, day)
        self._wait(lambda: self._seen(self.feeds, run_id), self.libraries)
        self._note_failures([*self._seen(self.feeds, run_id), *self._latest(self.libraries)], day)

    def upkeep(self, today: date) -> None:
        """Run the upkeep DAGs as of `today`, once."""
        run_id = f"demo__{today.isoformat()}"
        self._start(UPKEEP, run_id, today)
        self._wait(lambda: self._seen(UPKEEP, run_id), ())
        self._note_failures(self._seen(UPKEEP, run_id), today)

    def _well(self) -> bool:
        health = self.scheduler.health()
        return all(health.get(part) == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))

    def _found_every_dag(self) -> bool:
        """An error of a DAG file may be from before it was mended; the files are read again every few seconds."""
        wanted = {*self.libraries, *self.feeds, *UPKEEP}
        return wanted <= self.scheduler.dags().keys() and not self.scheduler.import_errors()

    def _until(self, patience: float, ready: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + patience
        while not ready():
            daemons.refuse_dead(self.home)
            if time.monotonic() > deadline:
                errors = "\n".join(self.scheduler.import_errors() if self.scheduler.health() else [])
                raise AirflowError(f"{complaint} in {patience:.0f} s; logs: {self.home / 'log' / 'airflow'}\n{errors}")
            time.sleep(PULSE / 2)

    def _start(self, dag_ids: Iterable[str], run_id: str, day: date) -> None:
        """Start each DAG's run; one that exists and has failed for a fault gets its failed tasks run again."""
        known = {run.dag_id: run for run in self._seen(dag_ids, run_id)}
        refused = _refused(day)
        for dag_id in dag_ids:
            if dag_id not in known:
                self.scheduler.trigger(dag_id, run_id, {"business_date": day.isoformat()})
            elif known[dag_id].state == "failed" and dag_id.removeprefix("feed__") not in refused:
                self.scheduler.retry(dag_id, run_id)

    def _seen(self, dag_ids: Iterable[str], run_id: str) -> list[DagRun]:
        return [run for run in self.scheduler.runs(dag_ids) if run.run_id == run_id]

    def _latest(self, dag_ids: Iterable[str]) -> list[DagRun]:
        return list({run.dag_id: run for run in self.scheduler.runs(dag_ids)}.values())

    def _wait(self, own: Callable[[], list[DagRun]], followers: Iterable[str]) -> None:
        """Wait until our runs have ended and nothing they started is left; two looks, as a run may start between them."""
        quiet, changed, before = 0, time.monotonic(), None
        while quiet < 2:
            now = self._look(own(), list(followers))
            self.watch(now)
            quiet = quiet + 1 if now.over else 0
            if now != before:
                changed, before = time.monotonic(), now
            self._refuse_standstill(now, time.monotonic() - changed)
            time.sleep(PULSE)

    def _look(self, own: list[DagRun], followers: list[str]) -> Progress:
        started = self.scheduler.runs(followers) if followers else []
        announced = sum(self.scheduler.announced(dag_id) for dag_id in followers) if _all_over(own) else 1
        retrying = tuple(self._failure(task) for task in self.scheduler.retrying())
        return Progress((*own, *started), announced if followers else 0, retrying)

    def _refuse_standstill(self, now: Progress, seconds: float) -> None:
        daemons.refuse_dead(self.home)
        if seconds > STANDSTILL:
            stuck = ", ".join(run.dag_id for run in now.runs if run.state not in ENDED)
            raise AirflowError(f"nothing has moved for {seconds:.0f} s: {stuck}; logs: {self.home / 'log' / 'airflow'}")

    def _note_failures(self, runs: list[DagRun], day: date) -> None:
        refused = _refused(day)
        for run in runs:
            if run.state == "failed":
                reason = refused.get(run.dag_id.removeprefix("feed__"))
                failed = [task for task in self.scheduler.tasks(run) if task.state == "failed"]
                self.failures += [self._failure(task, reason) for task in failed]

    def _failure(self, task: TaskState, refused: str | None = None) -> Failure:
        names = (f"dag_id={task.dag_id}", f"run_id={task.run_id}", f"task_id={task.task_id}")
        log = (self.home / "log" / "airflow").joinpath(*names, f"attempt={task.try_number}.log")
        return Failure(task.dag_id, task.task_id, log, refused)


def _all_over(runs: list[DagRun]) -> bool:
    return all(run.state in ENDED for run in runs)


def _refused(day: date) -> dict[str, str]:
    """Table name of each resource whose delivery for `day` was refused for what it is, and the reason."""
    with transaction("shuyuan_loader") as connection:
        rows = connection.execute(statement("demo/refused_deliveries"), {"day": day}).fetchall()
    return {str(resource).replace(".", "__"): str(reason) for resource, reason in rows}
