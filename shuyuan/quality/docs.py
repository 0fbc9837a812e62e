"""Data Docs: one HTML page per judgement, made by Great Expectations' own renderers, under a page frame that loads nothing from any network.

Belongs here: files below `<home>/docs`. A page appears whole or not at all.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from shuyuan import settings

TEMPLATES = Path(__file__).parent / "templates"


class PageWithoutNetwork(DefaultJinjaPageView):  # type: ignore[misc]
    """Great Expectations' content blocks in our own frame; its own frame loads scripts and styles from nine public hosts."""

    _template = "data_docs_page.j2"

    def __init__(self) -> None:
        super().__init__(custom_views_directory=str(TEMPLATES))


def write(document: ExpectationSuiteValidationResult, suite: str, number: int) -> str:
    """Render a judgement to `<docs>/<suite>/<number>.html` (number: batch or run id) and list it in the index.

    → the path relative to the docs folder.
    """
    html = PageWithoutNetwork().render(ValidationResultsPageRenderer(run_info_at_end=True).render(document))
    html = html.replace(f'href="../../../../expectations/{suite}.html"', "")  # a suite is a YAML file here, not a page
    relative = f"{suite}/{number}.html"
    _write_whole(settings.load().docs / relative, html)
    build_index()
    return relative


def build_index() -> Path:
    """Write `<docs>/index.html`: every suite with its pages, newest first. → its path."""
    folder = settings.load().docs
    pages: dict[str, list[int]] = {}
    for path in folder.glob("*/*.html"):
        if path.stem.isdigit():
            pages.setdefault(path.parent.name, []).append(int(path.stem))
    suites = {suite: sorted(pages[suite], reverse=True) for suite in sorted(pages)}
    html = PageWithoutNetwork().env.get_template("data_docs_index.j2").render(suites=suites)
    return _write_whole(folder / "index.html", html)


def _write_whole(path: Path, html: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, prefix=".new.", delete=False, encoding="utf-8") as new:
        new.write(html)
    os.replace(new.name, path)  # noqa: PTH105 - a name, not a Path
    return path
