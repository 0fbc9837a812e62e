"""An interface that hands out rows as JSON, page by page, into one file of JSON lines with its row count.

Belongs here: which page comes next, when it is the last, and whether all rows came. Does not belong here: HTTP itself (`web.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from shuyuan.catalog.delivery import ApiConnector
from shuyuan.intake import file_names
from shuyuan.intake.collect.connections import HttpAccess
from shuyuan.intake.collect.errors import BadReply, NotAsPromised, TooLarge
from shuyuan.intake.collect.lay import MEGABYTE, refuse_size
from shuyuan.intake.collect.web import answer, below, body, opened, patiently

PAGE = 64  # MB of one page: it is in memory whole, and as objects it is several times as large
DIGITS = 18  # of a total


@dataclass(frozen=True)
class _Page:
    rows: list[dict[str, Any]]
    total: int | None
    following: str | None  # cursor or address of the next page, where the paging has one


@dataclass
class _Reader:
    """One walk through all pages."""

    client: httpx.Client
    access: HttpAccess
    connector: ApiConnector
    day: date
    total: int | None = None
    rows: int = 0
    seen: set[str] = field(default_factory=set)
    last: list[dict[str, Any]] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.connector.connection}, {file_names.filled(self.connector.path, self.day) or '/'}"

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """The rows of every page that has some."""
        address: str | None = self._first()
        number = 0
        while address is not None:
            self._refuse_repeated(address)
            number += 1
            page = self._page(address)
            self._count(page, number)
            if page.rows:
                yield page.rows
            address = self._next(page, number)
        self._refuse_gap()

    def _first(self) -> str:
        paging = self.connector.paging
        first = {paging.param: str(paging.first)} if paging and paging.by == "page" else {}
        return self._address(first)

    def _address(self, more: Mapping[str, str]) -> str:
        paging = self.connector.paging
        size = {paging.size_param: str(paging.size)} if paging and paging.size_param else {}
        asked = {name: file_names.filled(value, self.day) for name, value in self.connector.query.items()}
        query = urlencode(asked | size | dict(more))
        address = below(self.access.base, file_names.filled(self.connector.path, self.day))
        return f"{address}?{query}" if query else address

    def _next(self, page: _Page, number: int) -> str | None:
        """The address of the page after this one, None after the last. A short page is not the last: servers cut pages as they like."""
        paging = self.connector.paging
        if paging is None or (self.total is not None and self.rows >= self.total and paging.by == "page"):
            return None
        if paging.by == "page":
            return self._address({paging.param: str(paging.first + number)}) if page.rows else None
        if paging.by == "cursor":
            return self._address({paging.param: page.following}) if page.following else None
        return self._own(page.following) if page.following else None

    def _own(self, link: str) -> str:
        """A link of the reply. It must lead to the server that our password is for."""
        try:
            address = urljoin(below(self.access.base, file_names.filled(self.connector.path, self.day)), link)
            own = urlsplit(address)[:2] == urlsplit(self.access.base)[:2]
        except ValueError as error:
            problem = f"the next page's address is none: {link[:80]!r}"
            raise BadReply(self.where, problem, "compare `paging` with the manual") from error
        if not own:
            raise BadReply(
                self.where, "the next page is on another server", "give the connection that server's address"
            )
        return address

    def _refuse_repeated(self, address: str) -> None:
        if address in self.seen:
            raise BadReply(self.where, "the next page is one that came before", "compare `paging` with the manual")
        self.seen.add(address)

    def _page(self, address: str) -> _Page:
        reply, link = patiently(lambda: self._ask(address))
        paging = self.connector.paging
        rows, total = (
            _at(reply, self.connector.rows),
            _at(reply, self.connector.total) if self.connector.total else None,
        )
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            problem = f"`{self.connector.rows or 'the reply'}` is no list of objects"
            raise BadReply(self.where, problem, "say in `rows` where the rows stand")
        following = _at(reply, paging.at) if paging and paging.at else link
        return _Page(rows, self._number(total), None if following in (None, "") else str(following))

    def _ask(self, address: str) -> tuple[Any, str | None]:
        with answer(self.client, self.where, "GET", address, headers={"Accept": "application/json"}) as response:
            if response.status_code == 404:
                raise BadReply(self.where, "there is no such path (404)", "correct `path`, or the connection's address")
            most = min(PAGE, self.connector.limit)
            content = body(response, most * MEGABYTE)
            if content is None:
                raise TooLarge(self.where, f"a page of more than {most} MB", "ask for smaller pages: `paging.size`")
            return self._parsed(content), response.links.get("next", {}).get("url")

    def _parsed(self, content: bytes) -> Any:
        try:
            # A decimal stays as it is written: as a binary fraction it would be another number.
            return json.loads(content, parse_float=str, parse_constant=str)
        except RecursionError as error:
            raise BadReply(self.where, "the answer is nested too deeply", "see what the address answers") from error
        except ValueError as error:
            shown = content[:60].decode(errors="replace")
            raise BadReply(self.where, f"the answer is no JSON: {shown!r}", "see what the address answers") from error

    def _number(self, total: Any) -> int | None:
        if self.connector.total is None:
            return None
        if isinstance(total, bool) or not str(total).isdecimal() or len(str(total)) > DIGITS:
            problem = f"`{self.connector.total}` is {str(total)[:40]!r}, no number of rows"
            raise BadReply(self.where, problem, "correct `total`")
        return int(total)

    def _count(self, page: _Page, number: int) -> None:
        if page.rows and page.rows == self.last:
            problem = f"page {number} is page {number - 1} again"
            raise BadReply(
                self.where, problem, "compare `paging` with the manual: the server does not see our parameter"
            )
        self.last = page.rows
        if number > 1 and page.total != self.total:
            problem = f"the total went from {self.total} to {page.total} while we read"
            raise NotAsPromised(self.where, problem, "fetch when the register rests")
        self.total, self.rows = page.total, self.rows + len(page.rows)

    def _refuse_gap(self) -> None:
        if self.total is not None and self.rows != self.total:
            problem = f"{self.rows} rows came, but the answer states {self.total}"
            raise NotAsPromised(self.where, problem, "compare `paging` with the manual, or fetch again")


def write(access: HttpAccess, connector: ApiConnector, day: date, path: Path) -> int:
    """Write every row as a line of JSON, in memory of one page. → how many.

    Raises Unreachable, AccessRefused, BadReply, NotAsPromised, TooLarge.
    """
    with opened(access, connector.timeout) as client, path.open("wb") as sink:
        reader = _Reader(client, access, connector, day)
        for rows in reader.pages():
            sink.writelines(_line(row, reader.where) for row in rows)
            refuse_size(reader.where, sink.tell(), connector.limit)
        return reader.rows


def _line(row: dict[str, Any], where: str) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except RecursionError as error:
        raise BadReply(where, "a row is nested too deeply", "see what the address answers") from error
    except UnicodeEncodeError:  # half a character: escaped, so that the reader judges it
        return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def _at(reply: Any, place: str | None) -> Any:
    """What stands at `data.list` of a reply; None where there is nothing."""
    for name in place.split(".") if place else ():
        reply = reply.get(name) if isinstance(reply, dict) else None
    return reply
