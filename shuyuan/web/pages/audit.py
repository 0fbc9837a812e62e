"""Audit: search over ledger.access and ledger.load. Auditors, stewards and engineers see everybody's accesses, others their own."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, field_validator

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.web.desk import Row, desk
from shuyuan.web.export import MOST, download
from shuyuan.web.filters import ACCESS, LOAD, where
from shuyuan.web.pages.asked import ViewerDep
from shuyuan.web.rendering import render
from shuyuan.web.viewer import Viewer

router = APIRouter()
PAGE = 100
ACCESSES = (
    "access_id", "at", "user_name", "department", "role", "purpose", "approver", "method", "medium", "outcome", "reason",
    "objects", "columns", "rows", "seconds", "statement",
)  # fmt: skip
LOADS = (
    "load_id", "at", "actor", "role", "step", "resource", "library", "batch_id", "run_id", "file_name", "rows_in", "rows_out",
    "seconds", "outcome", "message",
)  # fmt: skip


class Search(BaseModel):
    """The filters of the page; empty means all. Days are inclusive."""

    kind: Literal["access", "load"] = "access"
    user: str = ""
    method: str = ""
    outcome: str = ""
    purpose: str = ""
    object: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None

    @field_validator("since", "until", mode="before")
    @classmethod
    def _no_day(cls, value: Any) -> Any:
        return None if value == "" else value


SearchDep = Annotated[Search, Query()]


@router.get("/audit")
def page(request: Request, viewer: ViewerDep, search: SearchDep) -> HTMLResponse:
    rows = _found(viewer, search, PAGE + 1, "html")
    catalog = load_catalog(settings.load().catalog)
    context: dict[str, Any] = {"rows": rows[:PAGE], "more": len(rows) > PAGE, "search": search, "catalog": catalog}
    return render(request, viewer, "audit.html", kept=search.model_dump(exclude_none=True), **context)


@router.get("/audit.csv")
def as_csv(viewer: ViewerDep, search: SearchDep) -> Response:
    rows = _found(viewer, search, MOST + 1, "csv")
    return download(f"audit_{search.kind}", ACCESSES if search.kind == "access" else LOADS, rows)


def _found(viewer: Viewer, search: Search, most: int, medium: str) -> list[Row]:
    """A download is recorded; looking at the audit on screen is not, or the audit would be about itself."""
    values = search.model_dump(exclude={"kind"})
    known, name = (ACCESS, "accesses") if search.kind == "access" else (LOAD, "loads")
    if search.kind == "access" and not viewer.sees_all_accesses:
        values["viewer"] = viewer.name
    with desk(viewer) as ask:
        rows = ask.rows(name, where(known, values), most=most, **values)
        if medium == "csv":
            columns = ACCESSES if search.kind == "access" else LOADS
            ask.looked(
                f"audit {search.model_dump_json(exclude_defaults=True)}",
                (f"ledger.{search.kind}",),
                columns,
                len(rows),
                medium,
            )
    return rows
