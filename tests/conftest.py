"""Fixtures: one real PostgreSQL deployment per session, the real catalog loader, tiny worlds."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from town import Town, fresh_database

from shuyuan import settings
from shuyuan.db import embedded

# On CI the same examples every time: a change is judged by what it changed. At home the search goes on.
hypothesis.settings.register_profile("ci", derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A started and migrated deployment of its own; SHUYUAN_HOME points to it for the whole session."""
    from shuyuan.flow.migrate import migrate

    # Not below pytest's own folder: that one is closed to the account PostgreSQL runs as when the tests run as root.
    path = Path(tempfile.mkdtemp(prefix="shuyuan-test-")) / "home"
    os.environ["SHUYUAN_HOME"] = str(path)
    settings.load.cache_clear()
    embedded.start(path)
    migrate()
    yield path
    embedded.stop(path)
    shutil.rmtree(path.parent)


@pytest.fixture
def town(home: Path) -> Iterator[Town]:
    """An empty town: the deployment with nothing delivered yet. Audit tables only grow, so the database itself is made anew."""
    os.environ["SHUYUAN_HOME"] = str(home)
    settings.load.cache_clear()
    fresh_database(home)
    town = Town(home)
    town.clear()
    yield town
