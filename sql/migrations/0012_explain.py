"""Runs the SQL file of the same name."""

from pathlib import Path

from shuyuan.db.migrate import run_sql_beside

revision = "0012"
# While 0009 to 0011 are on their way: the newest before this one. To be "0011" once it is there.
down_revision = max(path.name[:4] for path in Path(__file__).parent.glob("0*_*.py") if path.name[:4] < revision)


def upgrade() -> None:
    run_sql_beside(__file__)
