"""Bring a deployment to the newest schema and put its catalog in force. Safe to repeat."""

from __future__ import annotations

from shuyuan import settings
from shuyuan.catalog import Catalog, load_catalog
from shuyuan.db import migrate as migrations
from shuyuan.db.engine import transaction
from shuyuan.db.sql import FOLDER, statement
from shuyuan.publish.tables import put_in_force
from shuyuan.quality.calendar import rows as workdays


def migrate() -> Catalog:
    """Run migrations, functions and views, then create what the catalog declares. Raises CatalogError before touching anything."""
    catalog = load_catalog(settings.load().catalog)
    migrations.upgrade()
    with transaction("shuyuan_owner") as connection:
        for folder in ("functions", "views"):
            for path in sorted((FOLDER / folder).glob("*.sql")):
                connection.execute(path.read_text(encoding="utf-8").encode())
        put_in_force(connection, catalog)
        with connection.cursor() as cursor:
            cursor.executemany(statement("steps/put_workday"), workdays())
    return catalog
