"""Put a catalog in force: tables, claim views and grants of every resource and library. Repeatable; columns are added, never dropped."""

from __future__ import annotations

from collections.abc import Sequence

from shuyuan.catalog import Catalog, Library, LibraryItem, Member, Resource, ResourceItem
from shuyuan.catalog.sharing import shared_items
from shuyuan.db.engine import Connection
from shuyuan.db.sql import SQL, Composable, Identifier, Literal, columns, join, statement, table
from shuyuan.resolve.claims import claims, picked, ruled

POSTGRES = {"date": "date", "amount": "numeric(20,6)", "integer": "bigint", "coordinate": "double precision"}


def postgres_type(item_type: str) -> str:
    """The PostgreSQL type of an item type (docs/architecture.md, item types); text unless said otherwise."""
    return POSTGRES.get(item_type, "text")


def put_in_force(connection: Connection, catalog: Catalog) -> None:
    """Create what is missing for every resource and library, as the owner, in the caller's transaction."""
    _mirror(connection, catalog)
    for resource in catalog.resources.values():
        _source(connection, resource)
    for library in catalog.libraries.values():
        _library(connection, catalog, library)
        _claims(connection, catalog, library)


def _mirror(connection: Connection, catalog: Catalog) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(statement("steps/put_department"), [d.model_dump() for d in catalog.departments.values()])
        cursor.executemany(statement("steps/put_resource"), [_resource_row(r) for r in catalog.resources.values()])
        cursor.executemany(statement("steps/put_library"), [_library_row(lib) for lib in catalog.libraries.values()])
        cursor.execute(statement("steps/withdraw_resources"), {"declared": list(catalog.resources)})


def _resource_row(resource: Resource) -> dict[str, object]:
    row = resource.model_dump(include={"id", "title", "title_en", "classification", "update_cycle", "grace"})
    return row | {"department": resource.department, "mode": resource.delivery.mode, "share_type": resource.share.type}


def _library_row(library: Library) -> dict[str, object]:
    row = library.model_dump(include={"id", "title", "title_en", "kind", "lead"})
    return row | {"key_name": library.key.name}


def _source(connection: Connection, resource: Resource) -> None:
    name = table("source", resource.table)
    connection.execute(statement("steps/create_source", table=name))
    _add_columns(connection, name, resource.items)
    for on in {resource.bucket_item, *resource.key}:
        _index(connection, resource, on)
    connection.execute(statement("steps/grant_source", table=name))


def _library(connection: Connection, catalog: Catalog, library: Library) -> None:
    name, history = table("library", library.id), table("history", library.id)
    connection.execute(statement("steps/create_library", library=name, history=history))
    for target in (name, history):
        _add_columns(connection, target, library.items)
    as_of = table("history", f"{library.id}_as_of")
    connection.execute(statement("steps/create_as_of", as_of=as_of, history=history))
    opened = columns(
        ["_run", "_as_of", *(item.column for item in shared_items(catalog, library).values() if item.open)]
    )
    connection.execute(statement("steps/grant_library", library=name, history=history, open=opened))


def _claims(connection: Connection, catalog: Catalog, library: Library) -> None:
    _ruled(connection, catalog, library)
    for member in library.members:
        resource = catalog.resources[member.resource]
        view = table("claim", library.claims(member))
        source = claims(member, resource, table("source", resource.table))
        connection.execute(statement("steps/create_claim", view=view, claims=source))
        _ruled_claims(connection, library, member, resource)
        for on in member.on:
            _index(connection, resource, on)


def _ruled(connection: Connection, catalog: Catalog, library: Library) -> None:
    """The view of the few keys whose claims rulings move: the claims by number tell them as no steward had ruled."""
    numbers = [
        statement("steps/numbers_ruled_away", on=Identifier(on), **_ruled_parts(library, resource))
        for member in library.members
        for resource in [catalog.resources[member.resource]]
        for on in member.on
    ]
    parts = {"view": table("claim", library.ruled), "library": Literal(library.id)}
    connection.execute(statement("steps/create_ruled", numbers=join(numbers, "\n"), **parts))


def _ruled_claims(connection: Connection, library: Library, member: Member, resource: Resource) -> None:
    """The view by which the suite proves what it cannot prove by number."""
    parts = _ruled_parts(library, resource)
    named = [statement("steps/rows_naming_ruled", on=Identifier(resource.found_by(on)), **parts) for on in member.on]
    rows = statement("steps/rows_ruled_about", named=join(named, " UNION "), **parts)
    said = picked(member, resource, ruled(member, resource, rows), own_first=True)
    view = table("claim", library.claims(member, ruled=True))
    connection.execute(statement("steps/create_ruled_claim", view=view, claims=said, library=Literal(library.id)))


def _ruled_parts(library: Library, resource: Resource) -> dict[str, Composable]:
    source, keys = table("source", resource.table), table("claim", library.ruled)
    return {"source": source, "ruled": keys, "library": Literal(library.id), "resource": Literal(resource.id)}


def _index(connection: Connection, resource: Resource, item: str) -> None:
    """An index of a source over an item; none where its key says the same, and a first load would only be slower for it."""
    index = f"{resource.table}__{item}"
    if resource.found_by(item) != item:
        connection.execute(SQL("DROP INDEX IF EXISTS {}").format(table("source", index)))
        return
    order = SQL("CREATE INDEX IF NOT EXISTS {} ON {} ({})")
    connection.execute(order.format(Identifier(index), table("source", resource.table), Identifier(item)))


def _add_columns(connection: Connection, target: Identifier, items: Sequence[ResourceItem | LibraryItem]) -> None:
    for item in items:
        kind = SQL(postgres_type(item.type))  # a fixed list above, never user text
        order = statement("steps/add_column", table=target, column=Identifier(item.name), type=kind)
        connection.execute(order)
