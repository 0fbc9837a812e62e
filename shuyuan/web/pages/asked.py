"""What every page is handed: the viewer that signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from shuyuan.web.viewer import Viewer


def _viewer(request: Request) -> Viewer:
    """Set by the application's own dependency, which runs first; without it nothing is shown."""
    viewer = getattr(request.state, "viewer", None)
    if not isinstance(viewer, Viewer):
        raise HTTPException(401)
    return viewer


ViewerDep = Annotated[Viewer, Depends(_viewer)]
