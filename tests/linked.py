"""A deployment with one steward and a handful of published people and bodies, and connections whose work is rolled back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from city import DAY, deployment, insert

from shuyuan import settings
from shuyuan.catalog import Catalog, load_catalog
from shuyuan.db import embedded
from shuyuan.db.engine import Connection, transaction
from shuyuan.identity.propose import propose
from shuyuan.identity.rulings import Steward
from shuyuan.ledger import identity

LIN = Steward("lin", "seen both files")
OLD, NEW, OTHER = "330106198512031224", "330106198512031240", "330106199003078515"
MOTHER, CHILD, TWIN = "330106199501015021", "330106202608010047", "330106202608010063"
SHOP, SHOP_MOVED = "91330106MA2ABCDE0X", "91330108MA2ABCDE05"


class Over(Exception):
    """The end of a test: nothing of it stays."""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A migrated deployment with one steward and a handful of published people and bodies."""
    from shuyuan.flow.migrate import migrate

    with tempfile.TemporaryDirectory(prefix="sy-identity-") as name, deployment(Path(name) / "home") as home:
        embedded.start(home)
        try:
            migrate()
            with transaction("shuyuan_owner") as connection:
                insert(connection, "share.person", name="lin", department="public_security", role="steward")
                insert(connection, "share.person", name="wang", department="tax", role="analyst")
                insert(connection, "share.person", name="yan", department="public_security", role="auditor")
                insert(connection, "share.person", name="gone", department="tax", role="steward", active=False)
                publish(connection)
            yield home
        finally:
            embedded.kill(home)


@pytest.fixture
def desk(place: Path) -> Iterator[Connection]:
    """The steward's connection; what a test does is rolled back, as rulings can never be deleted."""
    with pytest.raises(Over), transaction("shuyuan_steward") as connection:
        yield connection
        raise Over


@pytest.fixture
def office(place: Path) -> Iterator[Connection]:
    """The owner's connection, who may propose, rule and add rows in one transaction; rolled back too."""
    with pytest.raises(Over), transaction("shuyuan_owner") as connection:
        yield connection
        raise Over


@pytest.fixture(scope="module")
def catalog(place: Path) -> Catalog:
    return load_catalog(settings.load().catalog)


def put(connection: Connection, table: str, key: str, **values: object) -> None:
    """One row of a source or library table, its own columns filled as far as it has them."""
    known = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema || '.' || table_name = %s", [table]
    ).fetchall()
    ours = {"_key": key, "_as_of": DAY, "_hash": "h", "_batch": 1, "_line": 1, "_run": 1}
    insert(connection, table, **{n: v for n, v in ours.items() if (n,) in known}, **values)


def publish(connection: Connection) -> None:
    resident(connection, OLD, "李四", date(1985, 12, 3), "1", phone="13900001111")
    resident(
        connection,
        NEW,
        "李四",
        date(1985, 12, 3),
        "1",
        phone="13900001111",
        hukou_address="浙江省杭州市滨江区江南大道88号",
    )
    resident(connection, OTHER, "张三丰", date(1990, 3, 7), "1", phone="13900001111")
    resident(connection, MOTHER, "王芳", date(1995, 1, 1), "2", hukou_no="H7")
    for key, name in ((SHOP, "杭州明月茶叶有限公司"), (SHOP_MOVED, "杭州明月茶业集团有限公司")):
        put(connection, "library.legal_entity", key, name=name, legal_rep="赵六")


def resident(connection: Connection, key: str, name: str, born: date, sex: str, **values: object) -> None:
    shared = {"name": name, "birth_date": born, "sex": sex}
    row = {"id_no": key, **shared, **values}
    put(connection, "source.public_security__resident", key, **row)
    put(connection, "library.population", key, **shared, **{n: v for n, v in values.items() if n != "hukou_no"})


def proposals(office: Connection, catalog: Catalog, library: str = "population") -> dict[tuple[str, str, str], str]:
    propose(office, catalog, catalog.libraries[library], "lin")
    return {(link.method, link.alias, link.key): link.why for link in identity.links(office, library)}


def pension(connection: Connection, number: str, name: str, **values: object) -> None:
    put(connection, "source.hrss__insured", number, id_no=number, name=name, **values)
