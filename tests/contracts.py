"""The project's catalog with another delivery of one resource, in force for one test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from town import RESIDENT

from shuyuan import settings
from shuyuan.catalog import Resource, load_catalog
from shuyuan.settings import PROJECT

Contract = Callable[..., Resource]


@pytest.fixture(name="contract")
def contracted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Contract]:
    """`contract(pattern=…, connector=…)` changes the delivery of the residents' register; `resource=` names another one."""

    def change(resource: str = RESIDENT, **delivery: object) -> Resource:
        folder = tmp_path / "catalog"
        if not folder.exists():
            shutil.copytree(PROJECT / "catalog", folder)
            monkeypatch.setenv("SHUYUAN_CATALOG", str(folder))
            monkeypatch.setenv("SHUYUAN_EXPECTATIONS", str(PROJECT / "expectations" / "suites"))
        path = folder / "resources" / Path(*resource.split(".")).with_suffix(".yml")
        text = yaml.safe_load(path.read_text("utf-8"))
        text["delivery"] |= delivery
        path.write_text(yaml.safe_dump(text, allow_unicode=True), "utf-8")
        settings.load.cache_clear()
        load_catalog.cache_clear()
        return load_catalog(settings.load().catalog).resources[resource]

    yield change
    settings.load.cache_clear()
