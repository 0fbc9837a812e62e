"""One entity, explained: every published value, where it came from, and what others claim."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from shuyuan import settings
from shuyuan.catalog import Library, load_catalog
from shuyuan.db.sql import table
from shuyuan.web.desk import Desk, Row, desk, refuse
from shuyuan.web.explain import explain
from shuyuan.web.pages.asked import ViewerDep
from shuyuan.web.rendering import render

router = APIRouter()


@router.get("/entity/{library_id}/{key:path}")
def page(request: Request, viewer: ViewerDep, library_id: str, key: str) -> HTMLResponse:
    catalog = load_catalog(settings.load().catalog)
    library = catalog.libraries.get(library_id)
    if library is None:
        raise HTTPException(404, f"no library {library_id}")
    what, objects = f"entity {key} of {library_id}", _objects(library)
    if not viewer.sees_values:
        raise refuse(
            viewer, what, objects, "实体页面只对数据管理员和数据工程师开放；其他人请经共享授权查询（shuyuan query）"
        )
    with desk(viewer) as ask:
        row = ask.one("entity", {"library": table("library", library.id)}, key=key)
        claims = _claims(ask, library, key)
        batches = _batches(ask, claims)
        found = ask.rows("entity_discrepancies", library=library.id, key=key)
        ask.looked(what, objects, tuple(item.name for item in library.items), int(row is not None))
    if row is None:
        raise HTTPException(404, f"{library.title} {key}")
    open_ = [d for d in found if d["closed_run"] is None]
    context: dict[str, Any] = {"library": library, "key": key, "row": row, "found": found, "catalog": catalog}
    explained = explain(catalog, library, row, claims, batches, open_)
    return render(request, viewer, "entity.html", items=explained, labels={i.name: i for i in library.items}, **context)


def _objects(library: Library) -> tuple[str, ...]:
    return (f"library.{library.id}", *(f"claim.{library.id}__{member.table}" for member in library.members))


def _claims(ask: Desk, library: Library, key: str) -> dict[str, Row]:
    """What each member resource says about the entity: resource → its row of the claim view."""
    claims = {}
    for member in library.members:
        row = ask.one("claim", {"claims": table("claim", f"{library.id}__{member.table}")}, key=key)
        if row is not None:
            claims[member.resource] = row
    return claims


def _batches(ask: Desk, claims: dict[str, Row]) -> dict[int, Row]:
    wanted = sorted({row["_batch"] for row in claims.values()})
    return {row["batch_id"]: row for row in ask.rows("entity_batches", batches=wanted)} if wanted else {}
