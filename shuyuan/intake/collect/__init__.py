"""Collect: fetch a resource's delivery from where its connector says, into the department's inbox. Every kind behind one door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from shuyuan.catalog import Resource
from shuyuan.catalog.delivery import ApiConnector, DatabaseConnector, FileConnector, HttpConnector, SftpConnector
from shuyuan.intake import file_names
from shuyuan.intake.collect import api, files, table, web
from shuyuan.intake.collect.connections import Connections, Environment, HttpAccess, SftpClient
from shuyuan.intake.collect.errors import BadReply, CollectError, NotCollectable, NotOfThatDay, Unreachable
from shuyuan.intake.collect.files import Collected, Memory, Remote
from shuyuan.intake.collect.lay import lay, measured, piece_of
from shuyuan.intake.collect.sftp import SftpFolder

__all__ = [
    "CollectError",
    "Collected",
    "Connections",
    "Environment",
    "HttpAccess",
    "Memory",
    "NotCollectable",
    "Remote",
    "SftpClient",
    "Unreachable",
    "collect",
]

SESSIONS = 3  # tries of a session that breaks off; what it has laid by then is not fetched again


def collect(
    resource: Resource,
    day: date,
    today: date,
    connections: Connections,
    inbox: Path,
    memory: Memory,
    *,
    again: bool = False,
) -> Iterator[Collected]:
    """Fetch what is new for a business date, one file at a time; each lies in the inbox before the next is asked for.

    A table or an interface is asked once per date, unless `again`. Raises CollectError.
    """
    connector = resource.delivery.connector
    if isinstance(connector, FileConnector):
        tries = Retrying(
            retry=retry_if_exception_type(Unreachable),
            stop=stop_after_attempt(SESSIONS),
            wait=wait_exponential_jitter(multiplier=1, max=30),
            reraise=True,
        )
        for attempt in tries:
            with attempt:
                yield from _files(resource, connector, day, connections, inbox, memory)
    elif isinstance(connector, DatabaseConnector | ApiConnector):
        yield from _made(resource, connector, day, today, connections, inbox, memory, again=again)


def _files(
    resource: Resource, connector: FileConnector, day: date, connections: Connections, inbox: Path, memory: Memory
) -> Iterator[Collected]:
    folder, name = file_names.filled(connector.folder, day), connector.connection
    if isinstance(connector, SftpConnector):
        with connections.sftp(name, connector.timeout) as client:
            there = SftpFolder(client, name, folder, connector.timeout)
            yield from files.fetch(resource, connector, day, there, inbox, memory)
    elif isinstance(connector, HttpConnector):
        access = connections.http(name)
        with web.opened(access, connector.timeout) as client:
            site = web.WebFolder(client, access, name, folder, index=connector.index)
            yield from files.fetch(resource, connector, day, site, inbox, memory)


def _made(
    resource: Resource, connector: DatabaseConnector | ApiConnector, day: date, today: date, connections: Connections,
    inbox: Path, memory: Memory, *, again: bool,
) -> Iterator[Collected]:  # fmt: skip
    """One file made of a table or of an interface's pages, with a control file that says how many rows it must hold."""
    name = file_names.filled(resource.delivery.pattern, day)
    if memory.laid(name) and not again:
        return
    _refuse_another_day(connector, day, today)
    with piece_of(inbox / resource.department) as path:
        rows = _maker(resource, connector, day, connections)(path)
        if not rows and resource.delivery.mode == "full":
            raise BadReply(connector.connection, "it hands out no row at all", "ask whether the register is empty")
        piece = measured(path)
        known = piece.sha256 in memory.bytes_of(name)
        promise = f"rows={rows}\nsize={piece.size}\nsha256={piece.sha256}\n".encode()
        yield Collected(Remote(name), None if known else lay(piece, name, promise), piece.sha256, piece.size)


def _maker(
    resource: Resource, connector: DatabaseConnector | ApiConnector, day: date, connections: Connections
) -> Callable[[Path], int]:
    if isinstance(connector, DatabaseConnector):
        address = connections.database(connector.connection)
        return lambda path: table.write(address, resource, connector, day, path)
    access = connections.http(connector.connection)
    return lambda path: api.write(access, connector, day, path)


def _refuse_another_day(connector: DatabaseConnector | ApiConnector, day: date, today: date) -> None:
    """A register as it stands now speaks of today, or of the evening before when the clock ran past midnight."""
    dated = connector.dated if isinstance(connector, ApiConnector) else connector.day is not None
    if not dated and not 0 <= (today - day).days <= 1:
        problem = f"it shows the register of {today}, not of {day}"
        raise NotOfThatDay(
            connector.connection, problem, "collect on the day itself, or say in the connector where the day stands"
        )
