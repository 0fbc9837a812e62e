"""The only room that knows psycopg and SQLAlchemy: connections, SQL files, migrations, COPY, the embedded server."""
