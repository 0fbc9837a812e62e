"""One number, one source over the published library; every declared pair compared; late members noted. On the city's own catalog."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from city import deployment, insert

from shuyuan import settings
from shuyuan.catalog import Catalog
from shuyuan.db import embedded
from shuyuan.db.engine import transaction
from shuyuan.quality import digest, judge, one_source
from shuyuan.quality.judge import Verdict

DAY = date(2026, 8, 30)
OU, ZHANG, NEW = "11010519491231002X", "330106199003078515", "440524188001010014"
FIRM, STALL, ORG = "91330106MA2ABCDE0X", "92330106MA2ABCDE1X", "53330106MA2ABCDE2X"
MEMBERS = {"members": {"public_security.resident": "r1", "public_security.nonlocal": "n1"}}


@pytest.fixture(scope="module")
def catalog() -> Iterator[Catalog]:
    """The city's catalog in force in a deployment of its own."""
    from shuyuan.flow.migrate import migrate

    with tempfile.TemporaryDirectory(prefix="sy-judge-") as name, deployment(Path(name) / "home") as home:
        embedded.start(home)
        try:
            yield migrate()
        finally:
            embedded.stop(home)


@pytest.fixture
def people(catalog: Catalog) -> Iterator[int]:
    """Three persons, true to their sources: OU registered, ZHANG's name masked there (fallback speaks), NEW only from elsewhere. → run id."""
    with transaction("shuyuan_owner") as connection:
        run = insert(
            connection, "ledger.run", library="population", business_date=DAY, inputs=MEMBERS, state="published"
        )
        assert run is not None
        for item in catalog.libraries["population"].items:
            for check in item.check:
                pair = {"item": item.name, "claim_ref": check.ref}
                insert(
                    connection, "ledger.crosscheck", run_id=run, library="population", compared=100, disagreed=1, **pair
                )
        insert(connection, "source.public_security__resident", **_claim(OU, name="欧阳", sex="2", marital_status="10"))
        insert(connection, "source.public_security__resident", **_claim(ZHANG, name=None, sex="1"))
        insert(connection, "source.public_security__nonlocal", **_claim(ZHANG, name="张三", sex="2"))
        insert(connection, "source.public_security__nonlocal", **_claim(NEW, name="新人", sex="1"))
        wed = {"_key": "W1", "cert_no": "W1", "male_id_no": ZHANG, "female_id_no": OU, "status": "20", "reg_date": DAY}
        insert(connection, "source.civil_affairs__marriage", **_ours(wed))
        alone = {"name": "public_security.nonlocal"}
        insert(
            connection,
            "library.population",
            **_row(OU, name="欧阳", sex="2", marital_status="20", marriage_reg_date=DAY),
        )
        insert(connection, "library.population",
               **_row(ZHANG, name="张三", sex="1", marital_status="20", marriage_reg_date=DAY, _filled=alone))  # fmt: skip
        insert(
            connection, "library.population", **_row(NEW, name="新人", sex="1", _filled=alone | {"sex": alone["name"]})
        )
    yield run
    with transaction("shuyuan_owner") as connection:
        for table in (
            "source.public_security__resident",
            "source.public_security__nonlocal",
            "source.civil_affairs__marriage",
        ):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM library.population")
        connection.execute("DELETE FROM ledger.snapshot")


FILLED = [
    ("DELETE FROM source.public_security__nonlocal WHERE _key = '440524188001010014'", "name", 1),
    ("UPDATE source.public_security__nonlocal SET name = '别人' WHERE _key = '440524188001010014'", "name", 1),
    ("UPDATE source.public_security__nonlocal SET ethnic = '01' WHERE _key = '330106199003078515'", "ethnic", 1),
    ("UPDATE library.population SET name = '张三丰' WHERE _key = '330106199003078515'", "name", 1),
    ("UPDATE library.population SET name = NULL, _filled = NULL WHERE _key = '330106199003078515'", "name", 1),
    (
        "UPDATE library.population SET _filled = _filled || '{\"sex\": \"hrss.insured\"}' WHERE _key = '440524188001010014'",
        "sex",
        1,
    ),
]
"""What is wrong with a filled value, or with one that a fallback should have filled: statement, item, rows."""


def _ours(values: dict[str, object]) -> dict[str, object]:
    return {"_line": 1, "_batch": 1, "_as_of": DAY, "_hash": "h"} | values


def _claim(id_no: str, **values: object) -> dict[str, object]:
    return _ours({"_key": id_no, "id_no": id_no} | values)


def _row(key: str, **values: object) -> dict[str, object]:
    return {"_key": key, "_run": 1, "_as_of": DAY} | values


def judged(catalog: Catalog, run: int, library: str = "population") -> Verdict:
    return judge.library(run, catalog.libraries[library], catalog)


def change(statement: str, *values: object) -> None:
    with transaction("shuyuan_owner") as connection:
        connection.execute(statement.encode(), values)


def counted(catalog: Catalog) -> list[int]:
    """Entities, then per item the values that are not from their source, as they are proven."""
    library = catalog.libraries["population"]
    return [int(rows) for rows in one_source.evidence(library, [item.name for item in library.items])["rows"]]


def joined(catalog: Catalog) -> list[int]:
    """The same by joining everything with everything."""
    library = catalog.libraries["population"]
    with transaction("shuyuan_loader") as connection:
        order = one_source.count(library, [item.name for item in library.items], [])
        return [3, *(connection.execute(order).fetchone() or ())]  # three persons are published


def agree(catalog: Catalog) -> bool:
    library = catalog.libraries["population"]
    with transaction("shuyuan_loader") as connection:
        return digest.agree(connection, library, library.items, [])


def broken(verdict: Verdict) -> list[tuple[str, str | None, int | None]]:
    return [(f.kind, f.item, f.rows) for f in verdict.findings if f.severity == "critical"]


def test_a_library_true_to_its_sources_passes(catalog: Catalog, people: int) -> None:
    verdict = judged(catalog, people)
    assert broken(verdict) == []
    assert verdict.decision == "pass"
    items = len(catalog.libraries["population"].items)
    rules = [r["expectation_config"]["type"] for r in verdict.results["results"]]
    assert rules.count("expect_library_value_from_its_source") == items
    assert (settings.load().docs / str(verdict.docs)).exists()


def test_the_report_of_a_broken_library_renders_whole(
    catalog: Catalog, people: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with transaction("shuyuan_owner") as connection:
        run = insert(
            connection, "ledger.run", library="population", business_date=DAY, inputs=MEMBERS, state="published"
        )
    assert run is not None
    change("UPDATE library.population SET name = '甴曱' WHERE _key = %s", OU)
    verdict = judged(catalog, run)
    page = (settings.load().docs / str(verdict.docs)).read_text("utf-8")
    assert "“姓名”一数一源" in page
    assert "甴曱" not in page
    assert "rendering" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "item", "rows"),
    [
        ("UPDATE library.population SET name = '欧阳修' WHERE _key = '11010519491231002X'", "name", 1),
        ("UPDATE library.population SET name = NULL WHERE _key = '11010519491231002X'", "name", 1),
        ("UPDATE library.population SET name = '张三丰', _filled = NULL WHERE _key = '330106199003078515'", "name", 1),
        ("UPDATE library.population SET _filled = NULL WHERE _key = '330106199003078515'", "name", 1),
        ("UPDATE library.population SET sex = '2' WHERE _key = '330106199003078515'", "sex", 1),
        ("UPDATE library.population SET marital_status = '10'", "marital_status", 3),
        ("UPDATE library.population SET phone = '13800000000' WHERE _key = '440524188001010014'", "phone", 1),
        ("UPDATE source.public_security__resident SET name = '欧' WHERE _key = '11010519491231002X'", "name", 1),
        *FILLED,
    ],
)
def test_every_value_that_is_not_its_sources_claim_is_found(
    catalog: Catalog, people: int, statement: str, item: str, rows: int
) -> None:
    change(statement)
    verdict = judged(catalog, people)
    assert counted(catalog) == joined(catalog)
    assert ("library_value_from_its_source", item, rows) in broken(verdict)
    assert verdict.decision == "reject"


@pytest.mark.parametrize(("statement", "item", "rows"), FILLED)
def test_what_was_filled_is_proven_though_all_sources_agree(
    catalog: Catalog, people: int, statement: str, item: str, rows: int
) -> None:
    change(statement)
    assert agree(catalog)
    library = catalog.libraries["population"]
    found = one_source.evidence(library, [item]).set_index("item")["rows"]
    assert found[item] == rows


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE library.population SET sex = '1' WHERE _key = '11010519491231002X'",
        "UPDATE library.population SET marital_status = NULL WHERE _key = '11010519491231002X'",
        """UPDATE library.population SET _filled = '{"sex": "public_security.nonlocal"}' WHERE _key = '11010519491231002X'""",
        "UPDATE library.population SET phone = '13800000000' WHERE _key = '440524188001010014'",
        "UPDATE source.public_security__resident SET sex = '9' WHERE _key = '11010519491231002X'",
        "UPDATE source.civil_affairs__marriage SET reg_date = reg_date - 1",
        "UPDATE library.population SET sex = CASE sex WHEN '1' THEN '2' ELSE '1' END WHERE _key <> '440524188001010014'",
        "DELETE FROM library.population WHERE _key = '11010519491231002X'",
    ],
)
def test_sums_differ_wherever_a_source_claims_something_else(catalog: Catalog, people: int, statement: str) -> None:
    assert agree(catalog)
    change(statement)
    assert not agree(catalog)


def test_who_claims_something_of_nobody_published_is_not_held_against_the_library(
    catalog: Catalog, people: int
) -> None:
    stranger = {"_key": "W2", "cert_no": "W2", "male_id_no": "x", "female_id_no": "y", "status": "20", "reg_date": DAY}
    with transaction("shuyuan_owner") as connection:
        insert(connection, "source.civil_affairs__marriage", **_ours(stranger))
    assert agree(catalog)


def test_a_value_marked_as_filled_though_its_source_speaks_is_found(catalog: Catalog, people: int) -> None:
    change("""UPDATE library.population SET _filled = '{"name": "public_security.nonlocal"}' WHERE _key = %s""", OU)
    assert broken(judged(catalog, people)) == [("library_value_from_its_source", "name", 1)]


def test_a_source_that_moved_since_the_run_proves_nothing_against_it(catalog: Catalog, people: int) -> None:
    change("UPDATE source.public_security__resident SET name = '欧' WHERE _key = %s", OU)
    live = "INSERT INTO ledger.snapshot (kind, name, manifest, business_date) VALUES ('source', %s, %s, %s)"
    change(live, "public_security.nonlocal", "n1", DAY)
    assert judged(catalog, people).decision == "reject"
    change(live, "public_security.resident", "r2", DAY)
    verdict = judged(catalog, people)
    assert verdict.decision == "pass"
    assert [f.item for f in verdict.findings if f.kind == "undecided"] == ["name"]
    change("UPDATE library.population SET employer_uscc = %s", FIRM)
    assert broken(judged(catalog, people)) == [("library_value_from_its_source", "employer_uscc", 3)]


def test_each_kind_of_body_has_its_own_source(catalog: Catalog) -> None:
    with transaction("shuyuan_owner") as connection:
        run = insert(
            connection, "ledger.run", library="legal_entity", business_date=DAY, inputs=MEMBERS, state="published"
        )
        for item in catalog.libraries["legal_entity"].items:
            for check in item.check:
                insert(connection, "ledger.crosscheck", run_id=run, library="legal_entity", item=item.name,
                       claim_ref=check.ref, compared=0, disagreed=0)  # fmt: skip
        for table, key, name in [
            ("market_regulation__enterprise", FIRM, "甲公司"),
            ("market_regulation__individual_business", STALL, "乙铺"),
            ("market_regulation__enterprise", STALL, "不该说话"),
            ("civil_affairs__social_org", ORG, "丙协会"),
        ]:
            insert(connection, f"source.{table}", **_ours({"_key": key, "uscc": key, "name": name}))
        for key, name in [(FIRM, "甲公司"), (STALL, "乙铺"), (ORG, "丙协会")]:
            insert(connection, "library.legal_entity", **_row(key, name=name))
    assert run is not None
    assert broken(judged(catalog, run, "legal_entity")) == []
    change("UPDATE library.legal_entity SET name = '不该说话' WHERE _key = %s", STALL)
    assert broken(judged(catalog, run, "legal_entity")) == [("library_value_from_its_source", "name", 1)]


def test_a_declared_pair_that_was_not_compared_is_critical(catalog: Catalog, people: int) -> None:
    with transaction("shuyuan_owner") as connection:
        run = insert(
            connection, "ledger.run", library="population", business_date=DAY, inputs=MEMBERS, state="published"
        )
    assert run is not None
    pairs = sum(len(item.check) for item in catalog.libraries["population"].items)
    assert ("every_declared_pair_compared", None, pairs) in broken(judged(catalog, run))


def test_a_pair_that_mostly_disagrees_is_a_warning_that_sets_no_row_aside(catalog: Catalog, people: int) -> None:
    with transaction("shuyuan_owner") as connection:
        run = insert(
            connection, "ledger.run", library="population", business_date=DAY, inputs=MEMBERS, state="published"
        )
        assert run is not None
        for item in catalog.libraries["population"].items:
            for check in item.check:
                bad = 51 if check.ref == "hrss.insured.name" else 50 if item.name == "sex" else 0
                insert(connection, "ledger.crosscheck", run_id=run, library="population", item=item.name,
                       claim_ref=check.ref, compared=100, disagreed=bad)  # fmt: skip
    verdict = judged(catalog, run)
    warnings = [(f.kind, f.item) for f in verdict.findings if f.severity == "warning"]
    assert warnings == [("cross_check_rate_at_most", "name")]
    assert (verdict.decision, verdict.rows) == ("pass", None)


def test_late_members_are_noted_and_block_nothing(catalog: Catalog, people: int) -> None:
    change("UPDATE catalog.resource SET declared_at = '2026-01-05' WHERE id = 'education.student'")
    verdict = judged(catalog, people)
    change("UPDATE catalog.resource SET declared_at = clock_timestamp() WHERE id = 'education.student'")
    assert [(f.severity, f.rows) for f in verdict.findings if f.kind == "fresh_within"] == [("info", 1)]
    assert verdict.decision == "pass"
