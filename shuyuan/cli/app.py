"""Assembles the commands and turns known errors into one clear message with a way out."""

from __future__ import annotations

import sys

import typer

from shuyuan.cli import catalog, demo, explain, identity, past, people, steps, survey
from shuyuan.cli.arguments import Mistake

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Shuyuan 数源: feeds in, trustworthy libraries out, everything audited.",
)
steps.register(app)
survey.register(app)
people.register(app)
explain.register(app)
past.register(app)
app.add_typer(catalog.app, name="catalog")
app.add_typer(demo.app, name="demo")
app.add_typer(identity.app, name="identity")
app.add_typer(people.person, name="person")
app.add_typer(people.grant, name="grant")


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 the work failed or was refused for what the data is, 2 asked wrongly or not permitted.

    Whatever says itself what is wrong and what to do ends without a traceback; everything else is a defect of ours and shows one.
    """
    try:
        app(prog_name="shuyuan")
    except Exception as error:
        message = explanation(error)
        if message is None:
            raise
        typer.secho(message, fg="red", err=True)
        sys.exit(2 if _asked_wrongly(error) else 1)


def _asked_wrongly(error: Exception) -> bool:
    """A Mistake, or a batch or run that does not exist (a plain LookupError; a KeyError is a defect of ours)."""
    return isinstance(error, Mistake) or type(error) is LookupError


def explanation(error: Exception) -> str | None:
    """What to tell the user, if that is all a user needs: an error of our own trees, or a database that does not run."""
    if _asked_wrongly(error):
        return "; ".join(str(error).splitlines())
    if type(error).__module__.startswith("shuyuan."):
        return f"{type(error).__name__}: {error}"
    return _without_server()


def _without_server() -> str | None:
    from shuyuan import settings
    from shuyuan.db import address, embedded

    home = settings.load().home
    if address.external() or (state := embedded.status(home)) == "running":
        return None
    return f"PostgreSQL of {home} is {state}; start it first: shuyuan migrate"
