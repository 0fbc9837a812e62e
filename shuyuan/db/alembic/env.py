"""Alembic's environment: run the revisions of this directory on the connection that `shuyuan.db.migrate` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table_schema="public")
with context.begin_transaction():
    context.run_migrations()
