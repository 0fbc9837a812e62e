"""Fixtures: one real PostgreSQL deployment per session, the real catalog loader, tiny worlds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shuyuan import settings
from shuyuan.db import embedded


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A started and migrated deployment of its own; SHUYUAN_HOME points to it for the whole session."""
    from shuyuan.flow.migrate import migrate

    path = tmp_path_factory.mktemp("deployment")
    os.environ["SHUYUAN_HOME"] = str(path)
    settings.load.cache_clear()
    embedded.start(path)
    migrate()
    yield path
    embedded.stop(path)
