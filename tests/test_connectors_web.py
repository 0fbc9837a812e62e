"""Fetching deliveries: a real web server on this machine, files and pages of an interface; what goes wrong there loses and overwrites nothing here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from contracts import Contract, contracted  # noqa: F401
from servers import Web, as_json, web_server
from terminal import program  # noqa: F401
from town import HEADER, MONDAY, RESIDENT, TUESDAY, Town, ids, person

from shuyuan.flow import Rejected
from shuyuan.flow.collect import collect
from shuyuan.intake.collect import Unreachable

PEOPLE = ids(12)
NAME = "resident_20261116.csv"
TODAY = MONDAY
WEB = {"kind": "http", "connection": "registry", "folder": "out", "settle": 0}


def register(people: list[str] = PEOPLE) -> bytes:
    return "".join(f"{line}\n" for line in [HEADER, *map(person, people)]).encode("gb18030")


def fetched(town: Town) -> list[str]:
    return sorted(path.name for path in (town.home / "inbox" / "public_security").iterdir())


def known(town: Town) -> int:
    return int(town.one("SELECT count(*) FROM ledger.collected"))


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    with web_server() as running:
        monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", f"http://127.0.0.1:{running.port}/v1")
        yield running


# HTTP


def test_a_file_on_the_web_is_asked_for_by_name_and_fetched_once(town: Town, contract: Contract, web: Web) -> None:
    contract(connector=WEB)
    assert collect(RESIDENT, MONDAY) == []
    web.files |= {f"/v1/out/{NAME}": register(), f"/v1/out/{NAME}.ok": b"12"}
    assert [path.name for path in collect(RESIDENT, MONDAY)] == [f"{NAME}.ok", NAME]
    web.asked.clear()
    assert collect(RESIDENT, MONDAY) == []
    assert {method for method, _ in web.asked} == {"HEAD"}
    web.files |= {f"/v1/out/{NAME}": register(PEOPLE[:11]), f"/v1/out/{NAME}.ok": b"11"}
    assert "resident_20261116_2.csv" in [path.name for path in collect(RESIDENT, MONDAY)]


def test_a_page_of_links_is_read_and_what_leads_elsewhere_is_not_followed(
    town: Town, contract: Contract, web: Web
) -> None:
    contract(connector=WEB | {"index": True}, pattern="*{date}.csv", control=False)
    links = ["居民%2020261116.csv", "/v1/out/resident_20261116.csv", "../other_20261116.csv", "http://127.0.0.1:1/x_20261116.csv", "./", "?C=M",
             "later_20261117.csv"]  # fmt: skip
    page = "".join(f'<a href="{link}">x</a>' for link in links)
    web.answers["/v1/out/"] = lambda _query, _web: (200, {"Content-Type": "text/html"}, f"<html>{page}".encode())
    web.files |= {"/v1/out/%E5%B1%85%E6%B0%91%2020261116.csv": b"a", f"/v1/out/{NAME}": register()}
    assert sorted(path.name for path in collect(RESIDENT, MONDAY)) == [NAME, "居民 20261116.csv"]
    assert not [path for _, path in web.asked if "other" in path or "later" in path]


@pytest.mark.parametrize(
    "kind", ["text/html; charset=nosuch", "text/html; charset=hex", "text/html; charset=undefined"]
)
def test_a_page_of_links_in_no_charset_is_refused(town: Town, contract: Contract, web: Web, kind: str) -> None:
    contract(connector=WEB | {"index": True}, control=False)
    web.answers["/v1/out/"] = lambda _query, _web: (200, {"Content-Type": kind}, b"<html>")
    with pytest.raises(Rejected, match="charset") as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == "bad_reply"


def test_an_endless_page_of_links_is_refused_and_a_broken_link_is_not_followed(
    town: Town, contract: Contract, web: Web
) -> None:
    contract(connector=WEB | {"index": True}, control=False)
    web.files[f"/v1/out/{NAME}"] = register()
    page = f'<a href="http://[">x</a><a href="{NAME}">x</a>'.encode()
    web.answers["/v1/out/"] = lambda _query, _web: (200, {}, page)
    assert [path.name for path in collect(RESIDENT, MONDAY)] == [NAME]
    web.answers["/v1/out/"] = lambda _query, _web: (200, {}, page + b" " * 4_000_000)
    with pytest.raises(Rejected, match="larger than 4 MB"):
        collect(RESIDENT, MONDAY)


def test_a_link_that_hides_a_way_out_is_refused(town: Town, contract: Contract, web: Web) -> None:
    contract(connector=WEB | {"index": True}, pattern="*{date}.csv", control=False)
    name = "%2e%2e%2fevil_20261116.csv"
    web.answers["/v1/out/"] = lambda _query, _web: (200, {}, f'<a href="{name}">x</a>'.encode())
    web.files[f"/v1/out/{name.replace('%2e', '.').replace('%2f', '%2F')}"] = b"x"
    with pytest.raises(Rejected, match=r"\.\./evil"):
        collect(RESIDENT, MONDAY)


def test_a_server_that_tells_neither_size_nor_age_is_told_by_its_bytes(
    town: Town, contract: Contract, web: Web
) -> None:
    contract(connector=WEB, control=False)
    web.answers[f"/v1/out/{NAME}"] = lambda _query, _web: (200, {"Content-Encoding": "identity"}, register())
    assert len(collect(RESIDENT, MONDAY)) == 1
    assert collect(RESIDENT, MONDAY) == []
    assert fetched(town) == [NAME]


def test_a_short_answer_is_not_taken_for_the_file(
    town: Town, contract: Contract, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shuyuan.intake.collect.SESSIONS", 1)
    contract(connector=WEB, control=False)
    web.answers[f"/v1/out/{NAME}"] = lambda _query, _web: (200, {"Content-Length": "100000"}, register())
    with pytest.raises(Unreachable):
        collect(RESIDENT, MONDAY)
    assert fetched(town) == [] and known(town) == 0


# An interface with pages


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"公民身份号码": number, "姓名": f"王{at}", "面积": "x"} for at, number in enumerate(ids(count)[start:])]


API = {
    "kind": "api",
    "connection": "registry",
    "path": "people",
    "query": {"day": "{iso_date}"},
    "rows": "data.list",
    "total": "data.total",
}
PAGES = {"by": "page", "param": "pageNo", "size_param": "pageSize", "size": 5}


def paged(everything: list[dict[str, Any]], most: int = 1000) -> Any:
    """An interface that hands out numbered pages, of at most `most` rows whatever is asked."""

    def reply(query: dict[str, str], _web: Web) -> Any:
        size = min(int(query["pageSize"]), most)
        first = (int(query["pageNo"]) - 1) * size
        return as_json({"data": {"list": everything[first : first + size], "total": str(len(everything))}})

    return reply


def api(contract: Contract, **connector: object) -> None:
    contract(pattern="resident_{date}.jsonl", connector=API | connector)


def lines(town: Town, name: str = "resident_20261116.jsonl") -> list[str]:
    return (town.home / "inbox" / "public_security" / name).read_text("utf-8").splitlines()


@pytest.mark.parametrize("most", [1000, 3])
def test_numbered_pages_become_one_file_with_its_count(town: Town, contract: Contract, web: Web, most: int) -> None:
    api(contract, paging=PAGES)
    web.answers["/v1/people"] = paged(rows(12), most)
    (path,) = collect(RESIDENT, MONDAY, today=TODAY)
    assert len(lines(town)) == 12
    assert path.with_name(path.name + ".ok").read_text().startswith("rows=12\nsize=")
    assert web.asked[0][1] == "/v1/people?day=2026-11-16&pageSize=5&pageNo=1"
    asked = len(web.asked)
    assert collect(RESIDENT, MONDAY) == [] and len(web.asked) == asked, "a date is asked for once"
    assert collect(RESIDENT, MONDAY, again=True) == [], "the same rows are no second delivery"
    web.answers["/v1/people"] = paged(rows(11), most)
    assert [path.name for path in collect(RESIDENT, MONDAY, again=True)] == ["resident_20261116_2.jsonl"]


def test_a_cursor_is_followed_to_its_end(town: Town, contract: Contract, web: Web) -> None:
    api(contract, paging={"by": "cursor", "param": "after", "at": "next"}, total=None)
    everything = rows(12)

    def reply(query: dict[str, str], _web: Web) -> Any:
        first = int(query.get("after", "0"))
        following = {"next": str(first + 5)} if first + 5 < 12 else {"next": None}
        return as_json({"data": {"list": everything[first : first + 5]}, **following})

    web.answers["/v1/people"] = reply
    collect(RESIDENT, MONDAY)
    assert len(lines(town)) == 12


@pytest.mark.parametrize("in_header", [True, False])
def test_links_are_followed_on_the_same_server_only(town: Town, contract: Contract, web: Web, in_header: bool) -> None:
    api(contract, paging={"by": "link", "at": None if in_header else "next"}, total=None)
    everything, target = rows(12), {"base": ""}

    def reply(query: dict[str, str], _web: Web) -> Any:
        first = int(query.get("from", "0"))
        link = f"{target['base']}/v1/people?from={first + 6}" if first + 6 < 12 else None
        headers = {"Link": f'<{link}>; rel="next"'} if in_header and link else {}
        return as_json(
            {"data": {"list": everything[first : first + 6]}, "next": None if in_header else link}, **headers
        )

    web.answers["/v1/people"] = reply
    collect(RESIDENT, MONDAY)
    assert len(lines(town)) == 12
    target["base"] = "http://localhost:1"
    with pytest.raises(Rejected, match="another server"):
        collect(RESIDENT, TUESDAY)


@pytest.mark.parametrize("link", ["http://[", "/v1/people?from=\x7f\x01"])
def test_a_link_that_is_no_address_is_refused(town: Town, contract: Contract, web: Web, link: str) -> None:
    api(contract, paging={"by": "link", "at": "next"}, total=None)
    web.answers["/v1/people"] = lambda _query, _web: as_json({"data": {"list": rows(3)}, "next": link})
    with pytest.raises(Rejected) as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == "bad_reply"


def test_a_busy_server_is_asked_again_when_it_says(town: Town, contract: Contract, web: Web) -> None:
    api(contract, paging=PAGES)
    web.answers["/v1/people"] = paged(rows(7))
    web.trouble = [(429, {"Retry-After": "1"}), (503, {})]
    began = time.monotonic()
    collect(RESIDENT, MONDAY)
    assert len(lines(town)) == 7 and len(web.asked) == 4
    assert time.monotonic() - began >= 1


def test_a_server_that_stays_busy_is_given_up_and_nothing_is_laid(town: Town, contract: Contract, web: Web) -> None:
    api(contract, paging=PAGES)
    web.trouble = [(503, {"Retry-After": "0"})] * 20
    with pytest.raises(Unreachable, match="503"):
        collect(RESIDENT, MONDAY)
    assert len(web.asked) == 5
    assert fetched(town) == []


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (as_json({"data": {"list": rows(3), "total": 4}}), "bad_reply"),  # the same page for ever
        (as_json({"data": {"list": rows(3), "total": 2}}), "not_as_promised"),
        (as_json({"data": {"list": [], "total": 2}}), "not_as_promised"),
        (as_json({"data": {"list": [], "total": 0}}), "bad_reply"),  # a whole register of nobody
        (as_json({"data": {"list": rows(1), "total": "many"}}), "bad_reply"),
        (as_json({"code": 500, "message": "系统异常"}), "bad_reply"),
        (as_json({"data": {"list": [1, 2], "total": 2}}), "bad_reply"),
        ((200, {}, "<html>请登录".encode()), "bad_reply"),
        ((200, {}, b'{"data": ' + b"[" * 200_000), "bad_reply"),
        ((200, {}, b'{"data": {"list": [{"a": ' + b"[" * 900 + b"]" * 900 + b'}], "total": ' + b"9" * 4_000 + b"}}"), "bad_reply"),
        ((200, {"Content-Encoding": "gzip"}, b"not packed"), "bad_reply"),
        ((200, {}, b" " * 64_000_001), "too_large"),
        ((401, {}, b""), "access_refused"),
        ((302, {"Location": "http://127.0.0.1:1/login"}, b""), "bad_reply"),
        ((400, {}, b""), "bad_reply"),
        ((404, {}, b""), "bad_reply"),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_the_register_are_refused(
    town: Town, contract: Contract, web: Web, reply: Any, reason: str
) -> None:
    api(contract, paging=PAGES)
    web.answers["/v1/people"] = lambda _query, _web: reply
    with pytest.raises(Rejected, match="Way out") as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == reason
    assert fetched(town) == [] and known(town) == 0
    assert town.ask("SELECT step, outcome FROM ledger.load") == [("collect", "refused")]


def test_a_total_that_moves_while_we_read_is_refused(town: Town, contract: Contract, web: Web) -> None:
    api(contract, paging=PAGES)
    totals = iter([12, 13, 13])

    def reply(query: dict[str, str], _web: Web) -> Any:
        first = (int(query["pageNo"]) - 1) * 5
        return as_json({"data": {"list": rows(13)[first : first + 5], "total": next(totals)}})

    web.answers["/v1/people"] = reply
    with pytest.raises(Rejected, match="from 12 to 13"):
        collect(RESIDENT, MONDAY)


def test_numbers_keep_their_digits(town: Town, contract: Contract, web: Web) -> None:
    api(contract, total=None)
    body = '{"data": {"list": [{"公民身份号码": 110105717776658000, "姓名": 1.10, "面积": 12345678901234567.89, "x": "\\ud800"}]}}'
    web.answers["/v1/people"] = lambda _query, _web: (200, {}, body.encode())
    collect(RESIDENT, MONDAY)
    assert lines(town) == ['{"\\u516c\\u6c11\\u8eab\\u4efd\\u53f7\\u7801":110105717776658000,"\\u59d3\\u540d":"1.10",'
                           '"\\u9762\\u79ef":"12345678901234567.89","x":"\\ud800"}']  # fmt: skip


@pytest.mark.parametrize(
    ("user", "header"), [("u:p%20w@", "Basic dTpwIHc="), (":to%2Fken@", "Bearer to/ken"), ("", None)]
)
def test_the_connection_signs_in(
    town: Town, contract: Contract, web: Web, monkeypatch: pytest.MonkeyPatch, user: str, header: str | None
) -> None:
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", f"http://{user}127.0.0.1:{web.port}/v1?X-App-Key=k1")
    api(contract, paging=PAGES)
    web.answers["/v1/people"] = paged(rows(3))
    collect(RESIDENT, MONDAY)
    assert web.headers[0].get("Authorization") == header
    assert web.headers[0]["X-App-Key"] == "k1"


def test_a_register_as_it_stands_now_is_not_sold_as_that_of_another_day(
    town: Town, contract: Contract, web: Web
) -> None:
    api(contract, query={}, paging=PAGES)
    web.answers["/v1/people"] = paged(rows(3))
    for today in (MONDAY - timedelta(days=1), MONDAY + timedelta(days=2)):
        with pytest.raises(Rejected, match="not of 2026-11-16"):
            collect(RESIDENT, MONDAY, today=today)
    assert collect(RESIDENT, MONDAY, today=MONDAY + timedelta(days=1)), "the clock ran past midnight"
