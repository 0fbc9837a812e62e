"""The summary at the end of a demo, from `shuyuan.flow.status.summary()`: what the libraries hold, what was found, what it took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from shuyuan.demo import explained
from shuyuan.flow import status


def summary(console: Console, stages: Mapping[str, float]) -> None:
    """Print the tables: libraries, batches, findings, late feeds, audit, seconds per step and stage; then suspects, a cell, a past state."""
    found = status.summary()
    console.rule("数源 Shuyuan")
    console.print(_libraries(found["libraries"]))
    console.print(_found(found))
    console.print(_steps(found["steps"], stages))
    explained.show(console)


def addresses(console: Console, address: str, password: str) -> None:
    """Print where to look next, with the login, and what to try."""
    lines = (
        f"控制台 console    [link]{address}/shuyuan/[/link]",
        f"Airflow           [link]{address}/[/link]",
        f"登录 login         admin / {password}",
        "                  （亦在 also in secrets.json: web_admin）",
        "",
        "试一试 try        .venv/bin/shuyuan status",
        "                  .venv/bin/shuyuan query legal_entity --as wang_tax \\",
        "                      --purpose business_collaboration --items uscc,name --limit 5",
        "                  .venv/bin/shuyuan explain population 公民身份号码 --as zhao_steward",
        "                  .venv/bin/shuyuan demo score",
        "停止 stop         make down        清除 remove all state   make clean",
    )
    console.print(Panel("\n".join(lines), title="全部仍在运行 everything is left running", expand=False))


def _table(title: str, *headings: str) -> Table:
    drawn = Table(title=title, title_justify="left", title_style="bold")
    for heading in headings:
        drawn.add_column(heading, justify="left" if heading == headings[0] else "right", overflow="fold")
    return drawn


def _libraries(libraries: Mapping[str, Mapping[str, Any]]) -> Table:
    drawn = _table("基础库与主题库 libraries", "library", "rows", "未决 open", "last run", "增改删 + ~ -", "state")
    for name, library in libraries.items():
        last = library["last_run"] or {}
        changes = " ".join(_words(last.get(key)) for key in ("inserted", "updated", "deleted"))
        cells = (library["rows"], library["discrepancies"], last.get("business_date"), changes, last.get("state"))
        drawn.add_row(name, *map(_words, cells))
    return drawn


def _found(found: Mapping[str, Any]) -> Table:
    drawn = _table("账目 the ledger", "", "")
    drawn.show_header = False
    drawn.columns[1].justify = "left"
    drawn.add_row("批次 batches", _counts(found["batches"]))
    drawn.add_row("行数守恒 rows accounted", _counts(found["rows"]))
    drawn.add_row("隔离 quarantined", _counts(found["quarantined"]))
    drawn.add_row("未决不一致 open discrepancies", _counts(found["discrepancies"]))
    drawn.add_row("迟报 late feeds", _late(found["breaches"]))
    drawn.add_row("装载审计 ledger.load", _counts(found["audit"]["load"]))
    drawn.add_row("查询审计 ledger.access", _counts(found["audit"]["access"]))
    return drawn


def _counts(counts: Mapping[str, Any]) -> str:
    return " · ".join(f"{name} {_words(count)}" for name, count in counts.items()) or "0"


def _late(breaches: Iterable[Mapping[str, Any]]) -> str:
    late = [f"{breach['resource']} (应于 due {breach['due_on']})" for breach in breaches if breach["open"]]
    return " · ".join(late) or "0"


def _steps(steps: Mapping[str, Mapping[str, float]], stages: Mapping[str, float]) -> Table:
    drawn = _table("用时（秒） seconds", "step", "count", "seconds", "longest")
    for step, took in steps.items():
        drawn.add_row(step, _words(took["count"]), f"{took['seconds']:.1f}", f"{took['longest']:.2f}")
    drawn.add_section()
    for words, seconds in stages.items():
        drawn.add_row(words, "", f"{seconds:.1f}", "")
    return drawn


def _words(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
