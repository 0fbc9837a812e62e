"""What `make demo` shows: a server, a city's deliveries, Airflow, two business days through the scheduler, a summary.

Every part looks first at what is there, so a second run does only what is missing. Belongs here: the order of the parts.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.console import Console

from shuyuan import settings
from shuyuan.catalog import Catalog
from shuyuan.db import embedded
from shuyuan.demo import agenda, airflow, checks, city, daemons, readers, report, show
from shuyuan.demo.agenda import Agenda
from shuyuan.demo.line import Line
from shuyuan.demo.scheduler import Scheduler
from shuyuan.flow import line as sequence
from shuyuan.flow import upkeep
from shuyuan.flow.migrate import migrate


class Failed(RuntimeError):
    """The demo came to its end, but a task failed that should not have; what failed has been printed."""


def run(people: int = 20000, seed: int = 1, days: int = 2) -> None:
    """Bring everything up, let Airflow's scheduler run the business days, print the summary; leaves everything running.

    Raises:
        checks.Unfit, airflow.Misconfigured, daemons.AirflowError, embedded.ServerError: what is wrong and the way out, before anything is half done.
        agenda.AgendaError: the deployment holds a demo of another size.
        Failed: a task failed for another reason than a refused delivery.
    """
    stages, home = show.Stages(Console()), settings.load().home
    if daemons.outdated(home):
        with stages.stage("Airflow 停止：程序已更新 stops: the program has changed"):
            daemons.stop(home)
    port = port_in_use(home) or airflow.port()
    if port_in_use(home) is None:
        daemons.refuse_taken(port)
    line = _prepare(stages, home, people, seed, days, port)
    todo = agenda.read(home)
    with stages.stage(f"Airflow 启动 starts on port {port}"):
        daemons.start(home, port)
        line.open()
    for number, day in enumerate(todo.days):
        _deliver(stages, todo, number)
        with stages.watching(f"业务日 business day {day}") as line.watch:
            line.day(day)
    with stages.watching("运维 upkeep") as line.watch:
        line.upkeep(todo.today)
    _finish(stages, line, port)


def run_without_airflow(people: int = 20000, seed: int = 1, days: int = 2) -> None:
    """The same city and the same line in this process, one step after the other, without Airflow. Raises what a step raises."""
    stages, home = show.Stages(Console()), settings.load().home
    _warehouse(stages, home, people)
    todo = agenda.of(home, people, seed, days)
    for number, day in enumerate(todo.days):
        _deliver(stages, todo, number)
        with stages.stage(f"业务日 business day {day}"):
            sequence.run(day)
    with stages.stage("运维 upkeep"):
        upkeep.sweep_freshness(todo.today)
        upkeep.harvest_queries()
    report.summary(stages.console, stages.seconds)


def stop() -> None:
    """End Airflow with everything it started, then PostgreSQL. Nothing happens where nothing runs."""
    home = settings.load().home
    daemons.stop(home)
    embedded.stop(home)


def status() -> dict[str, str]:
    """What runs: PostgreSQL and each part of Airflow, with process id, and the address of the console."""
    home = settings.load().home
    parts = daemons.running(home)
    found = {"postgresql": embedded.status(home)}
    found |= {
        name: f"running, process {parts[name].process.pid}" if name in parts else "stopped" for name in daemons.PARTS
    }
    if (port := port_in_use(home)) is not None:
        found["console"] = f"{airflow.address(port)}/shuyuan/"
    return found


def port_in_use(home: Path) -> int | None:
    """The port this deployment's Airflow listens on; None when it does not run."""
    server = daemons.running(home).get("api-server")
    return server.port if server else None


def _warehouse(stages: show.Stages, home: Path, people: int) -> Catalog:
    checks.python()
    checks.disk(home, people)
    with stages.stage("PostgreSQL 启动 starts"):
        embedded.start(home)
    with stages.stage("迁移与目录生效 migrate, catalog in force"):
        catalog = migrate()
        readers.register()
    return catalog


def _prepare(stages: show.Stages, home: Path, people: int, seed: int, days: int, port: int) -> Line:
    catalog = _warehouse(stages, home, people)
    todo = agenda.of(home, people, seed, days)
    # Airflow's own migration (6 s) runs beside the generator.
    migration = None if daemons.running(home) else daemons.migrate(home, port)
    _deliver(stages, todo, 0)
    if migration is not None:
        with stages.stage("Airflow 元数据库 metadata database"):
            daemons.finish(home, migration)
    admin = Scheduler(airflow.address(port), "admin", airflow.password(home, "admin"))
    return Line(admin, catalog, home, watch=lambda _: None)


def _deliver(stages: show.Stages, todo: Agenda, number: int) -> None:
    """Put a day's deliveries into the inbox, once. The truth about them is written last, so its file says they are complete."""
    where, day = settings.load(), todo.days[number]
    if (truth := truth_of(where.home, day)).exists():
        return
    truth.parent.mkdir(parents=True, exist_ok=True)
    size = {"people": todo.people, "seed": todo.seed, "day": number}
    with stages.stage(f"生成报送件 deliveries of {day}"):
        city.generate(where.inbox, day, **size, catalog=where.catalog, truth=truth, first_day=todo.days[0])


def truth_of(home: Path, day: date) -> Path:
    """Where the planted defects of a business day are written down, for `shuyuan demo score`."""
    return home / "truth" / f"{day.isoformat()}.parquet"


def _finish(stages: show.Stages, line: Line, port: int) -> None:
    report.summary(stages.console, stages.seconds)
    report.addresses(stages.console, airflow.address(port), airflow.password(line.home, "admin"))
    show.failures(stages.console, line.failures)
    if any(failure.refused is None for failure in line.failures):
        raise Failed("a task failed; its log and the way out are named above")
