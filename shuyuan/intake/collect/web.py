"""Requests to a web server, retried where that helps, and a folder of one as a Transport.

Belongs here: HTTP. Does not belong here: the pages of an interface (`api.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import TypeVar
from urllib.parse import quote, unquote, urljoin, urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from shuyuan.intake.collect.connections import HttpAccess
from shuyuan.intake.collect.errors import AccessRefused, BadReply, Unreachable
from shuyuan.intake.collect.files import Remote

Got = TypeVar("Got")
BUSY = (408, 425, 429, 500, 502, 503, 504)
LONGEST_PAUSE = 120.0  # seconds; who wants to be left alone for longer is asked again by the next try of the task
TRIES = 5
INDEX = 4_000_000  # bytes of a page of links


@contextmanager
def opened(access: HttpAccess, timeout: float) -> Iterator[httpx.Client]:
    """A client of one server. It follows no redirect: our password would go along."""
    with httpx.Client(
        headers=dict(access.headers), verify=access.verify, proxy=access.proxy, timeout=timeout, follow_redirects=False
    ) as client:
        yield client


def below(base: str, path: str) -> str:
    """The address of a path below a base address."""
    return f"{base.rstrip('/')}/{path.lstrip('/')}" if path not in ("", ".") else base


def patiently(ask: Callable[[], Got]) -> Got:
    """Ask again, at growing intervals or when the server says, as long as it is only Unreachable."""
    return Retrying(
        retry=retry_if_exception_type(Unreachable), stop=stop_after_attempt(TRIES), wait=_pause, reraise=True
    )(ask)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.pause if isinstance(error, Unreachable) else None
    return min(asked if asked is not None else wait_exponential_jitter(multiplier=0.5, max=30)(state), LONGEST_PAUSE)


@contextmanager
def answer(client: httpx.Client, where: str, method: str, url: str, **options: object) -> Iterator[httpx.Response]:
    """A response whose body is not read yet; 404 is an answer too. Raises Unreachable, AccessRefused, BadReply."""
    try:
        with client.stream(method, url, **options) as response:  # type: ignore[arg-type]
            _refuse(response, where)
            yield response
    except (httpx.InvalidURL, httpx.DecodingError) as error:
        problem = f"the exchange cannot be understood ({type(error).__name__})"
        raise BadReply(where, problem, "compare address and answer with its manual") from error
    except httpx.TransportError as error:
        raise Unreachable(where, f"no answer ({type(error).__name__})", "see whether the server runs") from error


def body(response: httpx.Response, most: int) -> bytes | None:
    """The body of a response, None when it is more than `most` bytes: then no more of it is read."""
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > most:
            return None
    return bytes(content)


def _refuse(response: httpx.Response, where: str) -> None:
    status = response.status_code
    if status in BUSY:
        busy = Unreachable(where, f"the server answers {status}", "try again later")
        busy.pause = _retry_after(response)
        raise busy
    if status in (401, 403):
        raise AccessRefused(where, f"the server answers {status}", "check the connection's name and password")
    if 300 <= status < 400:
        raise BadReply(where, f"the server sends us elsewhere ({status})", "give the connection the final address")
    if status >= 400 and status != 404:
        raise BadReply(where, f"the server answers {status}", "compare the contract's path and query with its manual")


def _retry_after(response: httpx.Response) -> float | None:
    """The server's own wish, in seconds or as a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    moment = _moment(text)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment else None


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class WebFolder:
    """`folder` below a web address; `index`: it answers with a page of links, otherwise files are asked for by name."""

    def __init__(self, client: httpx.Client, access: HttpAccess, connection: str, folder: str, *, index: bool) -> None:
        self._client, self._connection, self._index = client, connection, index
        self._url = below(access.base, folder).rstrip("/") + "/"

    def listing(self, wanted: Callable[[str], bool], expected: Iterable[str]) -> Iterable[Remote]:
        names = self._links() if self._index else expected
        return [remote for name in names if wanted(name) and (remote := self.look(name))]

    def look(self, name: str) -> Remote | None:
        return patiently(lambda: self._look(name))

    @contextmanager
    def read(self, name: str) -> Iterator[Iterator[bytes]]:
        with answer(self._client, self._where(name), "GET", self._address(name)) as response:
            if response.status_code == 404:
                raise Unreachable(self._where(name), "it is gone", "look again")
            yield response.iter_bytes(1 << 18)

    def _look(self, name: str) -> Remote | None:
        with answer(
            self._client, self._where(name), "HEAD", self._address(name), headers={"Accept-Encoding": "identity"}
        ) as response:
            return None if response.status_code == 404 else _remote(name, response)

    def _links(self) -> list[str]:
        where = self._where("")
        page = patiently(lambda: self._page(where))
        found = _Links(self._url)
        found.feed(page)
        return sorted(found.names)

    def _page(self, where: str) -> str:
        with answer(self._client, where, "GET", self._url) as response:
            if response.status_code == 404:
                return ""
            content = body(response, INDEX)
            if content is None:
                raise BadReply(where, "the page of links is larger than 4 MB", "give every resource its folder")
            charset = response.charset_encoding or "utf-8"
            try:
                return content.decode(charset, errors="replace")
            except (LookupError, ValueError) as error:
                problem = f"the page of links is in {charset[:40]!r}, which is no charset"
                raise BadReply(where, problem, "ask for UTF-8") from error

    def _address(self, name: str) -> str:
        return self._url + quote(name, safe="")

    def _where(self, name: str) -> str:
        return f"{self._connection}, {urlsplit(self._url).path}{name}"


def _remote(name: str, response: httpx.Response) -> Remote:
    headers = response.headers
    size = headers.get("Content-Length", "")
    changed, now = _moment(headers.get("Last-Modified", "")), _moment(headers.get("Date", ""))
    rested = (now - changed).total_seconds() if changed and now else None
    age = headers.get("ETag") or headers.get("Last-Modified")
    return Remote(name, int(size) if size.isdecimal() and "Content-Encoding" not in headers else None, age, rested)


class _Links(HTMLParser):
    """The files that a page links to in its own folder; what leads elsewhere is not followed."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder, self.names = folder, set[str]()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        link = dict(attributes).get("href") if tag == "a" else None
        try:
            address = urljoin(self._folder, link.partition("#")[0].partition("?")[0]) if link else ""
        except ValueError:  # `http://[`: it leads nowhere
            return
        if address.startswith(self._folder) and "/" not in address.removeprefix(self._folder):
            self.names.add(unquote(address.removeprefix(self._folder)))
        self.names.discard("")
