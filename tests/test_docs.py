"""The documents say what is so: links resolve, commands exist, YAML loads, lists are complete, the page of reasons is current."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.cli import app
from shuyuan.quality import judge

PROJECT = settings.PROJECT
README = (PROJECT / "README.md", PROJECT / "README.zh-CN.md")
DOCS = PROJECT / "docs"
PAGES = sorted([*PROJECT.glob("*.md"), *DOCS.rglob("*.md"), *(PROJECT / "examples").rglob("*.md")])
RECORDS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|[`;&|] *|\n *)(shuyuan [a-z][^`\n#&|;]*)")
names = [path.relative_to(PROJECT).as_posix() for path in PAGES]


def root() -> click.Command:
    return typer.main.get_command(app)


def anchors(page: Path) -> set[str]:
    """The anchors GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def shell(text: str) -> str:
    """Only what is code: fenced blocks and `inline`, where a command may stand."""
    return "\n".join([*re.findall(r"```sh\n(.*?)```", text, re.DOTALL), *re.findall(r"`(shuyuan [^`\n]*)`", text)])


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from leaves(child, (*path, name))
    else:
        yield path


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_relative_links_resolve(page: Path) -> None:
    broken = []
    for link in LINK.findall(page.read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_command_exists(page: Path) -> None:
    """Every `shuyuan …` in code is a command, and its options are options of that command."""
    wrong = []
    for line in COMMAND.findall(shell(page.read_text("utf-8").replace("\\\n", " "))):
        if problem := unknown(shlex.split(line)[1:]):
            wrong.append(f"{line.strip()}: {problem}")
    assert not wrong


def unknown(words: list[str]) -> str | None:
    """The word of a command line that the program does not know."""
    command: Any = root()
    for position, word in enumerate(words):
        if not hasattr(command, "commands"):
            given = {part.partition("=")[0] for part in words[position:] if part.startswith("--")}
            known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            return next(iter(sorted(given - known - {"--help"})), None)
        if word not in command.commands:
            return None if word.isupper() or word.startswith("-") else word
        command = command.commands[word]
    return None


def test_an_unknown_command_would_be_noticed() -> None:
    assert unknown(["rebuild"]) == "rebuild"
    assert unknown(["query", "legal_entity", "--for", "x"]) == "--for"
    assert unknown(["demo", "run", "--no-airflow", "--people", "6000"]) is None


def test_every_verb_is_told_of() -> None:
    told = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert [path for path in leaves(root()) if f"shuyuan {' '.join(path)}" not in told] == []


def test_every_dag_is_told_of() -> None:
    dags = {
        f"upkeep__{name}"
        for name in re.findall(
            r'^        "(\w+)", "\w+", "\w+"', (PROJECT / "dags/upkeep.py").read_text("utf-8"), re.MULTILINE
        )
    }
    assert len(dags) >= 4
    kinds = {"feed__<resource>", "library__<id>"}
    architecture = (DOCS / "architecture.md").read_text("utf-8")
    assert {dag for dag in dags | kinds if f"`{dag}`" not in architecture} == set()
    assert {dag for dag in dags if f"`{dag}`" not in (DOCS / "operate.md").read_text("utf-8")} == set()


def test_every_room_is_told_of() -> None:
    rooms = {path.parent.name for path in (PROJECT / "shuyuan").glob("*/__init__.py")}
    told = re.findall(r"^\| ((?:`\w+`,? ?)+)\|", (DOCS / "architecture.md").read_text("utf-8"), re.MULTILINE)
    assert rooms - set(re.findall(r"\w+", " ".join(told))) == set()


def test_every_dependency_has_its_reason() -> None:
    record = (DOCS / "decisions" / "0001-dependencies.md").read_text("utf-8")
    for source in ("requirements.in", "requirements-dev.in"):
        lines = [line for line in (PROJECT / source).read_text("utf-8").splitlines() if line and line[0] not in "#-"]
        missing = [line.split("==")[0] for line in lines if f"`{line.split('==')[0]}`" not in record]
        assert not missing, source


def test_the_page_of_reasons_is_current() -> None:
    script = PROJECT / "scripts" / "reason_codes.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], check=False, capture_output=True, text=True, cwd=PROJECT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_reason_without_words_stops_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    module = runpy.run_path(str(PROJECT / "scripts" / "reason_codes.py"))
    monkeypatch.delitem(module["ROWS"], "nul_byte")
    with pytest.raises(module["Undescribed"], match="nul_byte"):
        module["page"]()


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_every_decision_record_has_the_form(record: Path) -> None:
    """# NNNN Title, a status line, then Context, Decision, Consequences; listed in the index; its number its own."""
    text, number = record.read_text("utf-8"), record.name[:4]
    assert re.match(rf"# {number} \S.*\n\n\*(Accepted|Proposed|Replaced by \d{{4}}) ?[^*]*\*\n", text), (
        "title and status line: docs/decisions/README.md"
    )
    for part in ("Context", "Decision", "Consequences"):
        assert f"\n**{part}.**" in text, f"{record.name} has no **{part}.**"
    assert f"({record.name})" in (DOCS / "decisions" / "README.md").read_text("utf-8"), (
        "add it to docs/decisions/README.md"
    )
    assert [other.name for other in RECORDS if other.name[:4] == number] == [record.name]


@pytest.mark.parametrize("page", README, ids=lambda path: path.name)
def test_the_feed_of_ten_lines(page: Path, tmp_path: Path) -> None:
    """README's feed is ten lines, sound, and judged by the default suite."""
    (block,) = re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert len(block.splitlines()) == 10
    catalog = with_resource(tmp_path, block)
    resource = catalog.resources[yaml.safe_load(block)["id"]]
    assert resource.table == "housing__rental"
    assert judge.check_suites(catalog) == []


def test_the_onboarding_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its contract, its part of a library and its suite fit together."""
    resource, part, suite = re.findall(r"```yaml\n(.*?)```", (DOCS / "onboard-a-feed.md").read_text("utf-8"), re.DOTALL)
    suites = tmp_path / "suites"
    shutil.copytree(PROJECT / "expectations" / "suites", suites)
    (suites / "tax__refund.yml").write_text(suite, "utf-8")
    monkeypatch.setenv("SHUYUAN_EXPECTATIONS", str(suites))
    settings.load.cache_clear()
    try:
        members, items = part.removeprefix("members:\n").split("items:\n")
        catalog = with_resource(tmp_path, resource, members=members, items=items)
        assert catalog.libraries["credit"].item("refund_count").source[0].ref == "tax.refund._records"
        assert judge.check_suites(catalog) == []
    finally:
        monkeypatch.undo()
        settings.load.cache_clear()


def with_resource(tmp_path: Path, contract: str, members: str = "", items: str = "") -> Any:
    """The project's catalog with one more resource, and what it brings to the credit library."""
    folder = tmp_path / "catalog"
    shutil.copytree(PROJECT / "catalog", folder)
    department, name = yaml.safe_load(contract)["id"].split(".")
    (folder / "resources" / department / f"{name}.yml").write_text(contract, "utf-8")
    library = folder / "libraries" / "credit.yml"
    text = (
        library.read_text("utf-8")
        .replace("members:\n", f"members:\n{members}", 1)
        .replace("\nitems:\n", f"\nitems:\n{items}", 1)
    )
    library.write_text(text, "utf-8")
    return load_catalog(folder)


def test_both_readmes_say_the_same() -> None:
    """Same commands, same sections, both short, and both say what the two commands took."""
    english, chinese = (path.read_text("utf-8") for path in README)
    for text in (english, chinese):
        assert len(text.splitlines()) < 200
        assert re.search(r"`make demo` \| .*\d+ (min|分)", text) and re.search(r"`make test` \| .*\d+ (min|分)", text)
    count = re.compile(r"^## ", re.MULTILINE)
    assert len(count.findall(english)) == len(count.findall(chinese))
    verbs = re.compile(r"shuyuan ((?:demo |person |grant |catalog )?[a-z]+)")
    assert sorted(set(verbs.findall(shell(english)))) == sorted(set(verbs.findall(shell(chinese))))


def test_pictures_are_small() -> None:
    pictures = list((DOCS / "images").iterdir())
    assert pictures
    assert [picture.name for picture in pictures if picture.stat().st_size > 300_000] == []
