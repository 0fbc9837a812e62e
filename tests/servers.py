"""Other people's servers, real ones on this machine: an SFTP server, a web server, a department's PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import asyncssh
import psycopg

from shuyuan.db import address, cluster

LOGIN, PASSWORD = "tax", "p@ss/word"


# SFTP


@dataclass
class Sftp:
    """A running SFTP server: what lies in `folder` is what it shows. `extra`: names that it claims to have besides."""

    folder: Path
    port: int = 0
    host_key: str = ""
    extra: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    break_after: int | None = None  # bytes after which it hangs up, once

    @property
    def url(self) -> str:
        return f"sftp://{LOGIN}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}?host_key={quote(self.host_key)}"


@contextmanager
def sftp_server(folder: Path) -> Iterator[Sftp]:
    """An SFTP server of its own thread."""
    server = Sftp(folder)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listener = asyncio.run_coroutine_threadsafe(_listen(server), loop).result(30)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_close(listener), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _listen(server: Sftp) -> Any:
    key = asyncssh.generate_private_key("ssh-ed25519")
    server.host_key = " ".join(key.export_public_key().decode().split()[:2])
    listener = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[key], server_factory=_OneUser,
        sftp_factory=lambda channel: _Folder(server, channel),
    )  # fmt: skip
    server.port = listener.get_port()
    return listener


async def _close(listener: Any) -> None:
    listener.close()
    await listener.wait_closed()


class _OneUser(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (LOGIN, PASSWORD)


class _Folder(asyncssh.SFTPServer):
    def __init__(self, server: Sftp, channel: Any) -> None:
        self._server = server
        super().__init__(channel, chroot=str(server.folder).encode())

    async def scandir(self, path: bytes) -> AsyncIterator[Any]:
        async for entry in super().scandir(path):
            yield entry
        for name in self._server.extra:
            attributes = asyncssh.SFTPAttrs(permissions=0o100644, size=3, atime=0, mtime=0)
            yield asyncssh.SFTPName(name.encode(), "", attributes)

    def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
        self._server.opened.append(path.decode().rpartition("/")[2])
        return super().open(path, pflags, attrs)

    def read(self, file_obj: Any, offset: int, size: int) -> Any:
        limit = self._server.break_after
        if limit is not None and offset >= limit:
            self._server.break_after = None
            self.channel.get_connection().abort()
            raise asyncssh.SFTPFailure("gone")
        return super().read(file_obj, offset, size)


# HTTP


@dataclass
class Web:
    """A running web server. `files`: path → bytes, with validators. `answers`: path → function of the query, for what is computed."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, Callable[[dict[str, str], Any], tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    trouble: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # answered first, one by one

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def web_server() -> Iterator[Web]:
    """A web server of its own thread."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self._reply(head=True)

        def do_GET(self) -> None:
            self._reply()

        def _reply(self, head: bool = False) -> None:
            web.asked.append((self.command, self.path))
            web.headers.append(dict(self.headers))
            status, headers, body = _answer(web, self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not head:
                self.wfile.write(body)
                if int(headers.get("Content-Length", len(body))) != len(body):
                    self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _answer(web: Web, path: str) -> tuple[int, dict[str, str], bytes]:
    if web.trouble:
        status, headers = web.trouble.pop(0)
        return status, headers, b"busy"
    parts = urlsplit(path)
    if parts.path in web.answers:
        return web.answers[parts.path](dict(parse_qsl(parts.query)), web)
    if parts.path in web.files:
        body = web.files[parts.path]
        return 200, {"ETag": f'"{hash(body)}"', "Last-Modified": formatdate(0, usegmt=True)}, body
    return 404, {}, b"not here"


def as_json(value: object, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json", **headers}, json.dumps(value, ensure_ascii=False).encode()


# PostgreSQL


@contextmanager
def department_database(home: Path) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """A second database on the test server, of which a reader may see what it is granted. → the reader's URL, the owner's connection."""
    where = address.conninfo(home, cluster.SUPERUSER, "postgres")
    with psycopg.connect(where, autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS taxes")
        server.execute("DROP ROLE IF EXISTS taxes_reader")
        server.execute(f"CREATE ROLE taxes_reader LOGIN PASSWORD '{PASSWORD}'")
        server.execute("CREATE DATABASE taxes")
    own = address.conninfo(home, cluster.SUPERUSER, "taxes")
    socket = psycopg.conninfo.conninfo_to_dict(own)["host"]
    try:
        with psycopg.connect(own, autocommit=True) as owner:
            secret = quote(PASSWORD, safe="")
            yield (
                f"postgresql+psycopg://taxes_reader:{secret}@/taxes?host={quote(str(socket), safe='')}&port=5432",
                owner,
            )
    finally:
        with psycopg.connect(where, autocommit=True) as server:
            server.execute("DROP DATABASE taxes WITH (FORCE)")
            server.execute("DROP ROLE taxes_reader")
