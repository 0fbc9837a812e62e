"""The head of a table under a contract: where its form says, if it was found before, else searched by the contract's headers."""

from __future__ import annotations

from dataclasses import replace

from shuyuan.intake import header
from shuyuan.intake.header import Records
from shuyuan.intake.rows import Column, Contract, Form, Head


def settle(file: str, records: Records, contract: Contract) -> Head:
    """As `header.settle`; with a `form` nothing is searched: its names are the header row, below its last header line is data.

    Raises HeaderNotFound, MissingColumn, AmbiguousColumn.
    """
    form = contract.form
    if form is None:
        return header.settle(file, records, contract)
    line = max(form.header, default=0)
    places = {c.name: at for c in contract.columns if (at := _place(c, form)) is not None}
    if not places or any(c.name not in places for c in contract.required):
        found = header.settle(file, [(line, form.names)], replace(contract, header_row=None))
        return replace(found, line=line, index=line - 1)
    absent = {n: v for n, v in contract.constants.items() if n not in places}
    names = tuple(c.name for c in contract.columns)
    return Head(places, names, len(form.names), len(form.names), line, line - 1, (), absent)


def _place(column: Column, form: Form) -> int | None:
    """Where the form has the column under one of its own words, letter by letter."""
    return next((form.names.index(t) for t in (*column.headers, column.name) if t in form.names), None)
