"""Runs the SQL file of the same name."""

from shuyuan.db.migrate import run_sql_beside

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_sql_beside(__file__)
