"""How each role reaches the database: the embedded server's private socket, or a server that the environment names.

Belongs here: URLs and connection strings. Does not belong here: engines, pools, statements.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import URL, make_url

from shuyuan.db import account, secrets

TEMPLATE = "SHUYUAN_DATABASE_URL_TEMPLATE"


def external() -> bool:
    """Whether this deployment has a PostgreSQL of its own (compose), so that nothing embedded is started or stopped."""
    return bool(os.environ.get(TEMPLATE))


def url(home: Path, role: str, database: str = "shuyuan", driver: str = "psycopg") -> str:
    """The SQLAlchemy URL by which `role` reaches `database`, its password inside: never print it.

    `driver` is `psycopg`, `psycopg2` or `asyncpg`. With SHUYUAN_DATABASE_URL_TEMPLATE set, such as
    `postgresql+{driver}://{role}:{password}@host:5432/{database}`, that template is filled (values are URL-quoted).

    Raises:
        KeyError: the template holds a placeholder that is none of driver, role, password, database.
    """
    return _url(home, role, database, driver).render_as_string(hide_password=False)


def conninfo(home: Path, role: str, database: str = "shuyuan") -> str:
    """The same address as a libpq connection string, for psycopg itself."""
    return url(home, role, database, "psycopg").replace("postgresql+psycopg://", "postgresql://", 1)


def _url(home: Path, role: str, database: str, driver: str) -> URL:
    if external():
        # Filled with plain words first and with the values afterwards, which quotes a password that holds @ or /.
        words = {"driver": driver, "role": "role", "password": "-", "database": "database"}
        filled = make_url(os.environ[TEMPLATE].format(**words))
        return filled.set(username=role, password=secrets.password(home, role), database=database)
    return URL.create(
        f"postgresql+{driver}",
        username=role,
        password=secrets.password(home.resolve(), role),
        database=database,
        query={"host": str(socket_in_use(home.resolve())), "port": str(account.PORT)},
    )


def socket_in_use(home: Path) -> Path:
    """The socket directory of a running server, as it wrote it down itself; of a stopped one, where it will be."""
    try:
        lines = (home / "pg" / "postmaster.pid").read_text("utf-8").splitlines()
    except OSError:
        return account.socket_directory(home)
    return Path(lines[4]) if len(lines) > 4 and lines[4].strip() else account.socket_directory(home)
