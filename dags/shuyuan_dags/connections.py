"""Where a resource's connector leads, by Airflow's connections: sftp and http as their providers' hooks read them, databases by their fields.

Belongs here: Airflow's connection → what `shuyuan.intake.collect` asks for. Does not belong here: fetching. Hooks are imported inside tasks only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from shuyuan_dags import rules

if TYPE_CHECKING:
    from shuyuan.intake.collect import HttpAccess, SftpClient

_log = logging.getLogger(__name__)
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "oracle": "oracle+oracledb",
    "mssql": "mssql+pymssql",
}


def collect(resource_id: str, day: date, *, waits: bool) -> None:
    """Fetch what the resource's connector has. A server that does not answer is asked again at the next look, if there will be one."""
    from shuyuan.intake.collect import Unreachable  # noqa: PLC0415  # parsing must stay light

    try:
        rules.attempt("shuyuan.flow.collect:collect", resource_id, day, AirflowConnections())
    except Unreachable as silence:
        if not waits:
            raise
        _log.warning("%s", silence)


class AirflowConnections:
    """Connections as Airflow keeps them (its page, a secrets backend, AIRFLOW_CONN_<NAME>)."""

    def http(self, name: str) -> HttpAccess:
        """As HttpHook reads it: host, schema, port, extra headers. A login signs in; a password alone is a bearer token."""
        import requests  # noqa: PLC0415
        from airflow.providers.http.hooks.http import HttpHook  # noqa: PLC0415

        from shuyuan.intake.collect.connections import HttpAccess, authorization  # noqa: PLC0415

        connection, hook = _named(name), HttpHook(http_conn_id=name)
        session = hook.get_conn()
        usual = requests.Session().headers
        headers = {key: str(value) for key, value in session.headers.items() if usual.get(key) != value}
        headers |= authorization(connection.login or "", connection.password or "")
        return HttpAccess(hook.base_url, headers, session.verify, (session.proxies or {}).get("https"))

    def database(self, name: str) -> str:
        """The fields of the connection as a SQLAlchemy URL; `sqlalchemy_scheme` among its extras names another driver."""
        from sqlalchemy import URL  # noqa: PLC0415

        connection = _named(name)
        extra = connection.extra_dejson
        driver = extra.get("sqlalchemy_scheme") or _DRIVERS.get(connection.conn_type, connection.conn_type)
        place = (connection.host or None, connection.port, connection.schema or None)
        query = extra.get("sqlalchemy_query", {})
        address = URL.create(driver, connection.login or None, connection.password or None, *place, query)
        return str(address.render_as_string(hide_password=False))

    @contextmanager
    def sftp(self, name: str, timeout: float) -> Iterator[SftpClient]:
        """A session as SFTPHook opens it; the connection's extras say whose host key is trusted."""
        from airflow.providers.sftp.hooks.sftp import SFTPHook  # noqa: PLC0415

        from shuyuan.intake.collect.connections import session  # noqa: PLC0415

        _named(name)
        with session(name) as opening:
            hook = SFTPHook(ssh_conn_id=name, conn_timeout=int(timeout))
            with opening(hook.get_managed_conn) as client:
                yield client


def _named(name: str) -> Any:
    """An Airflow connection. Raises NoConnection, which says how to make it."""
    from airflow.sdk import BaseHook  # noqa: PLC0415
    from airflow.sdk.exceptions import AirflowNotFoundException  # noqa: PLC0415

    from shuyuan.intake.collect.errors import NoConnection  # noqa: PLC0415

    try:
        return BaseHook.get_connection(name)
    except AirflowNotFoundException as error:
        way_out = f"add it under Admin → Connections, or as AIRFLOW_CONN_{name.upper()}"
        raise NoConnection(name, "Airflow knows no such connection", way_out) from error
