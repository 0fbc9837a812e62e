"""The console's pages over a real loaded city: what they say, to whom, in both languages, and what they record."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from city import LI, ZHANG, city  # noqa: F401
from fastapi import HTTPException, Request
from fastapi.testclient import TestClient
from psycopg.rows import dict_row

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db.engine import transaction
from shuyuan.explain.facts import Facts
from shuyuan.explain.story import Story
from shuyuan.settings import PROJECT
from shuyuan.web.app import create_app
from shuyuan.web.export import cell, to_csv
from shuyuan.web.rendering import _said
from shuyuan.web.texts import TEXTS
from shuyuan.web.viewer import InactiveError, Viewer, viewer_of


def by_header(request: Request) -> Viewer:
    """Who somebody is comes from outside the console; here from a header, with the roles of share.person."""
    name = request.headers.get("x-user")
    if name is None:
        raise HTTPException(401)
    return viewer_of(name, operator=name == "admin")


@pytest.fixture(scope="module")
def client(city: Path) -> Iterator[TestClient]:  # noqa: F811
    with TestClient(create_app(by_header), headers={"x-user": "lin", "accept": "text/html"}) as client:
        yield client


def accesses() -> list[dict[str, Any]]:
    with transaction("shuyuan_auditor") as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("SELECT * FROM ledger.access ORDER BY access_id").fetchall()


def page(client: TestClient, address: str, user: str = "lin", status: int = 200) -> str:
    client.cookies.clear()
    answer = client.get(address, headers={"x-user": user})
    assert answer.status_code == status, answer.text
    return answer.text


def test_overview_names_libraries_freshness_and_loads(client: TestClient) -> None:
    text = page(client, "/")
    for words in (
        "人口基础信息库",
        "法人单位基础信息库",
        "户籍人口登记信息",
        "数据管理员",
        "控制文件行数 12 与实到 11 行不符",
        "未结差异 2",
    ):
        assert words in text
    assert text.count("<tr") > 20
    assert "逾期" in text and 'class="overdue"' in text
    assert "<script" not in text and "style=" not in text


def test_english_is_kept_in_a_cookie(client: TestClient) -> None:
    client.cookies.clear()
    answer = client.get("/?lang=en")
    assert "Population library" in answer.text and 'lang="en"' in answer.text
    assert "Open discrepancies" in client.get("/").text
    assert "未结差异" in client.get("/?lang=zh").text
    client.cookies.clear()


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/resource/public_security.resident",
        "/discrepancies",
        f"/entity/population/{ZHANG}",
        "/audit",
        "/audit?kind=load",
    ],
)
def test_every_page_speaks_both_languages(client: TestClient, address: str) -> None:
    mark = "&" if "?" in address else "?"
    english, chinese = page(client, f"{address}{mark}lang=en"), page(client, f"{address}{mark}lang=zh")
    assert (
        "Shuyuan" in english
        and "Data steward" in english
        and "数源" not in english.split("<main>")[0].replace("中文", "")
    )
    assert "数据管理员" in chinese and "Data steward" not in chinese


def test_every_text_exists_in_both_languages() -> None:
    for key, (chinese, english) in TEXTS.items():
        assert chinese.strip() and english.strip(), key


def test_quality_report(client: TestClient) -> None:
    text = page(client, "/resource/public_security.resident")
    assert "<b>7</b> = 5 + <em>1</em> + 0 + 1" in text
    assert "citizen_length" in text and "公民身份号码" in text
    assert "expect_verdict_rate_to_be_below" in text and "不满足" in text and "隔离不合格行" in text
    assert 'href="/docs/validations/resident.html"' in text
    assert "1380000" not in text, "values that GX saw do not belong on a page that is not recorded"
    assert "33010619900307" not in text
    assert "拒收" in page(client, "/resource/market_regulation.enterprise")
    assert "尚无交付" in page(client, "/resource/education.student")
    page(client, "/resource/no.such", status=404)
    page(client, "/resource/public_security.resident?batch=4", status=404)


def test_quarantined_rows_are_for_stewards_and_on_record(client: TestClient) -> None:
    text = page(client, "/resource/public_security.resident/quarantine?batch=1")
    assert "33010619900307" in text and "=cmd|calc" in text
    assert (accesses()[-1]["user_name"], accesses()[-1]["rows"], accesses()[-1]["objects"]) == (
        "lin",
        1,
        ["ledger.quarantine"],
    )
    refused = page(client, "/resource/public_security.resident/quarantine?batch=1", user="wang", status=403)
    assert "33010619900307" not in refused
    assert (accesses()[-1]["user_name"], accesses()[-1]["outcome"]) == ("wang", "refused")
    page(client, "/resource/public_security.resident/quarantine?batch=2", status=404)


def test_downloads_are_guarded_against_formulas_and_on_record(client: TestClient) -> None:
    text = page(client, "/resource/public_security.resident/quarantine.csv?batch=1")
    assert text.startswith("\ufeffline,item") and '"\'=cmd|calc,33010619900307"' in text
    assert (accesses()[-1]["medium"], accesses()[-1]["method"], "下载" in accesses()[-1]["reason"]) == (
        "csv",
        "console",
        True,
    )
    before = len(accesses())
    assert "resident_20260830.csv" in page(client, "/resource/public_security.resident/batches.csv")
    assert "'=李四" in page(client, "/discrepancies.csv?state=closed")
    assert "quarantine of public_security.resident" in page(client, "/audit.csv")
    assert "控制文件行数" in page(client, "/audit.csv?kind=load")
    assert len(accesses()) == before + 4


def test_cells_of_a_csv() -> None:
    assert [cell(text) for text in ("=1", "+1", "-1", "@x", "\tx", "1-1")] == [
        "'=1",
        "'+1",
        "'-1",
        "'@x",
        "'\tx",
        "1-1",
    ]
    assert cell(-1) == -1 and cell(Decimal("-2.5")) == Decimal("-2.5")
    assert to_csv(("a", "b"), [{"a": ["=x", "y"], "b": None}]) == "a,b\r\n'=x y,\r\n"


def test_discrepancies_are_filtered(client: TestClient) -> None:
    everything = page(client, "/discrepancies?state=")
    assert everything.count("/entity/population/") == 3 and "共 3 条" in everything
    assert page(client, "/discrepancies").count("/entity/population/") == 2
    assert "买买提" not in page(client, "/discrepancies?kind=timing")
    assert "共 1 条" in page(client, "/discrepancies?kind=timing&library=population")
    assert "共 1 条" in page(client, "/discrepancies?department=medical_insurance")
    assert "共 1 条" in page(client, f"/discrepancies?entity={LI}&state=closed")
    assert "没有符合条件的差异" in page(client, "/discrepancies?library=credit")
    page(client, "/discrepancies?kind=nonsense", status=400)


def test_discrepancies_come_a_page_at_a_time(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shuyuan.web.pages.discrepancies.PAGE", 2)
    first = page(client, "/discrepancies?state=")
    assert "更早" in first and "before=2" in first
    second = page(client, "/discrepancies?state=&before=2")
    assert second.count("/entity/population/") == 1 and "最新" in second and "共 3 条" in second


def test_without_the_duty_values_are_masked_in_the_database(client: TestClient) -> None:
    before = len(accesses())
    text = page(client, f"/discrepancies?entity={LI}&state=", user="wang")
    assert "张三" not in text and ZHANG not in text and "****8515" in text and "***" in text
    assert "共 3 条" in text, "filtering by a masked entity must tell nothing"
    assert len(accesses()) == before
    assert "张三" not in page(client, "/discrepancies.csv?state=", user="wang")
    assert accesses()[-1]["user_name"] == "wang"


def test_an_entity_is_explained_and_the_look_recorded(client: TestClient) -> None:
    text = page(client, f"/entity/population/{ZHANG}")
    for words in ("张三丰", "公安", "resident_20260830.csv", "备用来源补值", "不一致", "一致", "无主张", "2 · 女"):
        assert words in text, words
    row = accesses()[-1]
    assert (row["user_name"], row["method"], row["purpose"], row["rows"]) == ("lin", "console", "data_verification", 1)
    assert (
        "library.population" in row["objects"]
        and "claim.population__hrss__insured" in row["objects"]
        and ZHANG in row["statement"]
    )
    assert page(client, "/entity/population/none", status=404)
    assert accesses()[-1]["rows"] == 0
    page(client, "/entity/moon/1", status=404)
    assert ZHANG in page(client, f"/entity/population/{ZHANG}", user="admin")


def test_why_a_link_was_proposed_is_said_in_the_language_of_the_page(client: TestClient) -> None:
    order = (
        "INSERT INTO ledger.link (library, alias, key, method, why, evidence, proposed_by) "
        "VALUES ('population', '440300198001010000', %s, 'same_person', '同名同出生日期 / same name and birth date', '{}', 'lin')"
    )
    with transaction("shuyuan_owner") as owner:
        owner.execute(order.encode(), [ZHANG])
    chinese, english = (page(client, f"/entity/population/{ZHANG}?lang={lang}") for lang in ("zh", "en"))
    assert "同名同出生日期" in chinese and "same name" not in chinese
    assert "same name and birth date" in english and "同名同出生日期" not in english


def test_only_what_was_written_in_two_languages_is_taken_apart() -> None:
    chinese, english = (_said(chosen) for chosen in ("zh", "en"))
    assert (chinese("甲 / a"), english("甲 / a")) == ("甲", "a")
    for text in ("one only", "列“甲 / 乙”是新的 / column `甲 / 乙` is new"):
        assert (chinese(text), english(text)) == (text, text)


def test_an_auditor_sees_who_looked_and_no_value(client: TestClient) -> None:
    page(client, f"/entity/population/{ZHANG}")
    text = page(client, f"/entity/population/{ZHANG}", user="zhao")
    assert "谁看过" in text and "lin" in text and "张三丰" not in text and "文三路" not in text
    row = accesses()[-1]
    assert (row["user_name"], row["objects"], row["columns"]) == ("zhao", ["ledger.access"], [])


@pytest.mark.parametrize("user", ["wang", "stranger"])
def test_an_entity_is_closed_to_others_and_the_refusal_recorded(client: TestClient, user: str) -> None:
    text = page(client, f"/entity/population/{ZHANG}", user=user, status=403)
    assert "张三丰" not in text
    assert (accesses()[-1]["user_name"], accesses()[-1]["outcome"]) == (user, "refused")


def test_without_an_audit_row_no_entity(client: TestClient) -> None:
    with transaction("shuyuan_owner") as owner:
        owner.execute("REVOKE INSERT ON ledger.access FROM shuyuan_web")
    try:
        quiet = TestClient(client.app, raise_server_exceptions=False, headers={"x-user": "lin"})
        answer = quiet.get(f"/entity/population/{ZHANG}")
    finally:
        with transaction("shuyuan_owner") as owner:
            owner.execute("GRANT INSERT ON ledger.access TO shuyuan_web")
    assert answer.status_code == 500 and "张三丰" not in answer.text


def test_audit_search(client: TestClient) -> None:
    client.get(query("name"), headers={"x-user": "wang"})
    everybody = page(client, "/audit", user="zhao")
    assert "陈主任" in everybody and ">lin<" in everybody
    narrow = "user=wang&method=http&outcome=granted&object=library.population&text=mask_person&since=2026-01-01&until=2099-01-01"
    assert "#" in page(client, f"/audit?{narrow}").split("<tbody>")[1]
    assert "没有符合条件的记录" in page(client, "/audit?user=wang&until=2020-01-01")
    assert "没有符合条件的记录" in page(client, "/audit?text=' OR true --")
    assert "publish" in page(client, "/audit?kind=load&object=population")
    own = page(client, "/audit", user="wang")
    assert "您只能看到自己的访问记录" in own and ">lin<" not in own
    assert ",lin," not in page(client, "/audit.csv?user=lin", user="wang")
    page(client, "/audit?since=yesterday", status=400)


def query(items: str, **more: str) -> str:
    values = {"library": "population", "items": items, "purpose": "administrative_basis"} | more
    return "/api/query?" + "&".join(f"{name}={quote(value)}" for name, value in values.items())


def test_the_query_endpoint_reads_through_share(client: TestClient) -> None:
    answer = client.get(query("id_no,name,birth_date", key=ZHANG), headers={"x-user": "wang"})
    body = answer.json()
    assert body["rows"] == [["330106********8515", "张*丰", "1990"]] and body["masked"] == [
        "birth_date",
        "id_no",
        "name",
    ]
    row = accesses()[-1]
    assert (row["access_id"], row["method"], row["user_name"]) == (body["access_id"], "http", "wang")
    plain = client.get(query("phone", where="phone=13900001111"), headers={"x-user": "wang"}).json()
    assert plain["rows"] == [["13900001111"]]


def test_the_query_endpoint_refuses_with_reason_and_number(client: TestClient) -> None:
    answer = client.get(query("marital_status"), headers={"x-user": "wang"})
    assert answer.status_code == 403 and "未开放信息项" in answer.json()["detail"]
    assert answer.json()["access_id"] == accesses()[-1]["access_id"]
    assert client.get(query("name", library="moon"), headers={"x-user": "wang"}).status_code == 403
    assert client.get(query("name", where="nonsense"), headers={"x-user": "wang"}).status_code == 400
    assert client.get(query("phone", where="phone=\x00"), headers={"x-user": "wang"}).status_code == 400
    assert client.get(query("name", limit="99999"), headers={"x-user": "wang"}).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "../secrets.json",
        "..%2fsecrets.json",
        "%2e%2e/secrets.json",
        "/etc/passwd",
        "validations",
        "x%00.html",
        "a" * 5000 + ".html",
        "link.html",
    ],
)
def test_data_docs_stay_in_their_folder(city: Path, client: TestClient, path: str) -> None:  # noqa: F811
    link = city / "docs" / "link.html"
    if not link.is_symlink():
        link.symlink_to(city / "secrets.json")
    assert client.get(f"/docs/{path}").status_code == 404


def test_data_docs_are_served_with_a_policy_of_their_own(client: TestClient) -> None:
    answer = client.get("/docs/validations/resident.html")
    assert "Data Docs: resident" in answer.text
    assert (
        "script-src" not in answer.headers["content-security-policy"]
        and "'unsafe-inline'" in answer.headers["content-security-policy"]
    )


def test_text_from_a_feed_cannot_become_markup(client: TestClient) -> None:
    with transaction("shuyuan_owner") as owner:
        owner.execute("UPDATE library.population SET name = '<b onclick=x>李</b>' WHERE _key = %s", [LI])
    text = page(client, f"/entity/population/{LI}")
    assert "<b onclick" not in text and "&lt;b onclick" in text
    assert "<x>" not in page(client, "/discrepancies?entity=<x>")


def test_signed_in_strangers_and_wrong_methods(client: TestClient) -> None:
    assert "没有这个页面" in page(client, "/nowhere", status=404)
    assert client.post("/audit").status_code == 404
    assert client.get("/static/../app.py").status_code == 404
    assert client.get("/static/console.css").headers["content-type"].startswith("text/css")


def test_roles_come_from_the_register(city: Path) -> None:  # noqa: F811
    assert viewer_of("zhao", operator=True) == Viewer("zhao", "auditor", "tax")
    assert viewer_of("root", operator=True).role == "engineer"
    assert viewer_of("root", operator=False).role == "guest"
    with pytest.raises(InactiveError):
        viewer_of("gone", operator=True)


def test_today_is_on_the_chart(client: TestClient) -> None:
    text = page(client, "/")
    assert (
        f"<title>{settings.today():%m-%d}: 4</title>" in text and f"<title>{settings.today():%m-%d}: 1</title>" in text
    )


@pytest.mark.parametrize(("published", "standing"), [("张三", "agree"), (None, "not compared")])
def test_a_claim_beside_an_empty_value_is_not_agreement(published: str | None, standing: str) -> None:
    catalog = load_catalog(PROJECT / "catalog")
    item = catalog.libraries["population"].item("name")
    told = {"name": "张三", "_batch": 1, "_line": 2, "_as_of": None}
    facts = Facts({"name": published, "_filled": None}, None, claims={"hrss.insured": told})
    told_item = Story(catalog, "440303198002031008", facts).item(item)
    standings = {claim.origin.ref: claim.standing for claim in told_item.claims}
    assert standings["hrss.insured.name"] == standing
    assert standings["education.student.name"] == "no claim"
