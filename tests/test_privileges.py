"""Who may do what in the warehouse: the whole intent as one table, compared with what PostgreSQL says, and tried over real connections."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from town import RESIDENT, Town
from warehouse import PRIVILEGES, ROLES, published, signed_in  # noqa: F401

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.catalog.sharing import shared_items
from shuyuan.db import embedded
from shuyuan.db.address import conninfo
from shuyuan.db.engine import transaction
from shuyuan.db.sql import statement, table

STATE = ("batch", "run", "snapshot", "discrepancy", "breach")
DELIVERED = ("part", "collected")
VIEWS = ("freshness", "unmapped_now", "suspicion")
COURT = ("dispute_change", "reliability", "verdict")
EVENTS = ("load", "finding", "evidence", "quarantine", "validation", "crosscheck", "unmapped", *COURT)

IDENTITY = ("entity", "link", "link_ruling", "link_now", "alias_now", "row_now")
RULED = ("ledger.entity_id", "ledger.key_of")

# What each role may do to whole tables; r = SELECT, a = INSERT, w = UPDATE, d = DELETE. What is not here is forbidden.
# A schema in place of a table stands for every table and view of it.
INTENT: dict[str, dict[str, str]] = {
    "shuyuan_loader": {
        "catalog": "r",
        **{f"ledger.{name}": "ra" for name in (*EVENTS, "discrepancy")},
        **{f"ledger.{name}": "raw" for name in ("batch", "run", "snapshot", "breach", "harvest", "part")},
        "ledger.access": "a",
        "ledger.collected": "ra",
        "ledger.told": "ra",
        **{f"ledger.{name}": "r" for name in (*VIEWS, *IDENTITY)},
        "ledger.link": "ra",
        "source": "rawd",
        "claim": "r",
        "library": "rawd",
        "history": "ra",
    },
    "shuyuan_steward": {
        "catalog": "r",
        **{f"ledger.{name}": "r" for name in (*EVENTS, *STATE, *DELIVERED, *VIEWS, *IDENTITY, "told")},
        **{f"ledger.{name}": "ra" for name in ("entity", "link", "link_ruling")},
        "source": "r",
        "claim": "r",
        "library": "r",
        "history": "r",
    },
    "shuyuan_auditor": {
        "catalog": "r",
        **{
            f"ledger.{name}": "r"
            for name in (*EVENTS, *STATE, *DELIVERED, *VIEWS, *IDENTITY, "access", "harvest", "told")
        },
        "share": "r",
    },
    "shuyuan_web": {
        "catalog": "r",
        **{
            f"ledger.{name}": "r"
            for name in (*EVENTS, *DELIVERED, "batch", "run", "discrepancy", "breach", *VIEWS, *IDENTITY)
        },
        "ledger.access": "ra",
        "source": "r",
        "claim": "r",
        "library": "r",
        "history": "r",
        "share": "r",
    },
    "analyst_qian": {"catalog": "r"},
}
# Single columns, where the whole table is too much. Analysts' columns of the libraries are computed from the catalog below.
COLUMNS: dict[str, dict[tuple[str, str], set[str]]] = {
    "shuyuan_loader": {
        ("ledger.access", "SELECT"): {"origin"},
        ("ledger.discrepancy", "UPDATE"): {"closed_run", "closed_at", "pattern"},
        ("share.person", "SELECT"): {"name", "department"},
    },
    "shuyuan_steward": {("share.person", "SELECT"): {"name", "role", "active"}},
}
SCHEMAS = {
    "shuyuan_loader": {"catalog", "ledger", "source", "claim", "library", "history", "staging", "share"},
    "shuyuan_steward": {"catalog", "ledger", "source", "claim", "library", "history", "staging", "share"},
    "shuyuan_auditor": {"catalog", "ledger", "share"},
    "shuyuan_web": {"catalog", "ledger", "source", "claim", "library", "history", "share"},
    "analyst_qian": {"catalog", "library"},
}
FUNCTIONS = {
    "shuyuan_loader": {
        "catalog",
        "ledger.ensure_month",
        "ledger.place",
        "ledger.lay_bare",
        "ledger.build_keys",
        "history",
        *RULED,
    },
    "shuyuan_steward": {"catalog", "ledger.place", "history", *RULED},
    "shuyuan_auditor": {"catalog", "ledger.place"},
    "shuyuan_web": {"catalog", "ledger.place", "history", "share", *RULED},
    "analyst_qian": set(),
}
LETTERS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
OURS = "('catalog', 'ledger', 'source', 'claim', 'library', 'history', 'staging', 'share', 'public')"
RELATION = f"relnamespace::regnamespace::text IN {OURS}"
FUNCTION = f"pronamespace::regnamespace::text IN {OURS}"


# The matrix


@pytest.mark.parametrize("role", ROLES)
def test_whole_tables(warehouse: Town, role: str) -> None:
    held = f"array(SELECT p FROM unnest(%s::text[]) p WHERE has_table_privilege('{role}', oid, p))"
    wrong = []
    for schema, name, partition, found in warehouse.ask(relations("'r', 'p', 'v', 'm', 'f'", held), list(PRIVILEGES)):
        letters = "" if partition else INTENT[role].get(f"{schema}.{name}", INTENT[role].get(schema, ""))
        wanted = {LETTERS[letter] for letter in letters}
        if set(found) != wanted:
            wrong.append(f"{role} on {schema}.{name}: may {sorted(found)}, should {sorted(wanted)}")
    assert not wrong, "\n".join(wrong)


def relations(kinds: str, held: str) -> str:
    """Every relation of ours of these kinds: schema, name, whether it is a partition, and what is `held`."""
    where = f"relkind IN ({kinds}) AND {RELATION}"
    return f"SELECT relnamespace::regnamespace::text, relname, relispartition, {held} FROM pg_class WHERE {where}"


@pytest.mark.parametrize("role", ROLES)
def test_sequences_belong_to_their_tables(warehouse: Town, role: str) -> None:
    held = " OR ".join(f"has_sequence_privilege('{role}', oid, '{p}')" for p in ("SELECT", "USAGE", "UPDATE"))
    assert [name for _, name, _, any_of_them in warehouse.ask(relations("'S'", held)) if any_of_them] == []


@pytest.mark.parametrize("role", ROLES)
def test_single_columns(warehouse: Town, role: str) -> None:
    """What is held on columns without being held on the table."""
    query = f"""
        SELECT relnamespace::regnamespace::text || '.' || relname, p, array_agg(attname)
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p
        WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND {RELATION}
            AND has_column_privilege('{role}', pg_class.oid, attnum, p) AND NOT has_table_privilege('{role}', pg_class.oid, p)
        GROUP BY 1, 2
    """
    held = {(name, privilege): set(columns) for name, privilege, columns in warehouse.ask(query)}
    assert held == columns_meant(role)


def columns_meant(role: str) -> dict[tuple[str, str], set[str]]:
    if not role.startswith("analyst_"):
        return COLUMNS.get(role, {})
    catalog = load_catalog(settings.load().catalog)
    opened = {
        library.id: {item.column for item in shared_items(catalog, library).values() if item.open}
        for library in catalog.libraries.values()
    }
    return {(f"library.{name}", "SELECT"): {"_run", "_as_of"} | columns for name, columns in opened.items()}


@pytest.mark.parametrize("role", ROLES)
def test_schemas_functions_and_the_database(warehouse: Town, role: str) -> None:
    schemas = f"SELECT nspname FROM pg_namespace WHERE nspname IN {OURS} AND has_schema_privilege('{role}', oid, '%s')"
    assert {name for (name,) in warehouse.ask(schemas.replace("%s", "USAGE"))} == SCHEMAS[role]
    creates = {"staging"} if role == "shuyuan_loader" else set()
    assert {name for (name,) in warehouse.ask(schemas.replace("%s", "CREATE"))} == creates
    query = f"SELECT pronamespace::regnamespace::text, proname, has_function_privilege('{role}', oid, 'EXECUTE') FROM pg_proc WHERE {FUNCTION}"
    for schema, name, held in warehouse.ask(query):
        assert held == bool({schema, f"{schema}.{name}"} & FUNCTIONS[role]), f"{role} on function {schema}.{name}"
    assert warehouse.one(f"SELECT has_database_privilege('{role}', 'shuyuan', 'CONNECT')")
    assert not warehouse.one(f"SELECT has_database_privilege('{role}', 'shuyuan', 'CREATE')")
    assert warehouse.one(f"SELECT has_database_privilege('{role}', 'shuyuan', 'TEMPORARY')") == (
        role == "shuyuan_loader"
    )


def test_public_has_nothing(warehouse: Town) -> None:
    """PUBLIC is grantee 0 in every access list; an absent list means PostgreSQL's default, which lets PUBLIC execute functions."""
    tables = f"SELECT relname FROM pg_class, aclexplode(relacl) AS held WHERE grantee = 0 AND {RELATION}"
    columns = f"SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid, aclexplode(attacl) WHERE grantee = 0 AND {RELATION}"
    schemas = f"SELECT nspname FROM pg_namespace, aclexplode(nspacl) AS held WHERE grantee = 0 AND nspname IN {OURS}"
    functions = f"SELECT proname FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0 AND {FUNCTION}"
    database = "SELECT datname FROM pg_database, aclexplode(datacl) AS held WHERE grantee = 0 AND datname = 'shuyuan'"
    for query in (tables, columns, schemas, functions, database):
        assert warehouse.ask(query) == [], query
    assert warehouse.one("SELECT datacl IS NOT NULL FROM pg_database WHERE datname = 'shuyuan'")


def test_no_role_is_more_than_it_seems(warehouse: Town) -> None:
    powers = "rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
    assert (
        warehouse.ask(
            f"SELECT rolname FROM pg_roles WHERE (rolname LIKE 'shuyuan%%' OR rolname LIKE 'analyst%%') AND ({powers})"
        )
        == []
    )
    members = "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members WHERE member::regrole::text ~ '^(shuyuan|analyst)'"
    assert all(role == "shuyuan_analyst" and member.startswith("analyst_") for role, member in warehouse.ask(members))
    assert not warehouse.one("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'shuyuan_analyst'")


# The same over real connections, for what matters most

ATTEMPTS = [
    ("analyst_qian", "SELECT hukou_division FROM library.population", True),
    ("analyst_qian", "SELECT _key, reg_status FROM library.legal_entity", True),
    ("analyst_qian", "SELECT title FROM catalog.resource", True),
    ("analyst_qian", "SELECT _key FROM library.population", False),
    ("analyst_qian", "SELECT * FROM library.population", False),
    ("analyst_qian", "SELECT count(*) FROM library.population WHERE name = '王某'", False),
    ("analyst_qian", "SELECT legal_rep FROM library.legal_entity", False),
    ("analyst_qian", "SELECT employer_uscc FROM library.population", False),
    ("analyst_qian", "SELECT 1 FROM source.public_security__resident", False),
    ("analyst_qian", "SELECT 1 FROM claim.population__public_security__resident", False),
    ("analyst_qian", "SELECT 1 FROM history.population", False),
    ("analyst_qian", "SELECT * FROM history.population_as_of(current_date)", False),
    ("analyst_qian", "SELECT 1 FROM ledger.access", False),
    ("analyst_qian", "SELECT 1 FROM ledger.load_default", False),
    ("analyst_qian", "SELECT 1 FROM share.person", False),
    ("analyst_qian", "SELECT share.mask_all('x')", False),
    ("analyst_qian", "CREATE TEMP TABLE kept AS SELECT 1", False),
    ("analyst_qian", "CREATE TABLE public.kept (a int)", False),
    ("analyst_qian", "DO 'BEGIN LOCK TABLE ledger.harvest IN EXCLUSIVE MODE; END'", False),
    ("analyst_qian", "SET ROLE shuyuan_loader", False),
    ("analyst_qian", "SELECT pg_read_file('postgresql.conf')", False),
    ("shuyuan_auditor", "SELECT raw FROM ledger.quarantine", True),
    ("shuyuan_auditor", "SELECT statement FROM ledger.access", True),
    ("shuyuan_auditor", "SELECT * FROM ledger.freshness", True),
    ("shuyuan_auditor", "SELECT * FROM share.permission", True),
    ("shuyuan_auditor", "SELECT 1 FROM library.population", False),
    ("shuyuan_auditor", "SELECT 1 FROM source.public_security__resident", False),
    ("shuyuan_auditor", "UPDATE share.permission SET valid_to = NULL", False),
    ("shuyuan_steward", "SELECT * FROM history.population_as_of(current_date)", True),
    ("shuyuan_steward", "SELECT * FROM ledger.freshness", True),
    ("shuyuan_steward", "SELECT 1 FROM ledger.access", False),
    ("shuyuan_steward", "UPDATE library.population SET name = name", False),
    ("shuyuan_web", "SELECT share.mask_person_name(name) FROM library.population", True),
    ("shuyuan_web", "UPDATE library.population SET name = name", False),
    ("shuyuan_web", "INSERT INTO share.person (name, department, role) VALUES ('mallory', 'tax', 'auditor')", False),
    ("shuyuan_web", "INSERT INTO ledger.load (actor, step, seconds, outcome) VALUES ('web', 'admit', 0, 'ok')", False),
    ("shuyuan_loader", "SELECT department FROM share.person WHERE name = 'qian'", True),
    ("shuyuan_loader", "SELECT role FROM share.person", False),
    ("shuyuan_loader", "SELECT 1 FROM share.permission", False),
    ("shuyuan_loader", "SELECT statement FROM ledger.access", False),
    ("shuyuan_loader", "CREATE TABLE library.mine (a int)", False),
    ("shuyuan_loader", "DELETE FROM ledger.batch", False),
    ("shuyuan_loader", "UPDATE ledger.discrepancy SET class = 'timing'", False),
    ("shuyuan_loader", "SELECT ledger.drop_months_before('load', '2100-01-01')", False),
    ("shuyuan_loader", "SELECT ledger.make_default('load')", False),
    ("shuyuan_loader", "ALTER TABLE library.population ADD COLUMN extra text", False),
]  # fmt: skip


@pytest.mark.parametrize(("role", "order", "allowed"), ATTEMPTS)
def test_what_is_asked_over_a_real_connection(warehouse: Town, role: str, order: str, allowed: bool) -> None:
    with signed_in(warehouse.home, role) as connection:
        if allowed:
            connection.execute(order.encode())
        else:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(order.encode())


def test_staging_belongs_to_the_loader_and_is_shown_to_stewards_only(warehouse: Town) -> None:
    with signed_in(warehouse.home, "shuyuan_loader") as loader:
        source = statement(
            "steps/create_staging", staging=table("staging", "proof"), like=table("source", RESIDENT.replace(".", "__"))
        )
        loader.execute(source)
    for role in ROLES[1:]:
        with signed_in(warehouse.home, role) as connection:
            if role == "shuyuan_steward":
                connection.execute("SELECT 1 FROM staging.proof")
                continue
            with pytest.raises(InsufficientPrivilege):
                connection.execute("SELECT 1 FROM staging.proof")
    with signed_in(warehouse.home, "shuyuan_loader") as loader:
        loader.execute("DROP TABLE staging.proof")


def test_an_item_closed_in_the_catalog_is_closed_in_the_database(warehouse: Town) -> None:
    """Putting another catalog in force takes back what the last one opened."""
    from shuyuan.publish.tables import put_in_force

    catalog = load_catalog(settings.load().catalog)
    items = tuple(
        item.model_copy(update={"sensitivity": "personal"}) if item.name == "hukou_division" else item
        for item in catalog.libraries["population"].items
    )
    closed = catalog.model_copy(
        update={
            "libraries": catalog.libraries
            | {"population": catalog.libraries["population"].model_copy(update={"items": items})}
        }
    )
    with transaction("shuyuan_owner") as connection:
        put_in_force(connection, closed)
    try:
        with signed_in(warehouse.home, "analyst_qian") as analyst, pytest.raises(InsufficientPrivilege):
            analyst.execute("SELECT hukou_division FROM library.population")
    finally:
        with transaction("shuyuan_owner") as connection:
            put_in_force(connection, catalog)
    with signed_in(warehouse.home, "analyst_qian") as analyst:
        analyst.execute("SELECT hukou_division FROM library.population")


def test_a_closed_analyst_is_sent_away_and_let_in_again(home: Path) -> None:
    embedded.create_analyst(home, "leaving")
    with psycopg.connect(conninfo(home, "analyst_leaving"), autocommit=True) as connection:
        assert embedded.close_analyst(home, "leaving") and not embedded.close_analyst(home, "leaving")
        with pytest.raises(psycopg.OperationalError):
            for _ in range(100):
                connection.execute("SELECT pg_sleep(0.05)")
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(conninfo(home, "analyst_leaving"))
    embedded.create_analyst(home, "leaving")
    with signed_in(home, "analyst_leaving") as connection:
        assert connection.execute("SELECT current_setting('log_statement')").fetchone() == ("all",)
