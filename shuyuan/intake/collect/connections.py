"""Where a named connection leads and who we are there. By hand from the environment; Airflow's own connections are read in `dags/`.

`SHUYUAN_CONNECTION_<NAME>` holds a URL: `sftp://user:password@host:22?host_key=ssh-ed25519 AAAA…`, `https://user:password@host/base`
(`https://:token@host` is a bearer token; what follows `?` are request headers), or any SQLAlchemy URL, its parts percent-encoded.
No password of it is ever printed.
Belongs here: names → addresses and credentials. Does not belong here: what is done with them.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from shuyuan.intake.collect.errors import AccessRefused, NoConnection, Unreachable

VARIABLE = "SHUYUAN_CONNECTION_"
ENCODE = "percent-encode the password: @ is %40, : is %3A, / is %2F, # is %23, ? is %3F"


class SftpClient(Protocol):
    """What we use of paramiko's SFTP client, which Airflow's SFTPHook hands out too."""

    def listdir_iter(self, path: str) -> Iterable[Any]: ...
    def stat(self, path: str) -> Any: ...
    def open(self, filename: str, mode: str) -> Any: ...
    def get_channel(self) -> Any: ...


@dataclass(frozen=True)
class HttpAccess:
    """A web server: its base address and what every request carries. `headers` hold secrets, so neither is shown."""

    base: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify: bool | str = True
    proxy: str | None = field(default=None, repr=False)


class Connections(Protocol):
    """Connections by name. Each method raises NoConnection for a name that nobody has set up."""

    def http(self, name: str) -> HttpAccess:
        """A web server."""

    def database(self, name: str) -> str:
        """The SQLAlchemy URL of a database, its password inside."""

    def sftp(self, name: str, timeout: float) -> AbstractContextManager[SftpClient]:
        """An open SFTP session."""


class Environment:
    """Connections from SHUYUAN_CONNECTION_<NAME>."""

    def http(self, name: str) -> HttpAccess:
        parts = _split(name)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _unfit(name, "http:// or https:// and a host")
        port = f":{parts.port}" if parts.port else ""
        headers = dict(parse_qsl(parts.query)) | authorization(
            unquote(parts.username or ""), unquote(parts.password or "")
        )
        return HttpAccess(f"{parts.scheme}://{_host(parts)}{port}{parts.path}", headers)

    def database(self, name: str) -> str:
        return _value(name)

    @contextmanager
    def sftp(self, name: str, timeout: float) -> Iterator[SftpClient]:
        parts = _split(name)
        if parts.scheme != "sftp" or not parts.hostname:
            raise _unfit(name, "sftp:// and a host")
        with session(name) as opening, opening(lambda: _signed_in(parts, timeout)) as client:
            yield client


Opening = Callable[[Callable[[], AbstractContextManager[Any]]], AbstractContextManager[Any]]


@contextmanager
def session(name: str) -> Iterator[Opening]:
    """Failures of an SFTP session in our words, whoever opens it. → what opens it.

    Opening is told apart from the session's life: there an OSError is the way to the server, here it may be a full disk of ours.
    """
    import paramiko  # type: ignore[import-untyped]  # noqa: PLC0415  # comes with Airflow's SFTP provider; loads cryptography

    try:
        yield lambda open_: _opened(name, open_)
    except (paramiko.AuthenticationException, paramiko.BadHostKeyException) as error:
        problem = f"the server does not let us in ({error})"
        raise AccessRefused(name, problem, "check name, key and host key") from error
    except (paramiko.SSHException, EOFError) as error:
        if "not found in known_hosts" in str(error):
            raise AccessRefused(name, str(error), "give the connection the server's host_key") from error
        problem = f"the SFTP session failed ({error or type(error).__name__})"
        raise Unreachable(name, problem, "try again") from error


@contextmanager
def _opened(name: str, open_: Callable[[], AbstractContextManager[Any]]) -> Iterator[Any]:
    with ExitStack() as stack:
        try:
            client = stack.enter_context(open_())
        except OSError as error:
            raise Unreachable(name, f"the server does not answer ({error})", "see whether it runs") from error
        yield client


@contextmanager
def _signed_in(parts: SplitResult, timeout: float) -> Iterator[SftpClient]:
    import paramiko  # noqa: PLC0415

    with paramiko.SSHClient() as ssh:
        _trust(ssh, parts, paramiko)
        _sign_in(ssh, parts, timeout)
        with ssh.open_sftp() as client:
            yield client


def authorization(login: str, password: str) -> dict[str, str]:
    """The header of a name with its password, or, without a name, of a bearer token."""
    if login:
        return {"Authorization": "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()}
    return {"Authorization": f"Bearer {password}"} if password else {}


def _value(name: str) -> str:
    variable = VARIABLE + name.upper()
    value = os.environ.get(variable, "").strip()
    if not value:
        raise NoConnection(name, f"{variable} is not set", "set it to the connection's URL, or run the feed in Airflow")
    return value


def _split(name: str) -> SplitResult:
    """The parts of a connection's URL. One that may have been cut within its password is refused: the pieces would be taken for the host."""
    value = _value(name)
    try:
        parts = urlsplit(value)
        whole = "#" not in value and value.count("@") == ("@" in parts.netloc)
        _ = parts.port  # raises, with what stands in its place
    except ValueError:
        whole = False
    if not whole:
        problem = f"{VARIABLE}{name.upper()} is no URL that can be taken apart safely"
        raise NoConnection(name, problem, ENCODE) from None
    return parts


def _unfit(name: str, needs: str) -> NoConnection:
    return NoConnection(name, f"{VARIABLE}{name.upper()} does not begin with {needs}", "set it to such a URL")


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _trust(ssh: Any, parts: SplitResult, paramiko: Any) -> None:
    """Only a host whose key is known is spoken to: the one given with the URL, else those of the user's known_hosts."""
    ssh.set_missing_host_key_policy(paramiko.RejectPolicy())
    given = dict(parse_qsl(parts.query)).get("host_key")
    if given:
        kind, data = (
            given.replace(" ", "+").replace("+", " ", 1).split(" ")[:2]
        )  # a plus sign in a query reads as a blank
        key = paramiko.PKey.from_type_string(kind, base64.b64decode(data))
        host = parts.hostname if (parts.port or 22) == 22 else f"[{parts.hostname}]:{parts.port}"
        ssh.get_host_keys().add(host, kind, key)
    else:
        ssh.load_system_host_keys()


def _sign_in(ssh: Any, parts: SplitResult, timeout: float) -> None:
    password = unquote(parts.password) if parts.password else None
    key_file = dict(parse_qsl(parts.query)).get("key_file")
    ssh.connect(
        parts.hostname,
        parts.port or 22,
        unquote(parts.username) if parts.username else None,
        password,
        key_filename=key_file,
        allow_agent=not password,
        look_for_keys=not password and not key_file,
        timeout=timeout,
        banner_timeout=timeout,
        auth_timeout=timeout,
    )
