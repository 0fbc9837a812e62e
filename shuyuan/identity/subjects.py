"""Whom proposals are about: the published entities of a library and the loose rows of its members, in one temporary table `subject`.

Belongs here: which columns of the catalog say name, birth, sex and marks. Does not belong here: what follows from two subjects being alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from shuyuan.catalog import Catalog, Library, LibraryItem, Member, Resource, item_of, resource_of
from shuyuan.catalog.declared import SPELLED
from shuyuan.db.engine import Connection
from shuyuan.db.sql import SQL, Composable, Identifier, Literal, fragment, join, statement, table

PERSON, BODY = "citizen_id", "uscc"
MARKS = (
    "phone",
    "address",
    "identifier",
    "uscc",
    "citizen_id",
    "org_code",
    "reg_no",
    "tax_no",
    "inst_cert_no",
    "social_reg_no",
)
"""Types of items that two people or two bodies rarely share; for bodies also the name of a person (the legal representative)."""

NUMBERS = ("org_code", "reg_no", "tax_no", "inst_cert_no", "social_reg_no")
"""Types of numbers a body had before 2015; one of them names one body."""
NUMBER_ITEMS = ("reg_no", "subject_reg_no")
"""Items that hold a registration number although their type does not say so: penalties are sent with whatever was written down."""
TAUGHT = 20_000
"""Published entities that a likelihood model learns from."""


@dataclass(frozen=True)
class Traits:
    """The items of a library by what they tell: one name, a birth date and a sex where there are any, and marks."""

    name: LibraryItem
    birth_date: LibraryItem | None
    sex: LibraryItem | None
    marks: tuple[LibraryItem, ...]


def traits(library: Library) -> Traits | None:
    """What a library of persons or bodies can be told apart by; None for libraries of anything else."""
    named = {PERSON: "person_name", BODY: "org_name"}.get(library.key.type)
    name = next((item for item in library.items if item.type == named), None)
    if name is None:
        return None
    born, sex = (_item(library, wanted) if library.key.type == PERSON else None for wanted in ("birth_date", "sex"))
    kinds = (*MARKS, "person_name") if library.key.type == BODY else MARKS
    return Traits(name, born, sex, tuple(item for item in library.items if item.type in kinds and item is not name))


def _item(library: Library, name: str) -> LibraryItem | None:
    return next((item for item in library.items if item.name == name), None)


def gather(connection: Connection, catalog: Catalog, library: Library, known: Traits) -> None:
    """Fill the temporary tables `subject` and `number` in the caller's transaction."""
    connection.execute(statement("identity/create_subject"))
    columns = {item.name: _column(item.name) for item in library.items}
    published = table("library", library.id)
    connection.execute(statement("identity/gather_published", published=published, **_cells(known, columns, None)))
    _every_member(connection, catalog, library, known, "identity/gather_loose")
    for member in library.members:
        for on in member.on:
            _gather_numbers(connection, catalog.resources[member.resource], on)
    connection.execute(statement("identity/index_subject"))


def gather_taught(connection: Connection, catalog: Catalog, library: Library, known: Traits) -> None:
    """Fill the temporary table `taught`: some published entities of `subject` and their members' rows, which bear the same number."""
    connection.execute(statement("identity/create_taught", entities=SQL(str(TAUGHT))))
    _every_member(connection, catalog, library, known, "identity/gather_taught")


def _every_member(connection: Connection, catalog: Catalog, library: Library, known: Traits, order: str) -> None:
    for member in library.members:
        columns = told_by(library, member)
        if known.name.name not in columns:
            continue  # the member says nothing that could tell its rows apart
        parts: dict[str, Composable] = {"resource": Literal(member.resource), "library": Literal(library.id)}
        parts |= {"published": table("library", library.id), "source": _source(catalog.resources[member.resource])}
        for on in member.on:
            number = _column(on) if library.key.type == PERSON else None
            cells = _cells(known, columns, number)
            connection.execute(statement(order, on=Identifier(on), **parts, **cells))


def _gather_numbers(connection: Connection, resource: Resource, on: str) -> None:
    for item in resource.items:
        if item.name != on and (item.type in NUMBERS or item.name in NUMBER_ITEMS):
            kind = Literal(item.type if item.type in NUMBERS else "reg_no")
            parts = {"on": Identifier(on), "kind": kind, "item": Identifier(item.name), "source": _source(resource)}
            connection.execute(statement("identity/gather_numbers", **parts))


def told_by(library: Library, member: Member) -> dict[str, Composable]:
    """Library item → the column of a member's row that claims it."""
    found: dict[str, Composable] = {}
    for item in library.items:
        for ref in item.refs:
            if resource_of(ref) == member.resource and not item_of(ref).startswith("_"):
                found[item.name] = _column(item_of(ref))
    return found


def spelled(item: LibraryItem, column: Composable) -> Composable:
    """A text without what makes no difference when two are compared."""
    return statement(f"compare/text/{item.type}", text=column) if item.type in SPELLED else column


def _source(resource: Resource) -> Identifier:
    return table("source", resource.table)


def _column(name: str) -> Composable:
    return fragment("row.{item}", item=Identifier(name))


def _cells(known: Traits, columns: dict[str, Composable], number: Composable | None) -> dict[str, Composable]:
    """The cells of a subject; without a birth date of its own that of its citizen number, if the rows have one in column `number`."""
    marks = [_mark(item, columns[item.name]) for item in known.marks if item.name in columns]
    born = columns.get(known.birth_date.name) if known.birth_date else None
    days = [fragment("to_char({born}, 'YYYYMMDD')", born=born)] if born else []
    days += [fragment("substr({number}, 7, 8)", number=number)] if number else []
    return {
        "called": spelled(known.name, columns[known.name.name]),
        "birth": fragment("coalesce({days})", days=join(days)) if days else SQL("NULL"),
        "sex": columns.get(known.sex.name, SQL("NULL")) if known.sex else SQL("NULL"),
        "marks": join(marks) if marks else SQL("NULL"),
    }


def _mark(item: LibraryItem, column: Composable) -> Composable:
    template = "{label} || nullif(CAST({column} AS text), '')"
    return fragment(template, label=Literal(f"{item.name}="), column=spelled(item, column))
