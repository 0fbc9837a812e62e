"""Fetching deliveries: real SFTP, web and PostgreSQL servers on this machine; what goes wrong there loses and overwrites nothing here."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from contracts import Contract, contracted  # noqa: F401
from servers import LOGIN, PASSWORD, Sftp, Web, as_json, department_database, sftp_server, web_server
from terminal import program  # noqa: F401
from town import HEADER, MONDAY, RESIDENT, TUESDAY, WEDNESDAY, Town, ids, person

from shuyuan.flow import Rejected, admit, check, read, receive
from shuyuan.flow.collect import collect
from shuyuan.flow.stragglers import stragglers
from shuyuan.intake.collect import Unreachable

PEOPLE = ids(12)
NAME = "resident_20261116.csv"
TODAY = MONDAY
SFTP = {"kind": "sftp", "connection": "registry", "folder": "out", "settle": 0}
WEB = {"kind": "http", "connection": "registry", "folder": "out", "settle": 0}


def register(people: list[str] = PEOPLE) -> bytes:
    return "".join(f"{line}\n" for line in [HEADER, *map(person, people)]).encode("gb18030")


def fetched(town: Town) -> list[str]:
    return sorted(path.name for path in (town.home / "inbox" / "public_security").iterdir())


def known(town: Town) -> int:
    return int(town.one("SELECT count(*) FROM ledger.collected"))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sftp]:
    (tmp_path / "remote" / "out").mkdir(parents=True)
    with sftp_server(tmp_path / "remote") as running:
        monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", running.url)
        yield running


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    with web_server() as running:
        monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", f"http://127.0.0.1:{running.port}/v1")
        yield running


def put(server: Sftp, name: str = NAME, content: bytes | None = None, rows: int | None = 12) -> Path:
    path = server.folder / "out" / name
    path.write_bytes(register() if content is None else content)
    if rows is not None:
        path.with_name(name + ".ok").write_text(str(rows))
    return path


# SFTP


def test_a_file_on_sftp_becomes_a_delivery_and_is_fetched_once(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP)
    put(server)
    put(server, "somebody_else_20261116.csv")
    (path,) = (path for path in collect(RESIDENT, MONDAY) if path.suffix == ".csv")
    assert path.read_bytes() == register()
    assert fetched(town) == [NAME, f"{NAME}.ok"]
    batch = admit(check(read(receive(RESIDENT, MONDAY) or 0)))
    assert town.one("SELECT inserted FROM ledger.batch WHERE batch_id = %s", batch) == 12
    audit = town.ask(
        "SELECT file_name, file_sha256, outcome FROM ledger.load WHERE step = 'collect' AND file_name = %s", NAME
    )
    assert audit == [(NAME, hashlib.sha256(register()).hexdigest(), "ok")]
    server.opened.clear()
    assert collect(RESIDENT, MONDAY) == []
    assert server.opened == [], "known by name, size and age: not a byte is asked for"


def test_a_file_waits_for_its_control_file_and_for_its_day(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP)
    path = put(server, rows=None)
    put(server, "resident_20261117.csv")
    put(server, "resident_20260901.csv")
    assert collect(RESIDENT, MONDAY) == []
    path.with_name(NAME + ".ok").write_text("12")
    assert [path.name for path in collect(RESIDENT, MONDAY)] == [f"{NAME}.ok", NAME]


def test_a_file_that_may_still_grow_is_left_for_later(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP | {"settle": 60}, control=False)
    path = put(server, rows=None)
    assert collect(RESIDENT, MONDAY) == []
    os.utime(path, (time.time() - 61,) * 2)
    assert [path.name for path in collect(RESIDENT, MONDAY)] == [NAME]


def test_a_corrected_file_under_the_same_name_is_a_second_delivery(
    town: Town, contract: Contract, server: Sftp
) -> None:
    contract(connector=SFTP)
    put(server)
    collect(RESIDENT, MONDAY)
    town.feed(MONDAY)
    put(server, content=register(PEOPLE[:11]), rows=11)
    assert [path.name for path in collect(RESIDENT, MONDAY)] == [
        "resident_20261116_2.csv.ok",
        "resident_20261116_2.csv",
    ]
    assert (town.home / "inbox" / "public_security" / NAME).read_bytes() == register(), "nothing is overwritten"
    assert stragglers(WEDNESDAY) == [(RESIDENT, MONDAY)]
    batch = town.feed(MONDAY)
    assert town.one("SELECT deleted FROM ledger.batch WHERE batch_id = %s", batch) == 1
    assert town.ask("SELECT state FROM ledger.batch ORDER BY batch_id") == [("superseded",), ("admitted",)]


def test_a_late_file_of_an_earlier_day_is_fetched_with_a_later_one(
    town: Town, contract: Contract, server: Sftp
) -> None:
    contract(connector=SFTP)
    put(server, "resident_20261117.csv")
    collect(RESIDENT, TUESDAY)
    town.feed(TUESDAY)
    put(server, content=register(PEOPLE[:11]), rows=11)
    assert NAME in [path.name for path in collect(RESIDENT, WEDNESDAY)]
    assert town.state(town.feed(MONDAY)) == "outdated"


def test_what_lies_in_the_inbox_under_that_name_stays(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP)
    town.drop(NAME, b"dropped by hand", rows=1)
    put(server)
    collect(RESIDENT, MONDAY)
    assert (town.home / "inbox" / "public_security" / NAME).read_bytes() == b"dropped by hand"
    assert (town.home / "inbox" / "public_security" / "resident_20261116_2.csv").read_bytes() == register()


def test_the_same_bytes_again_under_the_same_name_are_no_second_delivery(
    town: Town, contract: Contract, server: Sftp
) -> None:
    contract(connector=SFTP)
    path = put(server)
    collect(RESIDENT, MONDAY)
    os.utime(path, (1_000_000_000,) * 2)
    assert collect(RESIDENT, MONDAY) == []
    assert fetched(town) == [NAME, f"{NAME}.ok"]


def test_names_that_lead_out_of_the_inbox_are_refused_and_hold_up_nobody(
    town: Town, contract: Contract, server: Sftp
) -> None:
    contract(connector=SFTP, pattern="*resident_{date}.csv", control=False)
    put(server, rows=None)
    server.extra = ["../../resident_20261116.csv"]
    with pytest.raises(Rejected, match=r"\.\./\.\./resident") as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == "unsafe_name"
    assert fetched(town) == [NAME]
    assert not list(town.home.parent.glob("resident*")) and not list(town.home.glob("resident*"))
    assert town.ask("SELECT outcome FROM ledger.load WHERE step = 'collect' ORDER BY load_id") == [
        ("ok",),
        ("refused",),
    ]


def test_links_are_not_followed(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP, control=False)
    (server.folder / "secret").write_text("root:x:0:0")
    (server.folder / "out" / NAME).symlink_to("../secret")
    assert collect(RESIDENT, MONDAY) == []


def test_a_transfer_that_breaks_off_leaves_nothing_and_is_tried_again(
    town: Town, contract: Contract, server: Sftp
) -> None:
    contract(connector=SFTP)
    content = register() + b"\n" * 3_000_000
    put(server, content=content)
    server.break_after = 1_000_000
    collect(RESIDENT, MONDAY)
    assert server.break_after is None, "it did hang up"
    assert fetched(town) == [NAME, f"{NAME}.ok"]
    assert (town.home / "inbox" / "public_security" / NAME).read_bytes() == content


def test_a_file_over_the_limit_is_refused_before_it_is_fetched(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP | {"limit": 1})
    put(server, content=b"x" * 1_000_001)
    with pytest.raises(Rejected, match="more than 1 MB") as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == "too_large"
    assert NAME not in server.opened and not (town.home / "inbox" / "public_security" / NAME).exists()


@pytest.mark.parametrize("wrong", ["password", "host_key"])
def test_who_is_not_let_in_is_told_without_the_password(
    town: Town, contract: Contract, server: Sftp, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    contract(connector=SFTP)
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Y8Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z"
    secret = "wrong-secret" if wrong == "password" else "p%40ss%2Fword"
    url = f"sftp://{LOGIN}:{secret}@127.0.0.1:{server.port}?host_key={server.host_key if wrong == 'password' else key}"
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", url)
    with pytest.raises(Rejected) as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == "access_refused"
    assert "wrong-secret" not in str(caught.value) and PASSWORD not in str(caught.value)
    assert "wrong-secret" not in str(town.ask("SELECT message FROM ledger.load"))


def test_a_server_that_is_down_is_recorded_and_may_be_tried_again(
    town: Town, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract(connector=SFTP)
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", "sftp://a:b@127.0.0.1:1")
    with pytest.raises(Unreachable):
        collect(RESIDENT, MONDAY)
    assert town.ask("SELECT step, outcome FROM ledger.load") == [("collect", "failed")]


def test_a_connection_that_nobody_has_set_up_names_its_variable(town: Town, contract: Contract) -> None:
    contract(connector=SFTP)
    with pytest.raises(Rejected, match="SHUYUAN_CONNECTION_REGISTRY is not set"):
        collect(RESIDENT, MONDAY)


def test_the_word_that_nothing_changed_is_fetched_too(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP)
    put(server)
    collect(RESIDENT, MONDAY)
    town.feed(MONDAY)
    (server.folder / "out" / "resident_20261117.nochange").touch()
    assert len(collect(RESIDENT, TUESDAY)) == 1
    assert town.state(town.feed(TUESDAY)) == "admitted"


def test_parts_and_their_manifest_are_fetched(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP, pattern="resident_{date}_p{part}.csv", manifest="resident_{date}.ok", control=False)
    names = [f"resident_20261116_p{number}.csv" for number in (1, 2)]
    sums = "".join(f"{hashlib.sha256(register()).hexdigest()}  {name}\n" for name in names)
    for name in names:
        put(server, name, rows=None)
    (server.folder / "out" / "resident_20261116.ok").write_text(sums)
    assert len(collect(RESIDENT, MONDAY)) == 3
    batch = receive(RESIDENT, MONDAY)
    assert town.one("SELECT count(*) FROM ledger.part WHERE batch_id = %s", batch) == 2


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


# A department's table


TABLE = {"kind": "database", "connection": "registry", "table": "登记.Residents", "key": ["区", "身份 号"], "page": 7}


@pytest.fixture
def department(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """Public security's own database: fifty residents in a table with names that need quoting."""
    with department_database(home) as (url, owner):
        monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", url)
        owner.execute('CREATE SCHEMA "登记"')
        owner.execute(
            'CREATE TABLE "登记"."Residents" ("区" text, "身份 号" text, "姓名" text, "出生日期" date, at timestamptz, secret text)'
        )
        for at, number in enumerate(ids(50)):
            owner.execute('INSERT INTO "登记"."Residents" VALUES (%s, %s, %s, %s, %s, %s)',
                          [str(at % 3), number, f"王{at}", date(1980, 2, 3), f"2026-11-{15 + at % 3} 12:00+08", "never"])  # fmt: skip
        owner.execute('GRANT USAGE ON SCHEMA "登记" TO taxes_reader')
        owner.execute('GRANT SELECT ON "登记"."Residents" TO taxes_reader')
        yield owner


def table(contract: Contract, **connector: object) -> None:
    resource = contract(pattern="resident_{date}.parquet", connector=TABLE | connector)
    assert resource.delivery.connector is not None


@pytest.fixture
def quoted(contract: Contract, tmp_path: Path) -> Contract:
    """The contract with the table's own name of the key as an alias, and only two required columns."""
    import yaml

    contract()
    path = tmp_path / "catalog" / "resources" / "public_security" / "resident.yml"
    text = yaml.safe_load(path.read_text("utf-8"))
    for item in text["items"]:
        item["optional_column"] = item["name"] not in ("id_no", "name")
        item["aliases"] = [*item.get("aliases", []), *(["身份 号"] if item["name"] == "id_no" else [])]
    path.write_text(yaml.safe_dump(text, allow_unicode=True), "utf-8")
    return contract


def test_a_table_is_read_in_pages_and_becomes_a_delivery(
    town: Town, quoted: Contract, department: psycopg.Connection[Any]
) -> None:
    table(quoted)
    (path,) = collect(RESIDENT, MONDAY, today=TODAY)
    found = pq.read_table(path).to_pydict()
    assert sorted(found["身份 号"]) == sorted(ids(50))
    assert set(found["出生日期"]) == {"1980-02-03"}
    assert "secret" not in found and "区" not in found, "only what the contract asks for leaves the department"
    assert path.with_name(path.name + ".ok").read_text().startswith("rows=50\n")
    batch = receive(RESIDENT, MONDAY) or 0
    assert town.one("SELECT control_rows FROM ledger.batch WHERE batch_id = %s", batch) == 50
    read(batch)
    assert town.one("SELECT loaded FROM ledger.batch WHERE batch_id = %s", batch) == 50
    assert collect(RESIDENT, MONDAY) == []
    assert collect(RESIDENT, MONDAY, again=True, today=TODAY) == [], "the same rows make the same bytes"
    department.execute("""DELETE FROM "登记"."Residents" WHERE "姓名" = '王7'""")
    assert [p.name for p in collect(RESIDENT, MONDAY, again=True, today=TODAY)] == ["resident_20261116_2.parquet"]


def test_only_the_rows_of_the_day_are_read(town: Town, quoted: Contract, department: psycopg.Connection[Any]) -> None:
    department.execute('ALTER TABLE "登记"."Residents" ALTER at TYPE timestamp USING at AT TIME ZONE \'Asia/Shanghai\'')
    table(quoted, day="at")
    (path,) = collect(RESIDENT, MONDAY, today=MONDAY + timedelta(days=9))
    assert pq.read_metadata(path).num_rows == 17


@pytest.mark.parametrize(
    ("change", "connector", "words"),
    [
        ("", {"key": ["区"]}, "50 rows, but"),
        ('UPDATE "登记"."Residents" SET "区" = NULL WHERE "姓名" = \'王3\'', {}, "unique and never null"),
        ("", {"key": ["nothing"]}, "no column nothing"),
        ("", {"table": "登记.residents"}, "no table"),
        ("", {"table": 'x"; DROP TABLE y; --'}, "no table"),
        ('REVOKE SELECT ON "登记"."Residents" FROM taxes_reader', {}, "permission denied"),
        ('ALTER TABLE "登记"."Residents" DROP "姓名"', {}, "no column for `name`"),
        ('ALTER TABLE "登记"."Residents" ALTER "姓名" TYPE bytea USING \'x\'::bytea', {}, "binary"),
        ('TRUNCATE "登记"."Residents"', {}, "no row at all"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_whole_is_refused(
    town: Town,
    quoted: Contract,
    department: psycopg.Connection[Any],
    change: str,
    connector: dict[str, object],
    words: str,
) -> None:
    if change:
        department.execute(change.encode())
    table(quoted, **connector)
    with pytest.raises(Rejected, match=words):
        collect(RESIDENT, MONDAY, today=TODAY)
    assert fetched(town) == [] and known(town) == 0


def test_all_pages_show_one_moment(
    town: Town, quoted: Contract, department: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that come and go while we read are neither lost nor doubled: every page and the count see the same register."""
    from shuyuan.db import foreign

    real, asked = foreign.Table._page, []

    def meanwhile(self: Any, names: Any, after: Any) -> Any:
        asked.append(after)
        if len(asked) == 3:
            department.execute('DELETE FROM "登记"."Residents" WHERE "区" = \'2\'')
            department.execute("INSERT INTO \"登记\".\"Residents\" VALUES ('9', 'new', 'new', NULL, NULL, NULL)")
        return real(self, names, after)

    monkeypatch.setattr(foreign.Table, "_page", meanwhile)
    table(quoted)
    (path,) = collect(RESIDENT, MONDAY, today=TODAY)
    assert sorted(pq.read_table(path)["身份 号"].to_pylist()) == sorted(ids(50))
    assert len(asked) == 9, "seven pages of seven, one of one, and the empty one after it"


def test_nothing_can_be_written_over_there(department: psycopg.Connection[Any]) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from shuyuan.db import foreign

    department.execute('GRANT ALL ON "登记"."Residents" TO taxes_reader')
    wanted = foreign.Slice("登记.Residents", ("身份 号",), 10)
    with (
        foreign.opened(os.environ["SHUYUAN_CONNECTION_REGISTRY"], wanted, 5) as there,
        pytest.raises(DBAPIError, match="read-only"),
    ):
        there._connection.execute(text('DELETE FROM "登记"."Residents"'))


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("mysql+pymysql://u:geheim@127.0.0.1/x", Rejected, "pymysql"),
        ("geheim", Rejected, "no SQLAlchemy URL"),
        ("nosuch://u:geheim@h/x", Rejected, "no SQLAlchemy URL"),
        ("postgresql+psycopg://u:geheim@127.0.0.1:1/x", Unreachable, "refused"),
        ("sqlite:////nowhere/geheim.db", Unreachable, "unable to open"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_without_its_address(
    town: Town, quoted: Contract, monkeypatch: pytest.MonkeyPatch, url: str, kind: type[Exception], words: str
) -> None:
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", url)
    table(quoted)
    with pytest.raises(kind, match=words) as caught:
        collect(RESIDENT, MONDAY, today=TODAY)
    assert "geheim" not in str(caught.value)


def test_a_file_database_is_read_by_the_same_code(
    town: Town, quoted: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "d.db") as database:
        database.execute('CREATE TABLE residents ("身份 号" TEXT PRIMARY KEY, "姓名" TEXT)')
        database.executemany("INSERT INTO residents VALUES (?, ?)", [(number, "王") for number in ids(23)])
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", f"sqlite:///{tmp_path / 'd.db'}")
    table(quoted, table="residents", key=["身份 号"])
    (path,) = collect(RESIDENT, MONDAY, today=TODAY)
    assert pq.read_metadata(path).num_rows == 23


def test_by_hand(town: Town, quoted: Contract, department: psycopg.Connection[Any], shuyuan: Any) -> None:
    table(quoted, day="at")
    said = shuyuan("collect", RESIDENT, "2026-11-16")
    assert said.code == 0 and "1 files fetched" in said.words and "shuyuan receive" in said.words
    assert "nothing new" in shuyuan("collect", RESIDENT, "2026-11-16").words
    department.execute('DROP TABLE "登记"."Residents"')
    refused = shuyuan("collect", RESIDENT, "2026-11-17")
    assert refused.code == 1 and "Way out" in refused.words
