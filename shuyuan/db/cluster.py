"""The roles and databases of one PostgreSQL cluster, made from `sql/cluster/`; the same for the embedded server and compose.

Belongs here: who exists and may sign in. Does not belong here: what they may touch inside a database (migrations).
`python -m shuyuan.db.cluster` prepares the server of a compose deployment.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Callable

import psycopg
from psycopg import sql

from shuyuan import settings
from shuyuan.db import address, secrets

SUPERUSER = "postgres"
LOGIN_ROLES = ("shuyuan_owner", "shuyuan_loader", "shuyuan_steward", "shuyuan_auditor", "shuyuan_web", "airflow")
ANALYST_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
FILES = settings.PROJECT / "sql" / "cluster"

Connection = psycopg.Connection[tuple[object, ...]]


def prepare(connection: Connection, password_of: Callable[[str], str]) -> None:
    """Make every role and database that is missing, with the passwords `password_of` gives; change nothing else.

    `connection` is a superuser's, in autocommit. Safe to repeat; two at once are serialised by an advisory lock.
    """
    connection.execute("SELECT pg_advisory_lock(hashtext('shuyuan.cluster'))")
    try:
        connection.execute(_statement("roles.sql"))
        for role in LOGIN_ROLES:
            set_password(connection, role, password_of(role))
        _make_databases(connection)
        connection.execute(_statement("grants.sql"))
    finally:
        connection.execute("SELECT pg_advisory_unlock(hashtext('shuyuan.cluster'))")


def create_analyst(connection: Connection, name: str, password: str) -> str:
    """Make the login `analyst_<name>`, whose every statement the server logs. Returns the role's name; safe to repeat.

    Raises:
        ValueError: `name` is not lower-case letters, digits and underscores, starting with a letter, at most 31 long.
    """
    role = analyst_role(name)
    with connection.transaction():
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).rowcount:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        set_password(connection, role, password)
        connection.execute(sql.SQL(_text("analyst.sql")).format(role=sql.Identifier(role)))
    return role


def close_analyst(connection: Connection, name: str) -> bool:
    """Close the login `analyst_<name>` and end its sessions; False if there is none open. `create_analyst` opens it again."""
    role = analyst_role(name)
    with connection.transaction():
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolcanlogin", [role]).rowcount:
            return False
        order = sql.SQL(_text("close_analyst.sql"))
        connection.execute(order.format(role=sql.Identifier(role), name=sql.Literal(role)))
    return True


def analyst_role(name: str) -> str:
    """The role of the analyst `name`; ValueError when the name cannot be one."""
    if not ANALYST_NAME.fullmatch(name):
        raise ValueError(f"analyst name {name!r}: use a-z, 0-9 and _, start with a letter, at most 31 characters")
    return f"analyst_{name}"


def set_password(connection: Connection, role: str, password: str) -> None:
    """Give `role` this password unless it has it. Only the SCRAM verifier travels, so no log can ever show the password."""
    row = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [role]).fetchone()
    if row is not None and _verifies(str(row[0] or ""), password):
        return
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
    connection.execute(statement)


def _verifies(verifier: str, password: str) -> bool:
    """Whether a stored verifier `SCRAM-SHA-256$<n>:<salt>$<stored key>:<server key>` (RFC 5803) is of this password."""
    found = re.fullmatch(r"SCRAM-SHA-256\$(\d+):([^$]+)\$[^:]+:(.+)", verifier)
    if found is None:
        return False
    rounds, salt, server_key = int(found[1]), base64.b64decode(found[2]), base64.b64decode(found[3])
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    return hmac.compare_digest(hmac.digest(salted, b"Server Key", "sha256"), server_key)


def _make_databases(connection: Connection) -> None:
    present = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
    for file in sorted((FILES / "databases").glob("*.sql")):
        if file.stem not in present:
            connection.execute(_statement(f"databases/{file.name}"))


def _text(name: str) -> str:
    """The text of a file under `sql/cluster/`: reviewed with the code, hence as trustworthy as a literal."""
    return (FILES / name).read_text("utf-8")


def _statement(name: str) -> sql.SQL:
    return sql.SQL(_text(name))


def main() -> None:
    """Prepare the server that SHUYUAN_DATABASE_URL_TEMPLATE names; every password must be in the environment.

    Raises:
        SystemExit: a variable is missing; it is named.
    """
    wanted = [address.TEMPLATE, *(secrets.variable(role) for role in (SUPERUSER, *LOGIN_ROLES))]
    missing = [name for name in wanted if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"not set: {', '.join(missing)}; write them to .env (scripts/compose_env.py makes one)")
    home = settings.load().home
    with psycopg.connect(address.conninfo(home, SUPERUSER, "postgres"), autocommit=True) as connection:
        prepare(connection, lambda role: secrets.password(home, role))
    with psycopg.connect(address.conninfo(home, SUPERUSER), autocommit=True) as connection:
        connection.execute(_statement("extensions.sql"))


if __name__ == "__main__":
    main()
