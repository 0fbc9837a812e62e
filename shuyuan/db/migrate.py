"""Forward-only migrations: `sql/migrations/NNNN_name.sql`, run in order by Alembic, each once, in one transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command, op
from alembic.config import Config

from shuyuan.db.engine import engine
from shuyuan.settings import PROJECT


def upgrade() -> None:
    """Bring the warehouse to the newest schema. Safe to repeat."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(PROJECT / "sql" / "migrations"))
    config.set_main_option("path_separator", "os")
    with engine("shuyuan_owner").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def run_sql_beside(revision_file: str) -> None:
    """Run the `.sql` file with the same stem as a revision file. Several statements, no parameters."""
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("migrations run on a live connection only; there is no offline mode")
    # Straight to the driver and without parameters: a percent sign in PL/pgSQL is text, not a placeholder.
    driver.execute(Path(revision_file).with_suffix(".sql").read_bytes())
