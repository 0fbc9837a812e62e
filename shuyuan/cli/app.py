"""Assembles the commands and turns known errors into one clear message with a way out."""

from __future__ import annotations

import sys

import typer

from shuyuan.cli import catalog, demo, people, steps

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Shuyuan 数源: feeds in, trustworthy libraries out, everything audited.")
steps.register(app)
people.register(app)
app.add_typer(catalog.app, name="catalog")
app.add_typer(demo.app, name="demo")
app.add_typer(people.person, name="person")
app.add_typer(people.grant, name="grant")


def main() -> None:
    """Entry point: errors that say what is wrong and what to do end with code 1 and no traceback."""
    try:
        app()
    except Exception as error:
        if not is_explained(error):
            raise
        typer.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        sys.exit(1)


def is_explained(error: Exception) -> bool:
    """Whether the error's own message is all a user needs: it comes from one of our error trees."""
    return type(error).__module__.startswith("shuyuan.") or isinstance(error, LookupError)
