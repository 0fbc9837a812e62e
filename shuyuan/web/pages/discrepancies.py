"""Discrepancies: what departments say differently, with filters, a page at a time."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.web.desk import Row, desk
from shuyuan.web.export import MOST, download
from shuyuan.web.filters import DISCREPANCY, STATE, where
from shuyuan.web.pages.asked import ViewerDep
from shuyuan.web.rendering import render
from shuyuan.web.viewer import Viewer

router = APIRouter()
PAGE = 50
COLUMNS = (
    "discrepancy_id", "library", "entity", "item", "source_ref", "source_value", "claim_ref", "claim_value", "class",
    "opened_run", "opened_at", "closed_run", "closed_at", "suspect", "probability",
)  # fmt: skip


class Search(BaseModel):
    """The filters of the page; empty means all. `before`: discrepancies older than this number."""

    library: str = ""
    item: str = ""
    kind: Literal["", "error", "timing", "definition", "finding"] = ""
    department: str = ""
    entity: str = ""
    state: Literal["", "open", "closed"] = "open"
    before: int | None = None

    def values(self) -> dict[str, object]:
        return {**self.model_dump(include={"library", "item", "department", "entity", "before"}), "class": self.kind}


SearchDep = Annotated[Search, Query()]


@router.get("/discrepancies")
def page(request: Request, viewer: ViewerDep, search: SearchDep) -> HTMLResponse:
    rows, count = _found(viewer, search, PAGE + 1, "html")
    catalog = load_catalog(settings.load().catalog)
    context: dict[str, Any] = {"rows": rows[:PAGE], "count": count, "search": search, "catalog": catalog}
    context["labels"] = {
        (library.id, item.name): item for library in catalog.libraries.values() for item in library.items
    }
    context["found"] = {(lib.id, one.id): one for lib in catalog.libraries.values() for one in lib.contradictions}
    older = rows[PAGE - 1]["discrepancy_id"] if len(rows) > PAGE else None
    return render(
        request, viewer, "discrepancies.html", older=older, kept=search.model_dump(exclude={"before"}), **context
    )


@router.get("/discrepancies.csv")
def as_csv(viewer: ViewerDep, search: SearchDep) -> Response:
    rows, _ = _found(viewer, search, MOST + 1, "csv")
    return download("discrepancies", COLUMNS, rows)


def _found(viewer: Viewer, search: Search, most: int, medium: str) -> tuple[list[Row], int]:
    """The rows and how many there are in all (up to 100 001). Plain values are a read and on record; so is every download."""
    values = search.values()
    state = [STATE[search.state]] if search.state else []
    plain = viewer.sees_values
    if not plain:
        values["entity"] = ""  # a filter by entity would confirm what is masked
    with desk(viewer) as ask:
        rows = ask.rows("discrepancies", where(DISCREPANCY, values, *state), plain=plain, most=most, **values)
        counted = ask.one("discrepancy_count", where(DISCREPANCY, values | {"before": None}, *state), **values)
        if plain or medium == "csv":
            ask.looked(
                f"discrepancies {search.model_dump_json(exclude_defaults=True)}",
                ("ledger.discrepancy",),
                COLUMNS,
                len(rows),
                medium,
                search.entity if plain and search.entity else None,
            )
    return rows, counted["rows"] if counted else 0
