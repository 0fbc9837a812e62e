"""The style sheet and the mark: files of `static/`, by name."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

router = APIRouter()
FOLDER = Path(__file__).parent.parent / "static"
KINDS = {"console.css": "text/css", "mark.svg": "image/svg+xml"}


@router.get("/static/{name}")
def asset(name: str) -> FileResponse:
    if name not in KINDS:
        raise HTTPException(404)
    return FileResponse(FOLDER / name, media_type=KINDS[name], headers={"Cache-Control": "private, max-age=300"})
