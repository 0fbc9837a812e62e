"""A terminal in the tests' process: the program through its own entry, what it said, and a town with something to ask for."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from town import MONDAY, Town, fresh_database, ids, person

from shuyuan import settings
from shuyuan.cli import catalog, demo, explain, past, steps
from shuyuan.cli import people as people_commands
from shuyuan.cli.app import main
from shuyuan.share import people


@dataclass(frozen=True)
class Said:
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Everything it said, line breaks of the terminal taken out."""
        return " ".join((self.out + self.err).split())


@pytest.fixture(name="shuyuan")
def program(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program in this process: `shuyuan("status", "--json")`. A traceback that a user would see fails the test."""
    for module in (catalog, demo, explain, past, people_commands, steps):
        monkeypatch.setattr(module.out, "width", 200)

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["shuyuan", *arguments])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(code, out, err)

    return run


@pytest.fixture(scope="module", name="opened")
def published(home: Path) -> Town:
    """A published town in which wang of the tax office may see names masked and the county plain; one for all tests of a module."""
    os.environ["SHUYUAN_HOME"] = str(home)
    settings.load.cache_clear()
    fresh_database(home)
    town = Town(home)
    town.clear()
    town.register(MONDAY, map(person, ids(30)))
    town.feed(MONDAY)
    town.publish()
    people.add_person("wang", "tax", "steward")
    people.grant(
        "population", ["id_no", "name", "birth_date:plain", "hukou_division"], ["行政依据"], "陈主任", person="wang"
    )
    return town
