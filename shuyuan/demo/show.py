"""What `shuyuan demo run` draws: the stage it is at, how the DAG runs fare, what failed. Texts and tables only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from shuyuan.demo.line import Failure, Progress
from shuyuan.demo.scheduler import ENDED

KINDS = {"feed": "报送 feeds", "library": "主题库 libraries", "upkeep": "运维 upkeep"}
STATES = ("queued", "running", "success", "failed")


@dataclass
class Stages:
    """Says which stage begins and how long it took. `seconds` keeps the times for the summary."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, words: str) -> Iterator[None]:
        """Announce a stage, run the block, say how long it took."""
        began = time.monotonic()
        self.console.print(f"[bold]▸[/bold] {words} …")
        yield
        self.seconds[words] = time.monotonic() - began
        self.console.print(f"  [green]✓[/green] {words}  [dim]{self.seconds[words]:.1f} s[/dim]")

    @contextmanager
    def watching(self, words: str) -> Iterator[Callable[[Progress], None]]:
        """The same, with a table that follows the DAG runs; yields what is to be called with each look."""
        with self.stage(words), Live(console=self.console, refresh_per_second=2, transient=True) as live:
            began, told = time.monotonic(), set[Path]()

            def look(progress: Progress) -> None:
                live.update(table(progress, time.monotonic() - began))
                for failure in progress.retrying:
                    if failure.log not in told:
                        told.add(failure.log)
                        self.console.print(_retried(failure), soft_wrap=True)

            yield look


def table(progress: Progress, seconds: float) -> Table:
    """How many runs of each kind are in which state, and which are under way."""
    drawn = Table(title=f"{seconds:.0f} s", title_justify="left")
    for heading in ("", *STATES, "正在运行 now"):
        drawn.add_column(heading)
    for kind, words in KINDS.items():
        states = progress.states(kind)
        if states:
            now = [
                run.dag_id.removeprefix(f"{kind}__") for run in progress.runs if _under_way(run.dag_id, run.state, kind)
            ]
            drawn.add_row(words, *(str(states.get(state, "")) for state in STATES), ", ".join(now[:3]))
    return drawn


def _under_way(dag_id: str, state: str, kind: str) -> bool:
    return dag_id.startswith(f"{kind}__") and state not in ENDED and state != "queued"


def _retried(failure: Failure) -> str:
    where = f"{failure.dag_id}.{failure.task_id}"
    return f"[yellow]重试 failed, will be tried again[/yellow] {where}\n  日志 log: {failure.log}"


def failures(console: Console, found: list[Failure]) -> None:
    """Name every failed task, its log and the way out; a refused delivery is the demo working as it should."""
    for failure in found:
        where = f"{failure.dag_id}.{failure.task_id}"
        if failure.refused:
            console.print(f"[yellow]拒收 refused[/yellow] {where}: {failure.refused}", soft_wrap=True)
        else:
            console.print(f"[red]失败 failed[/red] {where}\n  日志 log: {failure.log}", soft_wrap=True)
            console.print(
                "  处置 way out: 排除日志所述故障后重跑 repair what the log says, then: make demo", soft_wrap=True
            )
