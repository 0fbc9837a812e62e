"""CatalogError: what is wrong in the YAML, each line with file and line number."""

from __future__ import annotations


class CatalogError(Exception):
    """The catalog contradicts itself or cannot be read. `problems` are lines `file:line: what: way out`."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("the catalog is refused:\n  " + "\n  ".join(problems))
