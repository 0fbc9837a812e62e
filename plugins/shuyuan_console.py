"""The console in Airflow: mounted at /shuyuan, linked from the navigation, open only to whom Airflow's auth manager knows.

Airflow does not authenticate what a plugin mounts; `authenticate` does, for every route (tests/test_web_routes.py tries them all).
"""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.app import API_ROOT_PATH, get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials
from starlette.datastructures import URL

from shuyuan.web import create_app
from shuyuan.web.viewer import InactiveError, Viewer, viewer_of

PREFIX = "/shuyuan"


async def authenticate(
    request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)]
) -> Viewer:
    """The viewer behind Airflow's session cookie or bearer token; 401 for nobody, 403 for somebody who may not look."""
    try:
        user = await get_user(request, None, bearer)
    except HTTPException as error:
        raise HTTPException(401, error.detail) from error
    manager = get_auth_manager()
    if not manager.is_authorized_view(access_view=AccessView.WEBSITE, user=user):
        raise HTTPException(403, "Airflow does not let you see its pages")
    # Whoever may change Airflow's configuration operates this deployment.
    operator = manager.is_authorized_configuration(method="PUT", user=user)
    try:
        return await run_in_threadpool(viewer_of, user.get_name(), operator)
    except InactiveError as error:
        raise HTTPException(403, str(error)) from error


def login_address(wanted: str) -> str:
    """Airflow's own way to its login page, which checks where it leads back to."""
    return str(URL(f"{API_ROOT_PATH}api/v2/auth/login").include_query_params(next=wanted))


class ShuyuanConsole(AirflowPlugin):
    """Registers the console with the api-server."""

    name = "shuyuan_console"
    fastapi_apps = [{"app": create_app(authenticate, login_address), "url_prefix": PREFIX, "name": "Shuyuan 数源"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "数源",
            # With a route Airflow shows the console in a frame of its own page; its plain external links do not open (3.3.2).
            "url_route": "shuyuan",
            "href": f"{API_ROOT_PATH.rstrip('/')}{PREFIX}/",
            "destination": "nav",
            "nav_top_level": True,
            "icon": f"{API_ROOT_PATH.rstrip('/')}{PREFIX}/static/mark.svg",
        }
    ]
