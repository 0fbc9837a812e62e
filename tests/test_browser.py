"""The console as people meet it: a real Airflow api-server, its login page, Debian's chromium, every page in both languages.

With SHUYUAN_SCREENSHOTS=<directory> the pictures are kept there.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from city import ZHANG, city  # noqa: F401

from shuyuan.demo import airflow

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
pytestmark = [
    pytest.mark.airflow,
    pytest.mark.browser,
    pytest.mark.timeout(420),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium fonts-noto-cjk"),
]
sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install -r requirements-dev.txt")
PAGES = {
    "overview": ("", "人口基础信息库", "Population library"),
    "resource": ("resource/public_security.resident", "质量报告", "Quality report"),
    "discrepancies": ("discrepancies", "校核差异", "Discrepancies"),
    "entity": (f"entity/population/{ZHANG}", "备用来源补值", "Filled by a fallback"),
    "audit": ("audit", "审计", "Audit"),
}


@dataclass(frozen=True)
class Site:
    """A running api-server and who may sign in."""

    address: str
    user: str
    password: str

    def page(self, path: str) -> str:
        return f"{self.address}/shuyuan/{path}"


@pytest.fixture(scope="module")
def site(city: Path) -> Iterator[Site]:  # noqa: F811
    """Airflow's api-server with the plugin, on a free port, its metadata in the same PostgreSQL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    airflow.write_users(city)
    program, environment = str(airflow.executable()), airflow.environment(city, port)
    subprocess.run([program, "db", "migrate"], env=environment, check=True, capture_output=True, timeout=200)
    with (city / "api-server.log").open("wb") as log:
        server = subprocess.Popen(
            [program, "api-server"], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_for(server, airflow.address(port), city / "api-server.log")
            yield Site(airflow.address(port), "admin", airflow.password(city, "admin"))
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)


def wait_for(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert server.poll() is None, f"the api-server ended: {log.read_text('utf-8', 'replace')[-3000:]}"
        try:
            if httpx.get(f"{address}/api/v2/version", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    pytest.fail(f"no answer from the api-server: {log.read_text('utf-8', 'replace')[-3000:]}")


@pytest.fixture(scope="module")
def context(site: Site) -> Iterator[sync_api.BrowserContext]:
    """A browser that has signed in through Airflow's login page, sent there by the console and brought back."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
        page = context.new_page()
        page.goto(site.page("discrepancies"))
        assert "/auth/login" in page.url and "next=" in page.url
        page.locator("input[name=username]").fill(site.user)
        page.locator("input[name=password]").fill(site.password)
        page.locator("button[type=submit]").click()
        page.wait_for_url("**/shuyuan/discrepancies", timeout=60_000)
        yield context
        browser.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("SHUYUAN_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_page_in_each_language(
    context: sync_api.BrowserContext, site: Site, pictures: Path, name: str, lang: str
) -> None:
    path, chinese, english = PAGES[name]
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.goto(f"{site.page(path)}?lang={lang}", wait_until="load")
    assert (chinese if lang == "zh" else english) in page.content()
    assert page.evaluate("getComputedStyle(document.querySelector('.top')).display") == "flex", (
        "the style sheet did not load"
    )
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width} px"
        page.screenshot(path=pictures / f"{name}_{lang}_{width}.png", full_page=True)
        assert (pictures / f"{name}_{lang}_{width}.png").stat().st_size > 10_000
    assert not complaints, complaints
    page.close()


def test_links_lead_on(context: sync_api.BrowserContext, site: Site) -> None:
    page = context.new_page()
    page.goto(site.page("?lang=zh"))
    page.get_by_role("link", name="户籍人口登记信息").click()
    page.get_by_role("link", name="打开质量文档").click()
    sync_api.expect(page.get_by_role("heading", name="Data Docs: resident")).to_be_visible()
    assert page.url.endswith("/shuyuan/docs/validations/resident.html")
    page.goto(site.page("discrepancies"))
    page.get_by_role("link", name=ZHANG).first.click()
    sync_api.expect(page.get_by_text("张三丰").first).to_be_visible()
    assert page.url.endswith(f"/entity/population/{ZHANG}")
    page.get_by_role("link", name="English").click()
    sync_api.expect(page.get_by_text("Published value")).to_be_visible()
    page.close()


def test_airflow_shows_the_console_among_its_own_pages(context: sync_api.BrowserContext, site: Site) -> None:
    page = context.new_page()
    page.goto(site.page("?lang=zh"))
    page.goto(f"{site.address}/")
    page.get_by_test_id("nav-sidebar").get_by_text("数源").click(timeout=60_000)
    console = page.frame_locator("iframe")
    console.get_by_role("heading", name="人口基础信息库").wait_for(timeout=60_000)
    console.get_by_role("link", name="审计").click()
    console.get_by_role("heading", name="审计").wait_for(timeout=60_000)
    page.close()


def test_airflow_lets_nobody_in_without_signing_in(site: Site) -> None:
    """Through the real auth manager: no cookie, a forged cookie, a forged token; every page, the query, the style sheet."""
    paths = [path for path, _, _ in PAGES.values()]
    for path in [
        *paths,
        "api/query?library=population&items=name&purpose=work_reference",
        "static/console.css",
        "docs/index.html",
        "openapi.json",
    ]:
        for headers, cookies in (({}, {}), ({}, {"_token": "forged"}), ({"Authorization": "Bearer forged"}, {})):
            answer = httpx.get(site.page(path), headers=headers, cookies=cookies)
            assert answer.status_code == 401, f"{path} {headers} {cookies}: {answer.status_code}"
            assert "人口" not in answer.text


def test_a_program_asks_with_a_token(site: Site) -> None:
    made = httpx.post(f"{site.address}/auth/token", json={"username": site.user, "password": site.password})
    bearer = {"Authorization": f"Bearer {made.json()['access_token']}"}
    answer = httpx.get(site.page("api/query?library=population&items=name&purpose=work_reference"), headers=bearer)
    assert answer.status_code == 403 and "未登记的人员" in answer.json()["detail"]
    assert httpx.get(site.page(""), headers=bearer).status_code == 200
