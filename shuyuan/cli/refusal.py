"""A refusal of the sharing rules, told: what was refused, why, and the number of its row in ledger.access. The program ends with code 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

out = Console()


@contextmanager
def told() -> Iterator[None]:
    """Around whatever may be refused."""
    from shuyuan.share.read import Refused

    try:
        yield
    except Refused as refusal:
        out.print(f"refused (access {refusal.access_id}): {refusal.reason}", style="red", soft_wrap=True, markup=False)
        raise typer.Exit(2) from None
