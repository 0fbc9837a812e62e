"""The console as one FastAPI application: pages, JSON, downloads, style sheet. Every route asks who is there.

`authenticate` is a dependency of the whole application, and a last route takes every other path and method, so that nothing
(not even "no such page") is said to somebody who has not signed in. Airflow mounts it through `plugins/shuyuan_console.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from shuyuan.web.pages import api, assets, audit, discrepancies, docs, entity, overview, resource
from shuyuan.web.rendering import render
from shuyuan.web.viewer import Viewer

Authenticate = Callable[..., Viewer] | Callable[..., Awaitable[Viewer]]
LoginAddress = Callable[[str], str]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
PAGES = (overview, resource, discrepancies, entity, audit, docs, api, assets)
# Nothing is loaded from elsewhere, nothing runs in the browser, nobody else frames us.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def create_app(authenticate: Authenticate, login_address: LoginAddress | None = None) -> FastAPI:
    """The console. `authenticate` is a FastAPI dependency that returns the viewer or raises HTTPException 401.

    With `login_address` (the page asked for → where to sign in) a browser is sent to sign in; anything else gets 401.
    """
    app = FastAPI(title="Shuyuan 数源", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    who = Depends(_remember(authenticate))
    for page in PAGES:
        app.include_router(page.router, dependencies=[who])
    app.add_api_route("/{path:path}", _nothing_here, methods=METHODS, dependencies=[who])
    app.add_exception_handler(HTTPException, _refusal(login_address))
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.middleware("http")(_guard)
    return app


def _remember(authenticate: Authenticate) -> Callable[..., None]:
    def remember(request: Request, viewer: Viewer = Depends(authenticate)) -> None:  # noqa: B008 - FastAPI's way
        request.state.viewer = viewer

    return remember


def _nothing_here(path: str) -> Response:
    raise HTTPException(404)


async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _refusal(login_address: LoginAddress | None) -> Callable[[Request, Any], Response]:
    def refusal(request: Request, error: Any) -> Response:
        if error.status_code == 401:
            if login_address is not None and _is_browser(request):
                return RedirectResponse(login_address(str(request.url)), status_code=303)
            return JSONResponse({"detail": "请先登录 / sign in first"}, 401, {"WWW-Authenticate": "Bearer"})
        return _told(request, error.status_code, str(error.detail))

    return refusal


def _bad_request(request: Request, error: Any) -> Response:
    problems = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
    return _told(request, 400, problems)


def _told(request: Request, status: int, detail: str) -> Response:
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    if viewer is None or not _is_browser(request):
        return JSONResponse({"detail": detail}, status)
    return render(request, viewer, "error.html", status, code=status, detail=detail)


def _is_browser(request: Request) -> bool:
    page = "/api/" not in request.url.path
    return page and request.method == "GET" and "text/html" in request.headers.get("accept", "")
