"""The head of a table under a contract: where its form says, if it was found before, else searched by the contract's headers."""

from __future__ import annotations

from dataclasses import replace

from shuyuan.reader import header
from shuyuan.reader.header import Records
from shuyuan.reader.rows import Contract, Head


def settle(file: str, records: Records, contract: Contract) -> Head:
    """As `header.settle`; with a `form` nothing is searched. Raises HeaderNotFound, MissingColumn, AmbiguousColumn."""
    if contract.form is None:
        return header.settle(file, records, contract)
    return header.of_form(file, contract, contract.form, contract.form.begin - 2)


def by_keys(file: str, keys: list[str], contract: Contract) -> Head:
    """The head of rows that name their own cells (JSON, Parquet, dBase): no physical row is above the data."""
    if contract.form is None:
        return replace(header.settle(file, [(1, keys)], replace(contract, header_row=None)), index=-1, line=0)
    return replace(header.of_form(file, contract, contract.form, -1), line=0)
