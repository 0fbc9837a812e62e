"""One entity, explained: every published value, where it came from, what others claim, what it was before, and who looked."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.explain.ask import explain
from shuyuan.explain.story import camps
from shuyuan.share.decide import Person
from shuyuan.share.duty import PURPOSE
from shuyuan.share.read import Refused
from shuyuan.web.pages.asked import MomentDep, ViewerDep
from shuyuan.web.rendering import render

router = APIRouter()


@router.get("/entity/{library_id}/{key:path}")
def page(request: Request, viewer: ViewerDep, moment: MomentDep, library_id: str, key: str) -> HTMLResponse:
    """For those who check data the values; for auditors who looked; `as_of` and `known` show the entity as it was."""
    catalog = load_catalog(settings.load().catalog)
    if library_id not in catalog.libraries:
        raise HTTPException(404, f"no library {library_id}")
    person = Person(viewer.name, viewer.department or "", viewer.role)
    try:
        answer = explain(person, PURPOSE, library_id, key, moment=moment, method="console", keep=True)
    except Refused as refused:
        raise HTTPException(403, str(refused)) from refused
    if answer.facts is not None and not answer.known:
        raise HTTPException(404, f"{answer.library.title} {key}")
    labels = {item.name: item for item in answer.library.items}
    found = {one.id: one for one in answer.library.contradictions}
    asked = {name: request.query_params.get(name, "") for name in ("as_of", "known")}
    context: dict[str, Any] = {
        "answer": answer,
        "catalog": catalog,
        "labels": labels,
        "found": found,
        "asked": asked,
        "camps": camps,
    }
    return render(request, viewer, "entity.html", **context)
