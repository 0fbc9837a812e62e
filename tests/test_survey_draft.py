"""`shuyuan draft`: what it writes is a contract of the real catalog, reads its sample, and goes through the whole line."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from town import fresh_database, ids
from typer.testing import CliRunner

from shuyuan import settings
from shuyuan.catalog import Catalog, load_catalog
from shuyuan.cli import app
from shuyuan.db.engine import transaction
from shuyuan.quality import judge
from shuyuan.survey import naming, plain
from shuyuan.survey.draft import Draft, Standing, draft, write

CATALOG = settings.PROJECT / "catalog"
DAY = date(2026, 11, 20)
PEOPLE = ids(60)
HEADER = "序号,公民身份号码,姓名,性别,退税金额（万元）,退税状态,办理日期,联系电话,说明"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(CATALOG)


def refunds(folder: Path, name: str = "退税信息_20261120.csv") -> Path:
    """An invented register of refunds, as an office would send it: GB18030, a title above the header, a total below."""
    words = ("已退", "未退", "审核中")
    lines = [
        f"{i + 1},{number},王小{chr(0x4E00 + i)},{'女男'[int(number[16]) % 2]},{i}.5,{words[i % 3]},2026/1/{i % 28 + 1},1380013{i:04d},第{i}笔"
        for i, number in enumerate(PEOPLE)
    ]
    path = folder / name
    path.write_bytes("\r\n".join(["退税名单,,,,,,,,", HEADER, *lines, "合计,,,,1800,,,,", ""]).encode("gb18030"))
    return path


def copied(folder: Path) -> Path:
    shutil.copytree(CATALOG, folder / "catalog")
    return folder / "catalog"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A catalog and suites of one's own, in force."""
    catalog = copied(tmp_path)
    shutil.copytree(settings.PROJECT / "expectations" / "suites", tmp_path / "suites")
    monkeypatch.setenv("SHUYUAN_CATALOG", str(catalog))
    monkeypatch.setenv("SHUYUAN_EXPECTATIONS", str(tmp_path / "suites"))
    settings.load.cache_clear()
    yield catalog
    monkeypatch.undo()
    settings.load.cache_clear()


def drafted(path: Path, catalog: Catalog, **options: Any) -> Draft:
    return draft(path, "tax", catalog, today=DAY, **options)


def test_the_guesses(tmp_path: Path, catalog: Catalog) -> None:
    resource = drafted(refunds(tmp_path), catalog).resource
    items = {item.label: item for item in resource.items}
    kinds = {label: item.type for label, item in items.items()}
    assert kinds == {
        "序号": "integer", "公民身份号码": "citizen_id", "姓名": "person_name", "性别": "code", "退税金额（万元）": "amount",
        "退税状态": "code", "办理日期": "date", "联系电话": "phone", "说明": "text",
    }  # fmt: skip
    assert resource.key == ("id_no",), "never the running number"
    assert (items["公民身份号码"].name, items["公民身份号码"].sensitivity) == ("id_no", "sensitive")
    assert items["性别"].codes == "sex" and items["退税金额（万元）"].unit == "万元"
    share = items["姓名"].share
    assert share is not None and share.type == "conditional" and share.condition
    assert items["退税状态"].share is None
    assert resource.delivery.pattern == "退税信息_{date}.csv" and resource.update_cycle == "daily"
    assert resource.delivery.header_row is None and resource.delivery.encoding is None, (
        "hints only where they are needed"
    )


def test_the_draft_is_a_sound_part_of_the_catalog(tmp_path: Path, house: Path) -> None:
    made = drafted(refunds(tmp_path), load_catalog(house))
    paths = write(made, house, settings.load().expectations)
    load_catalog.cache_clear()
    declared = load_catalog(house)
    assert declared.resources[made.resource.id] == made.resource
    assert judge.check_suites(declared) == []
    (codes,) = [path for path in paths if path.parent.name == "codes"]
    listed = declared.codes[codes.stem]
    assert set(listed.values) == {"已退", "未退", "审核中"}, "a value stands for itself until somebody knows better"


def test_every_guess_has_its_evidence_and_no_value_of_a_person(tmp_path: Path, catalog: Catalog) -> None:
    made = drafted(refunds(tmp_path), catalog)
    contract = next(text for path, text in made.files.items() if path.parts[0] == "resources")
    lines = contract.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("  - "):
            assert lines[at - 1].startswith("  # "), line
    assert "# 60 of 60 non-empty valid (100.0%); the header says 公民身份号码" in contract
    assert not any(secret in text for text in made.files.values() for secret in (*PEOPLE, "王小", "1380013"))


def test_it_goes_through_the_whole_line(tmp_path: Path, house: Path, home: Path) -> None:
    """By the commands that it prints, and nothing edited."""
    from shuyuan.flow.migrate import migrate

    os.environ["SHUYUAN_HOME"] = str(home)
    settings.load.cache_clear()
    fresh_database(home)
    path = refunds(tmp_path)
    done = CliRunner().invoke(app, ["draft", str(path), "--department", "tax", "--name", "refund"])
    assert done.exit_code == 0, done.output
    load_catalog.cache_clear()
    migrate()
    try:
        inbox = settings.load().inbox / "tax"
        inbox.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, inbox / path.name)
        (receive,) = re.findall(r"shuyuan (receive tax\.refund) ", done.output)
        batch = re.search(r"batch (\d+)", run(*shlex.split(receive), DAY.isoformat()))
        assert batch is not None
        for verb in ("read", "check", "admit"):
            run(verb, batch[1])
        with transaction("shuyuan_owner") as connection:
            counts = "SELECT state, physical, loaded, quarantined, blank, preamble FROM ledger.batch"
            assert connection.execute(counts).fetchall() == [("admitted", 63, 60, 0, 0, 3)]
            sums = "SELECT count(*), sum(tax_refund_amount) FROM source.tax__refund"
            sums = sums.replace("tax_refund_amount", amount_item(house))
            assert connection.execute(sums.encode()).fetchall() == [(60, 10_000 * sum(i + 0.5 for i in range(60)))]
    finally:
        shutil.rmtree(settings.load().inbox / "tax")


def amount_item(house: Path) -> str:
    return next(i.name for i in load_catalog(house).resources["tax.refund"].items if i.type == "amount")


def run(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, (words, done.output, done.exception)
    return done.output


def test_nothing_is_written_over_unasked(tmp_path: Path, catalog: Catalog) -> None:
    made = drafted(refunds(tmp_path), catalog, name="refund")
    first = write(made, tmp_path / "out", tmp_path / "out" / "expectations")
    contract = next(path for path in first if path.parent.name == "tax")
    contract.write_text("mine", "utf-8")
    for path in first:
        if path.parent.name == "codes":
            path.unlink()
    with pytest.raises(Standing, match=r"refund\.yml"):
        write(made, tmp_path / "out", tmp_path / "out" / "expectations")
    assert contract.read_text("utf-8") == "mine"
    assert not list((tmp_path / "out" / "codes").iterdir()), "all or nothing"
    write(made, tmp_path / "out", tmp_path / "out" / "expectations", force=True)
    assert contract.read_text("utf-8") != "mine"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--department", "taxi"], "no department 'taxi' is declared"),
        (["--department", "tax", "--name", "Refund!"], "write it in small letters"),
    ],
)
def test_what_is_asked_wrongly_is_told(tmp_path: Path, words: list[str], told: str) -> None:
    done = CliRunner().invoke(app, ["draft", str(refunds(tmp_path)), "--out", str(tmp_path / "out"), *words])
    assert done.exit_code != 0 and told in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_words_of_a_department_go_through_its_own_crosswalk(tmp_path: Path, catalog: Catalog) -> None:
    """What the tax office calls a status is mapped by its declared crosswalk, not by a second list."""
    words = list(catalog.crosswalks["tax_reg_status"].map)
    path = tmp_path / "户.csv"
    lines = [f"91{i:04d},{words[i % len(words)]}" for i in range(30 * len(words))]
    path.write_text("\n".join(["编号,纳税人状态", *lines]), "utf-8")
    item = drafted(path, catalog).resource.item("reg_status")
    assert (item.type, item.codes, item.crosswalk) == ("code", "reg_status", "tax_reg_status")


def test_columns_that_no_header_names_are_left_out_and_told(tmp_path: Path, catalog: Catalog) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["编号,备注,,备注", *(f"A{i:03d},甲{i},x{i},乙{i}" for i in range(30))]), "utf-8")
    made = drafted(path, catalog)
    assert [item.label for item in made.resource.items] == ["编号"]
    contract = next(text for path, text in made.files.items() if path.parts[0] == "resources")
    assert contract.count("# left out: column") == 3 and "has no header" in contract and "shares its header" in contract


def test_a_file_without_header_says_what_to_ask(tmp_path: Path, catalog: Catalog) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n".join(f"{i},{n},2026-01-{i % 28 + 1:02d},{i}.5" for i, n in enumerate(PEOPLE)), "utf-8")
    made = drafted(path, catalog)
    contract = next(text for path, text in made.files.items() if path.parts[0] == "resources")
    assert made.reads and "header_row: 0" in contract and "# FIRST: the file has no header row" in contract
    assert [item.type for item in made.resource.items][1] == "citizen_id"


def test_a_key_that_costs_rows_is_a_warning_and_a_note_in_the_suite(tmp_path: Path, catalog: Catalog) -> None:
    path = tmp_path / "t.csv"
    rows = [f"文{i % 30:03d},{'甲' if i < 30 else ''}" for i in range(60)]
    path.write_text("\n".join(["文号,处理结果", *rows]), "utf-8")
    made = drafted(path, catalog)
    contract, suite = (
        next(t for p, t in made.files.items() if p.parts[0] == part) for part in ("resources", "expectations")
    )
    assert "# FIRST: 100% of the sample's rows would be set aside" in contract
    assert "expect_quarantine_rate_at_most" in suite and "max_rate: 1.0" in suite


def test_sheets_with_other_tables_are_named(tmp_path: Path, catalog: Catalog) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for name, label, rows in (("一", "企业名称", 20), ("二", "产品名称", 10)):
        sheet = book.create_sheet(name)
        sheet.append(["编号", label])
        for i in range(rows):
            sheet.append([f"N{i:05d}", f"某{i}公司"])
    del book["Sheet"]
    book.save(tmp_path / "t.xlsx")
    made = drafted(tmp_path / "t.xlsx", catalog)
    assert made.others == ("二",) and made.resource.delivery.sheet == "一" and made.reads
    assert drafted(tmp_path / "t.xlsx", catalog, sheet="二").resource.items[1].label == "产品名称"


@pytest.mark.parametrize(
    ("file", "pattern", "cycle", "title"),
    [
        ("refund_20261120.csv", "refund_{date}.csv", "daily", "refund"),
        ("2022年度名单(1).csv", "*名单(1).csv", "annual", "名单"),
        ("住建委处罚2021-01-01至2021-12-31.csv", "住建委处罚*至*.csv", "irregular", "住建委处罚至"),
        ("执法检查+-+副本.csv", "执法检查+-+副本.csv", "irregular", "执法检查"),
        ("月报202103.xlsx", "月报*.xlsx", "monthly", "月报"),
        ("编号20269999.csv", "编号20269999.csv", "irregular", "编号20269999"),
    ],
)
def test_what_a_file_name_says(file: str, pattern: str, cycle: str, title: str) -> None:
    assert (naming.pattern(file)[0], naming.cycle(file)[0], naming.title(file)) == (pattern, cycle, title)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_survives_as_yaml(text: str) -> None:
    assert yaml.safe_load(f"[{plain.scalar(text)}]") == [text]
    assert yaml.safe_load(f"{plain.comment(text)}\na: 1") == {"a": 1}


AWKWARD = (
    *("是: 否", "a # b", "'单'", '"双"', "{x}", "[y]", "*", "&z", "!t", "|", ">", "%", "@", "`"),
    *("no", "null", "1e3", "- x", "? y", "\\n", "a\nb", "～"),
)


def test_awkward_headers_make_a_sound_contract(tmp_path: Path, catalog: Catalog) -> None:
    import csv

    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(AWKWARD)
        out.writerows([[f"2026-01-{i + 1:02d}" for _ in AWKWARD] for i in range(20)])
    made = drafted(path, catalog)
    assert made.reads, made.trial
    assert len(made.resource.items) == len(AWKWARD)


def test_the_page_shows_what_is_drafted_today(tmp_path: Path, catalog: Catalog) -> None:
    """The sample of `docs/onboard-a-feed.md`, and the contract shown below it."""
    page = (settings.PROJECT / "docs" / "onboard-a-feed.md").read_text("utf-8").partition("\n## 1. ")[0]
    (sample,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    (contract,) = re.findall(r"```yml\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "退税名单_20261118.csv"
    path.write_bytes(sample.replace("\n", "\r\n").encode("gb18030"))
    made = drafted(path, catalog)
    assert made.reads and made.files[Path("resources/tax/refund_list.yml")] == contract
