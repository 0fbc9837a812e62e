"""What the declared contradictions find in hand-made claims, by the SQL that a bucket runs, and by Spark's and PostgreSQL's reading of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest
from contradicting import finding

from shuyuan.catalog import Catalog, Check, Contradiction, Library, LibraryItem, item_of, load_catalog, resource_of
from shuyuan.db.sql import Composable, Identifier, fragment, text_of
from shuyuan.resolve import contradictions
from shuyuan.resolve.conditions import conditions, speaks
from shuyuan.settings import PROJECT

TODAY = date(2026, 11, 20)
RESIDENT, MARRIAGE, HRSS = "public_security.resident", "civil_affairs.marriage", "hrss.insured"
KINDS = {"date": "DATE", "amount": "DECIMAL(20,6)", "integer": "BIGINT", "coordinate": "DOUBLE"}
Row = dict[str, Any]


def column(ref: str) -> Identifier:
    return Identifier(ref.replace(".", "__"))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT / "catalog")


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def kind_of(catalog: Catalog, ref: str) -> str:
    return KINDS.get(catalog.resources[resource_of(ref)].item(item_of(ref)).type, "VARCHAR")


def fill(duck: duckdb.DuckDBPyConnection, catalog: Catalog, library: Library, rows: dict[str, Row]) -> None:
    """The relation `checked` with a column per claim that the contradictions look at; what a row does not say is null."""
    refs = contradictions.refs(library)
    typed = ", ".join(f"{text_of(column(ref))} {kind_of(catalog, ref)}" for ref in refs)
    duck.execute(f"CREATE OR REPLACE TABLE checked (_key VARCHAR, {typed})")
    assert {ref for claims in rows.values() for ref in claims} <= set(refs)
    told = [[key, *map(claims.get, refs)] for key, claims in rows.items()]
    duck.executemany(f"INSERT INTO checked VALUES ({', '.join('?' * (len(refs) + 1))})", told)


def found(duck: duckdb.DuckDBPyConnection, catalog: Catalog, name: str, rows: dict[str, Row]) -> list[Row]:
    """What the contradictions of a library find, by entity and item."""
    library = catalog.libraries[name]
    fill(duck, catalog, library, rows)
    known = {member.resource for member in library.members}
    every = [text_of(one) for one in contradictions.findings(catalog, library, column, TODAY, known)]
    result = duck.execute(" UNION ALL ".join(every) + " ORDER BY entity, item")
    names = [head[0] for head in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_benefits_after_death_by_any_register_that_knows_of_it(
    duck: duckdb.DuckDBPyConnection, catalog: Catalog
) -> None:
    alive = {f"{HRSS}.life_status": "1"}
    certified = {"health.death_certificate.death_date": date(2026, 1, 2)}
    rows: dict[str, Row] = {
        "dead": {f"{RESIDENT}.death_date": date(2026, 1, 1), f"{RESIDENT}.life_status": "2"} | certified | alive,
        "certificate": {f"{RESIDENT}.life_status": "1"} | certified | alive,
        "undated": {f"{RESIDENT}.life_status": "2"} | alive,
        "told": certified | {f"{HRSS}.life_status": "2"},
        "stopped": certified,
        "alive": {f"{RESIDENT}.life_status": "1"} | alive,
    }
    told = found(duck, catalog, "population", rows)
    assert [(one["entity"], one["source_ref"], one["source_value"]) for one in told] == [
        ("certificate", "health.death_certificate.death_date", "2026-01-02"),
        ("dead", f"{RESIDENT}.death_date", "2026-01-01"),
        ("undated", f"{RESIDENT}.death_date", None),
    ]
    assert {(one["item"], one["claim_ref"], one["claim_value"]) for one in told} == {
        ("benefits_after_death", f"{HRSS}.life_status", "1")
    }
    assert {(one["class"], one["pattern"], one["_turns"]) for one in told} == {("finding", None, None)}


@pytest.mark.parametrize(
    ("died", "kind", "turns"),
    [
        (date(2026, 10, 20), "finding", None),
        (date(2026, 10, 21), "timing", date(2026, 11, 21)),
        (date(2026, 11, 20), "timing", date(2026, 12, 21)),
    ],
)
def test_the_later_register_has_its_days(
    duck: duckdb.DuckDBPyConnection, catalog: Catalog, died: date, kind: str, turns: date | None
) -> None:
    rows = {"x": {"civil_affairs.cremation.death_date": died, "medical_insurance.insured.status": "1"}}
    (told,) = found(duck, catalog, "population", rows)
    assert (told["item"], told["class"], told["_turns"]) == ("medical_after_death", kind, turns)


def test_married_in_one_register_and_single_in_another(duck: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    def couple(registered: str, resident: str, days: int = 400, life: str = "1") -> Row:
        day = date.fromordinal(TODAY.toordinal() - days)
        return {f"{MARRIAGE}.status": registered, f"{MARRIAGE}.reg_date": day,
                f"{RESIDENT}.marital_status": resident, f"{RESIDENT}.life_status": life}  # fmt: skip

    rows = {
        "a stale": couple("20", "10"),
        "b divorced": couple("40", "21"),
        "c recent": couple("20", "10", days=90),
        "d same": couple("20", "22"),
        "e widowed": couple("20", "30"),
        "f dead": couple("20", "10", life="2"),
        "g unknown": couple("20", "90"),
    }
    told = [(one["entity"], one["class"]) for one in found(duck, catalog, "population", rows)]
    assert told == [("a stale", "finding"), ("b divorced", "finding"), ("c recent", "timing")]


def test_two_live_addresses_are_compared_as_addresses(duck: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    def homes(one: str | None, other: str | None, life: str | None = "1") -> Row:
        return {f"{RESIDENT}.hukou_address": one, "public_security.nonlocal.residence_address": other,
                f"{RESIDENT}.life_status": life}  # fmt: skip

    rows = {
        "a two": homes("罗湖区人民路1号301室", "福田区深南路2号502室"),
        "b written otherwise": homes("深圳市罗湖区人民路1号301室", "罗湖区人民路 1号，301室"),
        "c one": homes("罗湖区人民路1号301室", None),
        "d dead": homes("罗湖区人民路1号301室", "福田区深南路2号502室", "2"),
        "e unknown": homes("罗湖区人民路1号301室", "福田区深南路2号502室", None),
    }
    assert [one["entity"] for one in found(duck, catalog, "population", rows)] == ["a two"]


def test_cancelled_by_its_own_registry_and_still_taxed(duck: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    firm, shop, tax = (
        "market_regulation.enterprise.reg_status",
        "market_regulation.individual_business.reg_status",
        "tax.taxpayer.reg_status",
    )
    rows: dict[str, Row] = {
        "911": {firm: "4", tax: "1"},
        "912": {firm: "1", tax: "1"},
        "913": {firm: "4", tax: "4"},
        "914": {shop: "4", tax: "1"},
        "921": {shop: "5", tax: "1"},
        "A11": {firm: "4", tax: "1"},
    }
    told = found(duck, catalog, "legal_entity", rows)
    assert [(one["entity"], one["source_ref"], one["source_value"]) for one in told] == [
        ("911", firm, "4"),
        ("921", shop, "5"),
    ]


def test_a_penalty_against_a_code_that_its_registry_does_not_know(
    duck: duckdb.DuckDBPyConnection, catalog: Catalog
) -> None:
    def penalised(code: str, **known: str) -> Row:
        return {"credit_office.penalty.subject_uscc": code} | {f"{ref}.uscc": code for ref in known.values()}

    firm, society = "market_regulation.enterprise", "civil_affairs.social_org"
    rows = {
        "91X": penalised("91X"),
        "91K": penalised("91K", by=firm),
        "51X": penalised("51X", by=firm),
        "51K": penalised("51K", by=society),
        "A1X": penalised("A1X"),
        "91N": {},
    }
    told = found(duck, catalog, "credit", rows)
    assert [(one["entity"], one["source_ref"], one["claim_value"]) for one in told] == [
        ("51X", f"{society}.uscc", "51X"),
        ("91X", f"{firm}.uscc", "91X"),
    ]
    assert {one["source_value"] for one in told} == {None}


def test_nothing_follows_from_a_register_that_never_delivered(catalog: Catalog) -> None:
    credit, population = catalog.libraries["credit"], catalog.libraries["population"]
    all_but_one = {member.resource for member in credit.members} - {"civil_affairs.social_org"}
    assert contradictions.findings(catalog, credit, column, TODAY, all_but_one) == []
    assert len(contradictions.findings(catalog, population, column, TODAY, set())) == len(population.contradictions)


def test_before_after_and_equals(duck: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    death, insured = "health.death_certificate.death_date", f"{HRSS}.start_date"
    one = {
        "id": "insured_when_dead", "title": "死亡后参保", "title_en": "Insured when dead", "why": "测试",
        "source": death, "claim": insured,
        "when": [{"claim": {"after": "source"}, "source": {"after": date(2020, 1, 1)}}, {"claim": {"equals": death}}],
    }  # fmt: skip
    population = catalog.libraries["population"]
    library = population.model_copy(update={"contradictions": (Contradiction.model_validate(one),)})
    days = {"a": (2025, 2026), "b": (2026, 2025), "c": (2019, 2026), "d": (2019, 2019)}
    rows = {k: {death: date(x, 6, 1), insured: date(y, 6, 1)} for k, (x, y) in days.items()}
    copy = catalog.model_copy(update={"libraries": catalog.libraries | {"population": library}})
    assert [row["entity"] for row in found(duck, copy, "population", rows)] == ["a", "d"]


def test_a_check_counts_only_where_the_published_values_say_so(duck: duckdb.DuckDBPyConnection) -> None:
    check = Check.model_validate(
        {"ref": "a.b.c", "when": {"life_status": ["1", "9"], "school": "present", "died": "absent"}}
    )
    item: Any = Identifier
    sql = text_of(conditions(check, item))
    values = "('1', 'x', NULL), ('2', 'x', NULL), ('9', NULL, NULL), ('9', 'x', DATE '2026-01-01'), (NULL, 'x', NULL)"
    rows = duck.execute(
        f"SELECT coalesce({sql}, false) FROM (VALUES {values}) AS t (life_status, school, died)"
    ).fetchall()
    assert [row[0] for row in rows] == [True, False, False, False, False]
    assert text_of(conditions(Check(ref="a.b.c"), item)) == "true"


def test_one_row_speaks_for_a_whole_group(duck: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    population = catalog.libraries["population"]

    def claimed(item: LibraryItem) -> Composable:
        return fragment("{name}", name=Identifier(item.name))

    sql = text_of(speaks(population, population.item("hukou_address"), claimed))
    values = "('440303', NULL), (NULL, '人民路1号'), (NULL, NULL)"
    rows = duck.execute(f"SELECT {sql} FROM (VALUES {values}) AS t (hukou_division, hukou_address)").fetchall()
    assert [row[0] for row in rows] == [True, True, False]


def test_it_can_be_carried_to_spark(catalog: Catalog) -> None:
    sqlglot = pytest.importorskip("sqlglot", reason="sqlglot comes with the Spark extra")
    for library in catalog.libraries.values():
        members = {member.resource for member in library.members}
        for one in contradictions.findings(catalog, library, column, TODAY, members):
            (spark,) = sqlglot.transpile(
                text_of(one), read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
            )
            assert sqlglot.parse_one(spark, read="spark").find(sqlglot.exp.Select)


VALUES: dict[str, tuple[Any, ...]] = {
    "date": (None, None, date(2026, 11, 25), date(2026, 11, 1), date(2026, 8, 22), date(2026, 8, 21), date(2019, 5, 5)),
    "address": (None, "罗湖区人民路1号301室", "深圳市罗湖区人民路 1号，301室", "福田区深南路2号"),
    "uscc": (None, "91X", "51X"),
}


def drawn(catalog: Catalog, ref: str, chance: random.Random) -> Any:
    item = catalog.resources[resource_of(ref)].item(item_of(ref))
    codes = tuple(catalog.codes[item.codes].values) if item.codes else ()
    return chance.choice(VALUES.get(item.type, (None, *codes)))


def same(_: str, one: Any, other: Any) -> bool:
    """Equal, or the two spellings of one address that are drawn above."""
    home = VALUES["address"][1:3]
    return bool(one == other or (one in home and other in home))


@pytest.mark.parametrize("name", ["population", "legal_entity", "credit"])
def test_the_sql_says_what_the_words_say(duck: duckdb.DuckDBPyConnection, catalog: Catalog, name: str) -> None:
    """Thousands of drawn entities, every contradiction that ships, against the rules in plain Python."""
    library, chance = catalog.libraries[name], random.Random(f"drawn {name}")
    refs = contradictions.refs(library)
    prefixes = ["91", "92", "93", "51", "12", "A1", "9"]
    worlds = {f"{chance.choice(prefixes)}{n}": {ref: drawn(catalog, ref, chance) for ref in refs} for n in range(1500)}
    want = {
        (key, one.id): finding(one, key, claims.get, TODAY, same)
        for key, claims in worlds.items()
        for one in library.contradictions
    }
    told = {(row["entity"], row["item"]): row for row in found(duck, catalog, name, worlds)}
    assert told.keys() == {place for place, expected in want.items() if expected}
    assert len(told) > 30
    for place, row in told.items():
        expected = want[place]
        assert expected
        texts = (expected.source_value and str(expected.source_value), str(expected.claim_value))
        assert (row["source_ref"], row["class"], row["_turns"]) == (expected.source_ref, expected.kind, expected.turns)
        assert (row["source_value"], row["claim_value"]) == texts
