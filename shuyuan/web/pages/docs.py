"""Data Docs: the pages that the quality room wrote below `<home>/docs`, and nothing else on this machine."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException

from shuyuan import settings

router = APIRouter()
# The pages carry their style inline; still nothing runs and nothing comes from elsewhere.
POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'self'"
KINDS = {".html", ".css", ".svg", ".png", ".json"}


@router.get("/docs/{path:path}")
def page(path: str) -> Response:
    file = _inside(settings.load().docs, path or "index.html")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return FileResponse(file, media_type=kind, headers={"Content-Security-Policy": POLICY})


def _inside(folder: Path, path: str) -> Path:
    """The file, if it is one below the folder once every link and `..` is resolved; 404 otherwise, whatever the reason."""
    try:
        root = folder.resolve()
        file = (root / path).resolve()
        ok = file.is_relative_to(root) and file.is_file() and file.suffix in KINDS
    except (OSError, ValueError):  # a name too long, or with a NUL
        ok = False
    if not ok:
        raise HTTPException(404, "no such page of Data Docs")
    return file
