"""The command line as a user meets it: every verb through the program's own entry, its exit code, its words, its audit rows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from terminal import Said, program  # noqa: F401
from town import INSURED, MONDAY, RESIDENT, Town, ids, person
from typer.main import get_command

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.cli import catalog as catalog_commands
from shuyuan.cli.app import app
from shuyuan.db.address import conninfo
from shuyuan.settings import PROJECT
from shuyuan.share import people


def verbs(group: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command there is, groups too."""
    under = [
        verb for name, command in getattr(group, "commands", {}).items() for verb in verbs(command, (*above, name))
    ]
    return [above, *under]


@pytest.mark.parametrize("verb", verbs(get_command(app)), ids=" ".join)
def test_help_of_every_command(shuyuan: Any, verb: tuple[str, ...]) -> None:
    said = shuyuan(*verb, "--help")
    assert said.code == 0 and "Usage: shuyuan" in said.words
    described = said.out.split("Usage:")[1].splitlines()[1:]
    assert any(line.strip() for line in described), "a command without a word about what it does"


def test_the_installed_program_is_this_one() -> None:
    installed = Path(sys.executable).with_name("shuyuan")
    done = subprocess.run([installed, "receive", RESIDENT, "yesterday"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == "'yesterday' is no date; write it as YYYY-MM-DD, such as 2026-11-16"


# The catalog


def test_catalog_check_and_show(shuyuan: Any) -> None:
    checked = shuyuan("catalog", "check")
    assert checked.code == 0 and "no contradiction" in checked.out
    shown = shuyuan("catalog", "show")
    assert shown.code == 0 and RESIDENT in shown.out and "population" in shown.out
    assert "公民身份号码" in shuyuan("catalog", "show", RESIDENT).out
    assert "public_security.resident.name" in shuyuan("catalog", "show", "population").out


def test_a_library_is_shown_with_everything_that_decides(shuyuan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog_commands.out, "width", 320)
    library = load_catalog(PROJECT / "catalog").libraries["population"]
    shown = shuyuan("catalog", "show", "population").out
    rows = shown.partition("benefits_after_death (critical)")[0]
    row = {name: next(line for line in rows.splitlines() if line.startswith(f"│ {name} ")) for name in
           ("hukou_address", "marital_status", "death_date")}  # fmt: skip
    assert "│ hukou " in row["hukou_address"] and "two_live_addresses" in row["hukou_address"]
    assert "married_and_single" in row["marital_status"] and "when life_status 1" in rows
    assert "timing 90 days" in rows and "± 3 days" in rows and rows.count("silence") == 2
    assert "benefits_after_death" in row["death_date"]
    words = " ".join(shown.split())
    for one in library.contradictions:
        assert f"{one.id} ({one.severity}) {one.title} {one.title_en}" in words and one.claim in words
    assert "source 10 or 30 or 40 and claim 20 or 21 or 22 or 23 and public_security.resident.life_status 1" in words
    assert "source differs claim" in words and "90 days after civil_affairs.marriage.reg_date" in words
    assert "30 days after the source" in words
    by_prefix = " ".join(shuyuan("catalog", "show", "legal_entity").out.split())
    assert (
        "91/93: market_regulation.enterprise.reg_status; 92: market_regulation.individual_business.reg_status"
        in by_prefix
    )


def test_a_broken_catalog_is_refused_with_file_and_line(shuyuan: Any, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    shutil.copytree(PROJECT / "catalog", catalog)
    file = catalog / "resources" / "public_security" / "resident.yml"
    lines = file.read_text("utf-8").splitlines()
    number = next(i for i, line in enumerate(lines) if "codes:" in line)
    code_list = lines[number].split("codes:")[1].split(",")[0].split("}")[0].strip()
    lines[number] = lines[number].replace(f"codes: {code_list}", "codes: no_such_list")
    file.write_text("\n".join(lines), "utf-8")
    said = shuyuan("catalog", "check", "--catalog", str(catalog))
    assert said.code == 1
    assert f"{file}:{number + 1}: " in said.err and "unknown code list `no_such_list`" in said.err


def test_a_broken_suite_is_refused_with_file_and_line(
    shuyuan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suites = tmp_path / "suites"
    shutil.copytree(PROJECT / "expectations" / "suites", suites)
    file = suites / "tax__arrears.yml"
    file.write_text(re.sub("severity: [a-z]+", "severity: perhaps", file.read_text("utf-8"), count=1), "utf-8")
    monkeypatch.setenv("SHUYUAN_EXPECTATIONS", str(suites))
    settings.load.cache_clear()
    try:
        said = shuyuan("catalog", "check")
    finally:
        monkeypatch.undo()
        settings.load.cache_clear()
    assert said.code == 1 and "tax__arrears.yml:" in said.words and "perhaps" in said.words


# The line, by hand


def test_the_line_by_hand_verb_by_verb(town: Town, shuyuan: Any) -> None:
    town.register(MONDAY, map(person, ids(30)))
    town.insured(MONDAY, [{"社会保障号": ids(1)[0], "姓名": "某"}])
    batch = follow(shuyuan("receive", RESIDENT, f"{MONDAY}"), "shuyuan read")
    for verb, then in (("read", "shuyuan check"), ("check", "shuyuan admit"), ("admit", "shuyuan resolve")):
        said = shuyuan(verb, batch)
        assert said.code == 0 and then in said.out
    again = shuyuan("receive", RESIDENT, f"{MONDAY}")
    assert again.code == 0 and "nothing new" in again.out and "taken already" in again.out
    run = follow(shuyuan("resolve", "population"), "shuyuan publish")
    assert "shuyuan status" in shuyuan("publish", run).out
    assert town.one("SELECT count(*) FROM library.population") == 30
    assert [step for (step,) in town.ask("SELECT step FROM ledger.load ORDER BY load_id")] == [
        "receive", "read", "check", "admit", "resolve", "publish", "prove",
    ]  # fmt: skip


def follow(said: Said, command: str) -> str:
    """The number of the next command that a command names."""
    assert said.code == 0, said.words
    assert command in said.out
    return said.out.split(command)[1].split()[0]


def test_run_is_the_whole_line_and_ends_with_the_status(town: Town, shuyuan: Any) -> None:
    town.register(MONDAY, map(person, ids(30)))
    said = shuyuan("run", "--date", f"{MONDAY}")
    assert said.code == 0, said.words
    assert "Libraries 资源库" in said.out and "Rows accounted" in said.out
    assert town.one("SELECT count(*) FROM library.population") == 30


def test_a_refused_delivery_ends_with_code_1_and_the_reason(town: Town, shuyuan: Any) -> None:
    town.register(MONDAY, map(person, ids(30)), rows=31)
    batch = follow(shuyuan("receive", RESIDENT, f"{MONDAY}"), "shuyuan read")
    said = shuyuan("read", batch)
    assert said.code == 1
    assert (
        "30 data rows, but its control file promises 31" in said.err
        and "ask public_security.resident to send it again" in said.err
    )


def test_status_as_json(town: Town, shuyuan: Any) -> None:
    town.register(MONDAY, [*map(person, ids(30)), person(ids(30)[-1])])
    town.feed(MONDAY)
    town.publish()
    said = shuyuan("status", "--json")
    found = json.loads(said.out)
    assert said.code == 0
    parts = {
        "libraries",
        "batches",
        "rows",
        "corrections",
        "quarantined",
        "discrepancies",
        "breaches",
        "audit",
        "steps",
    }
    assert parts == set(found) and found["corrections"] == []
    assert found["libraries"]["population"]["rows"] == 30
    assert found["batches"] == {"admitted": 1} and found["quarantined"] == {"duplicate_row": 1}
    assert found["rows"]["physical"] == sum(
        found["rows"][part] for part in ("loaded", "quarantined", "blank", "preamble")
    )
    assert found["audit"]["load"]["ok"] == town.one("SELECT count(*) FROM ledger.load WHERE outcome = 'ok'")
    assert "Libraries 资源库" in shuyuan("status").out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("receive public_security.residents 2026-11-16", "no resource 'public_security.residents' is declared, did you mean public_security.resident"),
        ("receive nowhere.nothing 2026-11-16", "`shuyuan catalog show` lists them"),
        ("receive public_security.resident 2026-02-30", "'2026-02-30' is no date; write it as YYYY-MM-DD"),
        ("resolve populations", "no library 'populations' is declared, did you mean population"),
        ("run --date tomorrow", "'tomorrow' is no date"),
        ("sweep --today 16.11.2026", "'16.11.2026' is no date"),
        ("read 424242", "no batch 424242"),
        ("check 424242", "no batch 424242"),
        ("admit 424242", "no batch 424242"),
        ("publish 424242", "no run 424242"),
        ("catalog show atlantis", "'atlantis' is neither a resource nor a library; `shuyuan catalog show` lists them"),
        ("person add Zhou --department tax", "person 'Zhou': use a-z, 0-9 and _"),
        ("person add zhou --department moon", "department 'moon' is not declared; one of: public_security"),
        ("person add zhou --department tax --role king", "role 'king' is not one of: analyst, steward, auditor, engineer"),
        ("grant add moon --items name --purposes 行政依据 --approver 陈 --person wang", "library 'moon' is not declared; one of: credit"),
        ("grant add population --items shoe --purposes 行政依据 --approver 陈 --person wang", "no item 'shoe'; items: id_no"),
        ("grant add population --items name --purposes fun --approver 陈 --person wang", "purpose 'fun' is not one of: administrative_basis"),
        ("grant add population --items name --purposes 行政依据 --approver 陈", "give exactly one of them"),
        ("grant add population --items name --purposes 行政依据 --approver 陈 --person nobody", "no active person 'nobody'"),
        ("grant add population --items name --purposes 行政依据 --approver 陈 --person wang --until soon", "'soon' is no date"),
        ("grant add population --items , --purposes 行政依据 --approver 陈 --person wang", "no item ''"),
        ("query population --as wang --purpose 行政依据 --items name --where name", "--where 'name': write it as item=value"),
        ("query population --as wang --purpose 行政依据 --items name --where sex=1 --where sex=2", "--where sex is given twice"),
        ("query population --as wang --purpose 行政依据 --items name --limit 0", "ask for 1 to 10000 rows"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line_with_the_way_out(home: Path, shuyuan: Any, command: str, words: str) -> None:
    said = shuyuan(*command.split())
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert len(said.err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["receive", "read x", "nonsense", "query population", "status --yaml"])
def test_a_wrong_call_says_how_it_is_called(shuyuan: Any, command: str) -> None:
    said = shuyuan(*command.split())
    assert said.code == 2 and "Usage: shuyuan" in said.words


def test_without_a_server_the_program_says_how_to_start_it(
    shuyuan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHUYUAN_HOME", str(tmp_path / "nowhere"))
    settings.load.cache_clear()
    try:
        said = shuyuan("status")
    finally:
        monkeypatch.undo()
        settings.load.cache_clear()
    assert said.code == 1
    assert said.err.strip() == f"PostgreSQL of {tmp_path}/nowhere is absent; start it first: shuyuan migrate"


# Persons and grants


def administration(town: Town) -> list[tuple[Any, ...]]:
    return town.ask(
        "SELECT step, library, actor LIKE 'user:%%', outcome, message, counts FROM ledger.load WHERE step IN ('person', 'grant') ORDER BY load_id"
    )


def test_persons_and_grants_leave_their_audit_rows(town: Town, shuyuan: Any) -> None:
    added = shuyuan("person", "add", "sun", "--department", "tax")
    assert added.code == 0 and "database login analyst_sun" in added.out
    opened = (
        "grant",
        "add",
        "population",
        "--items",
        "name",
        "--purposes",
        "行政依据",
        "--approver",
        "陈主任",
        "--person",
        "sun",
        "--until",
        "2030-01-31",
    )
    said = shuyuan(*opened)
    number = said.out.split()[1].rstrip(".")
    assert said.code == 0 and "shuyuan query population --as sun --purpose 行政依据" in said.out
    assert shuyuan(*opened).out == said.out
    assert shuyuan("grant", "revoke", number).out.strip() == f"grant {number} is revoked"
    assert shuyuan("grant", "revoke", number).out.strip() == f"no live grant {number}"
    assert shuyuan("person", "close", "sun").out.strip() == "sun is closed"
    rows = administration(town)
    assert [(step, library, by_name, outcome) for step, library, by_name, outcome, *_ in rows] == [
        ("person", None, True, "ok"),
        ("grant", "population", True, "ok"),
        ("grant", "population", True, "nothing"),
        ("grant", None, True, "ok"),
        ("grant", None, True, "nothing"),
        ("person", None, True, "ok"),
    ]
    assert rows[0][5] == {"name": "sun", "department": "tax", "role": "analyst"}
    assert rows[1][5] == {
        "grant_id": int(number), "person": "sun", "department": None, "items": ["name"], "purposes": ["administrative_basis"],
        "approver": "陈主任", "valid_to": "2030-01-31",
    }  # fmt: skip
    assert rows[5][4] == "closed sun"


def test_closing_a_person_closes_the_login_too(town: Town, shuyuan: Any) -> None:
    shuyuan("person", "add", "sun", "--department", "tax")
    with psycopg.connect(conninfo(town.home, "analyst_sun")) as connection:
        assert shuyuan("person", "close", "sun").code == 0
        with pytest.raises(psycopg.OperationalError):
            for _ in range(100):
                connection.execute("SELECT pg_sleep(0.05)")
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(conninfo(town.home, "analyst_sun"))
    shuyuan("person", "add", "sun", "--department", "tax")
    psycopg.connect(conninfo(town.home, "analyst_sun")).close()
    shuyuan("person", "add", "sun", "--department", "tax", "--role", "steward")
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(conninfo(town.home, "analyst_sun"))


def test_a_change_that_fails_leaves_neither_the_change_nor_its_row(town: Town) -> None:
    """Both in one transaction: where the ledger cannot be written nothing is changed."""
    from shuyuan.db.engine import transaction

    with transaction("shuyuan_owner") as connection:
        connection.execute("ALTER TABLE ledger.load ADD CONSTRAINT proof CHECK (step <> 'person') NOT VALID")
    with pytest.raises(psycopg.errors.CheckViolation):
        people.add_person("zhou", "tax", "steward")
    assert town.ask("SELECT 1 FROM share.person WHERE name = 'zhou'") == [] == administration(town)


# Upkeep and the demo


def test_upkeep_by_hand(town: Town, shuyuan: Any) -> None:
    town.insured(MONDAY, [{"社会保障号": ids(1)[0], "姓名": "某"}])
    town.feed(MONDAY, INSURED)
    assert "opened" in shuyuan("sweep", "--today", "2026-11-30").out or shuyuan("sweep").code == 0
    assert "statements harvested" in shuyuan("harvest").out
    assert shuyuan("orphans").code == 0
    said = shuyuan("retention")
    assert said.code == 0 and "archive" in said.out
    assert {step for (step,) in town.ask("SELECT step FROM ledger.load")} >= {
        "sweep",
        "harvest",
        "orphans",
        "retention",
    }


def test_demo_score_without_a_demo(town: Town, shuyuan: Any) -> None:
    said = shuyuan("demo", "score")
    assert said.code == 1
    assert "no truth file; run the demo first: make demo" in said.err


def test_the_demo_city_can_be_written_without_a_server(shuyuan: Any, tmp_path: Path) -> None:
    said = shuyuan(
        "demo",
        "generate",
        str(tmp_path / "in"),
        "2026-11-17",
        "--people",
        "3000",
        "--truth",
        str(tmp_path / "truth.parquet"),
    )
    assert said.code == 0 and "22 deliveries" in said.words
    assert (tmp_path / "in" / "public_security" / "resident_20261117.csv.ok").exists()
    assert (tmp_path / "truth.parquet").exists()
    wrong = shuyuan(
        "demo", "generate", str(tmp_path / "in"), "2026-11-17", "--truth", str(tmp_path / "in" / "truth.parquet")
    )
    assert wrong.code != 0 and "truth must not lie in the inbox" in wrong.words
