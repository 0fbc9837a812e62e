"""Loads what lies in bench/: programs, not part of the package."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from shuyuan.settings import PROJECT


def load(name: str) -> ModuleType:
    """A module of bench/, with those beside it that it needs."""
    folder = str(PROJECT / "bench")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)
