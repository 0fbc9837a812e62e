"""The query endpoint: `share.read` for programs, as the person who signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.share.read import MOST_ROWS, Refused, Unfit, read
from shuyuan.web.pages.asked import MomentDep, ViewerDep

router = APIRouter()


@router.get("/api/query")
def query(
    viewer: ViewerDep,
    moment: MomentDep,
    library: str,
    items: str,
    purpose: str,
    key: str | None = None,
    where: Annotated[list[str] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 100,
) -> JSONResponse:
    """Rows of a library. `items`: names with commas; `key`: the entity's key; `where`: `item=value`, repeatable;
    `as_of`, `known`: the library as it was on a day, as known at a moment.

    → {"columns", "rows", "masked", "access_id"}; 403 with the reason and the number of the audit row when refused.
    """
    names = [name.strip() for name in items.split(",") if name.strip()]
    filters = dict(_filter(text) for text in where or [])
    if key is not None:
        filters[_key_of(library)] = key
    try:
        answer = read(viewer.name, purpose, library, names, where=filters, limit=limit, method="http", moment=moment)
    except Refused as refused:
        return JSONResponse({"detail": refused.reason, "access_id": refused.access_id}, 403)
    except Unfit as error:
        raise HTTPException(400, str(error)) from error
    body = {
        "columns": answer.columns,
        "rows": answer.rows,
        "masked": sorted(answer.masked),
        "access_id": answer.access_id,
    }
    return JSONResponse(jsonable_encoder(body))


def _filter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise HTTPException(400, f"where={text!r}: write item=value")
    return name, value


def _key_of(library: str) -> str:
    """The name of a library's key; of an unknown library any name, so that the refusal is `share`'s and on record."""
    known = load_catalog(settings.load().catalog).libraries.get(library)
    return known.key.name if known else "key"
