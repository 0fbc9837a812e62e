"""What pages are handed: the viewer that signed in, and the point in time that was asked for."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from shuyuan.share.moment import Moment, known_at
from shuyuan.web.viewer import Viewer


def _viewer(request: Request) -> Viewer:
    """Set by the application's own dependency, which runs first; without it nothing is shown."""
    viewer = getattr(request.state, "viewer", None)
    if not isinstance(viewer, Viewer):
        raise HTTPException(401)
    return viewer


ViewerDep = Annotated[Viewer, Depends(_viewer)]


def _moment(as_of: str = "", known: str = "") -> Moment:
    """`as_of`: a day; `known`: a moment in ISO 8601. Empty: today, and all that is known."""
    try:
        return Moment(date.fromisoformat(as_of) if as_of else None, known_at(known) if known else None)
    except ValueError as error:
        raise HTTPException(400, f"as_of={as_of} known={known}: {error}") from error


MomentDep = Annotated[Moment, Depends(_moment)]
