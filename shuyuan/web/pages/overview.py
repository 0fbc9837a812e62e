"""The overview: libraries, freshness, last loads."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from shuyuan.web import charts
from shuyuan.web.desk import Row, desk
from shuyuan.web.pages.asked import ViewerDep
from shuyuan.web.rendering import render

router = APIRouter()
CLASSES = ("error", "finding", "timing", "definition")


@router.get("/")
def overview(request: Request, viewer: ViewerDep) -> HTMLResponse:
    with desk(viewer) as ask:
        libraries, feeds = ask.rows("libraries"), ask.rows("freshness")
        loads, days = ask.rows("last_loads"), ask.rows("loads_by_day")
    return render(
        request,
        viewer,
        "overview.html",
        libraries=[library | {"chart": charts.strip([(c, library[c]) for c in CLASSES])} for library in libraries],
        feeds=feeds,
        loads=loads,
        chart=charts.columns([(_day(day), [("good", day["good"]), ("bad", day["bad"])]) for day in days]),
        totals=_totals(libraries, feeds),
    )


def _day(row: Row) -> str:
    return f"{row['day']:%m-%d}"


def _totals(libraries: list[Row], feeds: list[Row]) -> dict[str, int]:
    return {
        "entities": sum(library["entities"] or 0 for library in libraries),
        "open_discrepancies": sum(library[c] for library in libraries for c in CLASSES),
        "late_feeds": sum(feed["overdue"] for feed in feeds),
        "quarantined_rows": sum(feed["quarantined"] or 0 for feed in feeds),
    }
