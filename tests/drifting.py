"""What tests of drift share: a contract to be changed, a register with other columns, and what the ledger says of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from town import HEADER, MONDAY, RESIDENT, Town, ids, person

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.flow import Rejected, read, receive
from shuyuan.flow.migrate import migrate

PEOPLE = ids(40)
LINES = [person(number) for number in PEOPLE]
SOURCE = "source.public_security__resident"
CONTRACT = "resources/public_security/resident.yml"


class Contract:
    """The residents' contract, to be changed by a test."""

    def __init__(self, catalog: Path) -> None:
        self.file = catalog / CONTRACT

    def policy(self, **settings_: str) -> None:
        words = ", ".join(f"{name}: {value}" for name, value in settings_.items())
        self._write(self._text().replace("share: {type", f"drift: {{{words}}}\nshare: {{type", 1))

    def item(self, name: str, more: str) -> None:
        self._write(self._text().replace(f"{{name: {name},", f"{{name: {name}, {more},", 1))

    def alias(self, known: str, new: str) -> None:
        self._write(self._text().replace(f"aliases: [{known}]", f"aliases: [{known}, {new}]", 1))

    def _text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def _write(self, text: str) -> None:
        assert text != self._text(), "the contract was not changed"
        self.file.write_text(text, encoding="utf-8")
        load_catalog.cache_clear()
        migrate()


@pytest.fixture(name="contract")
def changeable(town: Town, tmp_path: Path) -> Iterator[Contract]:
    """A catalog of the town's own, in force."""
    copy = tmp_path / "catalog"
    shutil.copytree(settings.load().catalog, copy)
    os.environ["SHUYUAN_CATALOG"] = str(copy)
    settings.load.cache_clear()
    yield Contract(copy)
    del os.environ["SHUYUAN_CATALOG"]
    settings.load.cache_clear()
    load_catalog.cache_clear()


def without(column: str) -> tuple[list[str], str]:
    """The register without one of its columns."""
    return renamed_to(column, None)


def renamed_to(column: str, header: str | None, cells: list[str] | None = None) -> tuple[list[str], str]:
    """The register with a column under another header (None: without it), and with other cells in it."""
    at = HEADER.split(",").index(column)
    rows = [HEADER.split(","), *(line.split(",") for line in LINES)]
    for number, row in enumerate(rows):
        if header is None:
            del row[at]
        elif number == 0:
            row[at] = header
        elif cells is not None:
            row[at] = cells[number - 1]
    return [",".join(row) for row in rows[1:]], ",".join(rows[0])


def found(town: Town, kind: str) -> list[tuple[str, str, str]]:
    """(severity, item, message) of the findings of a kind."""
    return town.ask("SELECT severity, item, message FROM ledger.finding WHERE kind = %s ORDER BY item", kind)


def refused(town: Town) -> str:
    """Read the day's delivery, which must be refused and leave nothing; what the ledger says of it."""
    batch = receive(RESIDENT, MONDAY) or 0
    with pytest.raises(Rejected):
        read(batch)
    assert town.state(batch) == "rejected"
    assert town.one(f"SELECT count(*) FROM {SOURCE}") == 0
    assert not (settings.load().lake / "staged" / str(batch)).exists()
    return str(town.one("SELECT reason FROM ledger.batch WHERE batch_id = %s", batch))
