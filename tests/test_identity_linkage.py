"""Links by likelihood: made-up people with spoiled copies, through Splink; from PostgreSQL to proposals; FEBRL 3 where it lies beside the project."""
# ruff: noqa: F811  # a fixture is imported and then named as an argument

from __future__ import annotations

import random
import runpy
import sys
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from city import deployment
from linked import LIN, OTHER, catalog, office, place, put  # noqa: F401

from shuyuan import settings
from shuyuan.catalog import Catalog
from shuyuan.db.engine import Connection
from shuyuan.identity import rulings
from shuyuan.identity.linkage import Alone, Missing, Model, link
from shuyuan.identity.propose import propose
from shuyuan.ledger import identity

FAMILIES, GIVEN = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗",
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文斌鹏飞",
)
FEBRL = settings.PROJECT.parent / "shared" / "data" / "record_linkage" / "febrl" / "dataset3.csv"
MODEL = Model(
    columns={"name": "name", "born": "number", "street": "text", "phone": "number"},
    blocks=(("name",), ("born",), ("phone",), ("street",)),
)
ALONE = Alone(sure=(("name", "born"),), train=(("born",), ("name",)))
Person = dict[str, Any]


def needs_splink() -> None:
    pytest.importorskip("splink", reason="Splink is an extra: pip install -r requirements-linkage.txt")


def people(count: int, seed: int) -> list[Person]:
    draw = random.Random(seed)
    return [
        {
            "name": draw.choice(FAMILIES) + "".join(draw.sample(GIVEN, 2)),
            "born": f"{date(1940, 1, 1) + timedelta(days=draw.randrange(25_000)):%Y%m%d}",
            "street": f"{''.join(draw.sample(GIVEN, 2))}路{draw.randrange(1, 400)}号",
            "phone": f"13{draw.randrange(10**9):09}",
        }
        for _ in range(count)
    ]


def spoiled(person: Person, draw: random.Random) -> Person:
    """A copy with one or two mistakes of the kinds clerks make."""
    copy = dict(person)
    for column in draw.sample(sorted(copy), draw.randint(1, 2)):
        text = str(copy[column])
        at = draw.randrange(len(text) - 1)
        wrong = [
            None,
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
            text[:at] + draw.choice("0123456789") + text[at + 1 :],
        ]
        copy[column] = draw.choice(wrong)
    return copy


@pytest.fixture(scope="module")
def records() -> tuple[pa.Table, set[tuple[str, str]]]:
    draw, rows, truth = random.Random(2), [], set()
    for number, person in enumerate(people(500, 1)):
        copies = [person, *(spoiled(person, draw) for _ in range(draw.randint(0, 2)))]
        names = [f"{number}-{position}" for position in range(len(copies))]
        rows += [{"unique_id": name, **copy} for name, copy in zip(names, copies, strict=True)]
        truth |= set(combinations(names, 2))
    return pa.Table.from_pylist(rows), truth


def test_spoiled_copies_are_found_without_any_label_and_the_same_every_time(
    records: Any, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    needs_splink()
    table, truth = records
    with deployment(tmp_path):  # it spills beside the lake
        first, again = (link(table, MODEL, ALONE, 0.5) for _ in range(2))
    assert first.select(["left", "right"]).equals(again.select(["left", "right"]))
    assert capfd.readouterr() == ("", ""), "Splink's own words are not for a user"
    found = {tuple(sorted((row["left"], row["right"]))) for row in first.to_pylist()}
    right = len(found & truth)
    assert right / len(found) >= 0.98
    assert right / len(truth) >= 0.9


def test_without_splink_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, records: Any) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(Missing, match=r"requirements-linkage\.txt"):
        link(records[0], MODEL, ALONE, 0.5)


def test_what_the_rules_left_is_proposed_with_a_probability(office: Connection, catalog: Catalog) -> None:
    """Insured people whose number the register does not hold and whose name was mistyped; and twins, whom nothing may join."""
    needs_splink()
    city, draw = people(400, 3), random.Random(4)
    for number, person in enumerate(city):
        published(office, f"33010619000000{number:04}", person, f"91330106MA2{draw.randrange(40):05}0X")
    twin = city[0] | {"name": city[0]["name"][:2] + "双"}
    published(office, "330106190000009999", twin, "91330106MA2000000X")
    for number, person in enumerate(city):
        wrong = number % 8 == 0
        insured(office, number, person | {"name": person["name"][:2]} if wrong else person, known=not wrong)
    done = propose(office, catalog, catalog.libraries["population"], "lin", 0.8)
    likely = [link for link in identity.links(office, "population", limit=1000) if link.method == "splink"]
    assert done.likely == len(likely) >= 45
    assert all(link.alias.startswith("44") and link.alias[-4:] == link.key[-4:] and link.probability for link in likely)
    rulings.confirm(office, likely[0].link_id, LIN)
    assert identity.aliases(office, "population").to_pylist() == [{"alias": likely[0].alias, "entity": likely[0].key}]


def published(connection: Connection, key: str, person: Person, employer: str) -> None:
    born = f"{person['born'][:4]}-{person['born'][4:6]}-{person['born'][6:]}"
    put(
        connection,
        "library.population",
        key,
        name=person["name"],
        birth_date=born,
        sex="1",
        phone=person["phone"],
        employer_uscc=employer,
    )


def insured(connection: Connection, number: int, person: Person, known: bool) -> None:
    held = f"33010619000000{number:04}"
    key = held if known else f"440303{person['born']}{number:04}"
    ((employer,),) = connection.execute(
        "SELECT employer_uscc FROM library.population WHERE _key = %s", [held]
    ).fetchall()
    said = {"name": person["name"], "birth_date": person["born"], "sex": "1", "employer_uscc": employer}
    put(connection, "source.medical_insurance__insured", key, id_no=key, **said)


@pytest.mark.skipif(not FEBRL.exists(), reason="FEBRL 3 is not beside the project")
def test_febrl_3_reaches_the_bar(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    needs_splink()
    bench = runpy.run_path(str(settings.PROJECT / "bench" / "linkage.py"))
    with deployment(tmp_path):
        assert bench["measure"]() == 0
    assert '"f1": 0.9' in capsys.readouterr().out
