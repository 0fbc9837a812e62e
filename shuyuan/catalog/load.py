"""The catalog directory → one frozen `Catalog`, or every problem in it at once.

Layout: `departments.yml`, `codes/*.yml`, `codes/divisions_history.csv` (optional, read by `standards`), `crosswalks/*.yml`,
`resources/<department>/*.yml`, `libraries/*.yml`, `policies/*.yml`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from shuyuan.catalog.declared import Declared
from shuyuan.catalog.errors import CatalogError
from shuyuan.catalog.models import Catalog, CodeList, Crosswalk, Department, Library, Policy, Resource
from shuyuan.catalog.rules import refusals
from shuyuan.catalog.source import Document, read_yaml

DIVISIONS_HISTORY = Path("codes") / "divisions_history.csv"
Model = TypeVar("Model", bound=Declared)


@cache
def load_catalog(root: Path) -> Catalog:
    """Read and check a catalog directory. Raises CatalogError with all problems, each with file and line."""
    reader = _Reader(root)
    catalog = reader.read()
    if not reader.problems and catalog is not None:
        reader.problems.extend(refusals(catalog, reader.documents))
    if reader.problems or catalog is None:
        raise CatalogError(reader.problems)
    return catalog


class _Reader:
    """One pass over the directory, collecting problems instead of stopping at the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[str] = []
        self.documents: dict[str, Document] = {}

    def read(self) -> Catalog | None:
        if not self.root.is_dir():
            self.problems.append(f"{self.root}: no such catalog directory; set SHUYUAN_CATALOG or pass --catalog")
            return None
        policies = self._folder("policies", Policy)
        if len(policies) != 1:
            self.problems.append(f"{self.root}/policies: exactly one policy profile is in force, found {len(policies)}")
            return None
        return Catalog(
            departments=self._departments(),
            codes=self._folder("codes", CodeList),
            crosswalks=self._folder("crosswalks", Crosswalk),
            resources=self._folder("resources", Resource),
            libraries=self._folder("libraries", Library),
            policy=next(iter(policies.values())),
            where={name: doc.at() for name, doc in self.documents.items()},
            divisions_history=self._divisions_history(),
        )

    def _divisions_history(self) -> Path | None:
        path = self.root / DIVISIONS_HISTORY
        return path if path.is_file() else None

    def _folder(self, folder: str, model: type[Model]) -> dict[str, Model]:
        found: dict[str, Model] = {}
        for path in sorted((self.root / folder).rglob("*.yml")):
            if (document := self._document(path)) is not None:
                self._add(found, document, model)
        return dict(sorted(found.items()))

    def _departments(self) -> dict[str, Department]:
        document = self._document(self.root / "departments.yml")
        found: dict[str, Department] = {}
        for i, entry in enumerate(document.data if document else []):
            if (department := self._model(Department, entry, document, (i,))) is not None:
                found[department.id] = department
        return found

    def _document(self, path: Path) -> Document | None:
        try:
            return read_yaml(path)
        except (CatalogError, OSError) as error:
            self.problems.extend(getattr(error, "problems", [f"{path}: {error}"]))
            return None

    def _add(self, found: dict[str, Model], document: Document, model: type[Model]) -> None:
        entry = self._model(model, document.data, document, ())
        if entry is None:
            return
        name: str = entry.id  # type: ignore[attr-defined]  # every model in a folder has an id
        if name in found:
            self.problems.append(f"{document.at()}: `{name}` is declared twice, first at {self.documents[name].at()}")
            return
        found[name] = entry
        self.documents[name] = document

    def _model(
        self, model: type[Model], data: Any, document: Document | None, at: tuple[str | int, ...]
    ) -> Model | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            where = document.at if document else (lambda *_: "?")
            for problem in error.errors():
                path = ".".join(str(part) for part in problem["loc"])
                self.problems.append(f"{where(*at, *problem['loc'])}: {path or model.__name__}: {problem['msg']}")
            return None
