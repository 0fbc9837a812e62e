"""Nobody anonymous gets anything: every route of the console, every method, and paths that do not exist."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from shuyuan.web.app import HEADERS, METHODS, create_app
from shuyuan.web.viewer import Viewer

VALUES = {
    "resource_id": "public_security.resident",
    "library_id": "population",
    "key": "1",
    "path": "x/y.html",
    "name": "console.css",
    "path:path": "x",
}


def nobody() -> Viewer:
    raise HTTPException(401)


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(nobody, lambda wanted: f"/login?next={wanted}")


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as client:
        yield client


def addresses(app: FastAPI) -> list[str]:
    found = []
    for route in app.routes:
        assert isinstance(route, APIRoute), (
            f"{route} is not guarded by the application's dependency: a mount or a default page"
        )
        found.append(route.path_format.format(**VALUES))
    return found


def test_the_application_has_the_routes_we_think_of(app: FastAPI) -> None:
    found = addresses(app)
    assert len(found) >= 14
    assert {"/", "/audit", "/discrepancies", "/api/query", "/static/console.css", "/entity/population/1"} <= set(found)


def test_every_route_refuses_every_method_to_the_anonymous(app: FastAPI, client: TestClient) -> None:
    tried = 0
    strangers = [
        "/docs",
        "/openapi.json",
        "/redoc",
        "/docs/oauth2-redirect",
        "/nowhere",
        "/static",
        "//",
        "/api/query/",
        "/audit/",
    ]
    for address in [*addresses(app), *strangers]:
        for method in METHODS:
            answer = client.request(method, address, headers={"accept": "application/json"})
            assert answer.status_code == 401, f"{method} {address}: {answer.status_code}"
            assert "Bearer" in answer.headers["www-authenticate"]
            tried += 1
    assert tried > 150


def test_a_browser_is_sent_to_sign_in_and_back(client: TestClient) -> None:
    answer = client.get("/audit?user=wang", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=http://testserver/audit?user=wang"


def test_a_program_is_told_401_even_if_it_likes_html(client: TestClient) -> None:
    assert client.get("/api/query?library=x&items=y&purpose=z", headers={"accept": "text/html"}).status_code == 401


def test_nothing_but_the_refusal_is_said(client: TestClient) -> None:
    for address in ("/nowhere", "/resource/no.such", "/entity/population/1"):
        body = client.get(address).json()
        assert set(body) == {"detail"} and "sign in" in body["detail"]


def test_security_headers_are_on_every_answer(client: TestClient) -> None:
    for address in ("/", "/nowhere", "/static/console.css"):
        answer = client.get(address)
        for name in HEADERS:
            assert name in answer.headers, f"{address}: {name}"
    policy = client.get("/").headers["content-security-policy"]
    assert "script-src" not in policy and "default-src 'none'" in policy and "unsafe" not in policy
