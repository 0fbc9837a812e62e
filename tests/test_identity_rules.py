"""Every deterministic rule on made-up rows in a real PostgreSQL: what it proposes, on what evidence, and whom it leaves alone."""
# ruff: noqa: F811  # a fixture is imported and then named as an argument

from __future__ import annotations

from datetime import date

import pytest
from city import insert
from linked import CHILD, LIN, MOTHER, NEW, OLD, OTHER, TWIN, catalog, office, pension, place, proposals, put, resident  # noqa: F401

from shuyuan.catalog import Catalog
from shuyuan.db.engine import Connection
from shuyuan.identity import rulings
from shuyuan.ledger import identity

BORN = date(2026, 8, 1)
FIFTEEN = "330106850101001"
WHOLE = "330106198501010010"


def found_by(connection: Connection, catalog: Catalog, method: str, library: str = "population") -> dict[str, str]:
    """alias → key of what one rule proposes."""
    return {alias: key for (by, alias, key) in proposals(connection, catalog, library) if by == method}


def birth(connection: Connection, cert: str, **values: object) -> None:
    row = {"cert_no": cert, "child_name": "王小雨", "child_sex": "2", "birth_date": BORN, "mother_id_no": MOTHER}
    put(connection, "source.health__birth", cert, **(row | values))


def test_fifteen_digits_are_the_number_they_were_upgraded_to(office: Connection, catalog: Catalog) -> None:
    resident(office, WHOLE, "周七", date(1985, 1, 1), "1")
    pension(office, FIFTEEN, "周七")
    assert found_by(office, catalog, "fifteen_digits") == {FIFTEEN: WHOLE}


def test_fifteen_digits_of_somebody_with_another_name_are_left_alone(office: Connection, catalog: Catalog) -> None:
    resident(office, WHOLE, "周七", date(1985, 1, 1), "1")
    pension(office, FIFTEEN, "吴八")
    assert found_by(office, catalog, "fifteen_digits") == {}


def test_a_wrong_check_character_is_the_same_number(office: Connection, catalog: Catalog) -> None:
    wrong = OTHER[:17] + "X"
    pension(office, wrong, "张三 丰")
    assert found_by(office, catalog, "check_character") == {wrong: OTHER}


def test_a_loose_number_is_somebody_published_by_name_birth_date_and_employer(
    office: Connection, catalog: Catalog
) -> None:
    unit, loose = "91330106MA2ABCDE0X", "330106199003074010"
    put(
        office, "library.population", "330106199003078888", name="陈九", birth_date=date(1990, 3, 7), employer_uscc=unit
    )
    pension(office, loose, "陈九", employer_uscc=unit)
    assert found_by(office, catalog, "same_person") == {OLD: NEW, loose: "330106199003078888"}


def test_people_who_share_only_a_name_and_a_birth_date_are_two(office: Connection, catalog: Catalog) -> None:
    for number in ("330106197701010019", "330106197701010027"):
        resident(office, number, "王伟", date(1977, 1, 1), "1", phone=f"139{number[-8:]}")
    assert found_by(office, catalog, "same_person") == {OLD: NEW}


def test_a_newborn_is_found_by_name_in_its_mothers_household(office: Connection, catalog: Catalog) -> None:
    birth(office, "S1")
    resident(office, CHILD, "王小雨", BORN, "2", hukou_no="H7")
    resident(office, TWIN, "王小雪", BORN, "2", hukou_no="H7")
    assert found_by(office, catalog, "newborn") == {"S1": CHILD}
    (link,) = [link for link in identity.links(office, "population") if link.method == "newborn"]
    assert (link.resource, link.evidence["name"]) == ("health.birth", ["王小雨", "王小雨"])


def test_a_newborn_who_got_another_name_is_found_if_it_is_the_only_one(office: Connection, catalog: Catalog) -> None:
    birth(office, "S1", child_name="王芳之女")
    resident(office, CHILD, "王小雨", BORN, "2", hukou_no="H7")
    resident(office, TWIN, "王大雨", BORN, "1", hukou_no="H7")
    assert found_by(office, catalog, "newborn") == {"S1": CHILD}


@pytest.mark.parametrize(
    "values", [{"hukou_no": "H8"}, {"hukou_no": "H7", "birth": date(2026, 8, 2)}, {"hukou_no": "H7", "sex": "1"}]
)
def test_no_newborn_of_another_household_day_or_sex(
    office: Connection, catalog: Catalog, values: dict[str, object]
) -> None:
    birth(office, "S1")
    told = {"birth": BORN, "sex": "2"} | values
    resident(office, CHILD, "王小雨", told["birth"], str(told["sex"]), hukou_no=told["hukou_no"])  # type: ignore[arg-type]
    assert found_by(office, catalog, "newborn") == {}


def test_a_confirmed_newborns_row_speaks_of_the_child(office: Connection, catalog: Catalog) -> None:
    birth(office, "S1")
    resident(office, CHILD, "王小雨", BORN, "2", hukou_no="H7")
    proposals(office, catalog)
    (link,) = [link for link in identity.links(office, "population") if link.method == "newborn"]
    rulings.confirm(office, link.link_id, LIN)
    assert identity.rows(office, "population").to_pylist() == [
        {"resource": "health.birth", "row_key": "S1", "entity": CHILD}
    ]
    assert found_by(office, catalog, "newborn") == {}


def test_one_registration_number_of_before_is_one_body(office: Connection, catalog: Catalog) -> None:
    first, second = "91330106MA2AAAAA1X", "91330106MA2BBBBB2X"
    for key, name in ((first, "杭州长青贸易有限公司"), (second, "杭州常青商贸有限公司")):
        put(office, "library.credit", key, subject_name=name)
        put(
            office,
            "source.credit_office__penalty",
            key,
            doc_no=key,
            subject_uscc=key,
            subject_name=name,
            subject_reg_no="330106000012345",
        )
    assert found_by(office, catalog, "old_number", "credit") in ({first: second}, {second: first})


def test_a_body_of_the_same_name_and_representative_is_proposed_and_of_the_same_name_alone_is_not(
    office: Connection,
    catalog: Catalog,
) -> None:
    for key, representative in (
        ("92330106MA2CCCCC1X", "孙一"),
        ("92330106MA2DDDDD2X", "孙一"),
        ("92330106MA2EEEEE3X", "钱二"),
    ):
        put(office, "library.legal_entity", key, name="杭州好味小吃店", legal_rep=representative)
    assert set(found_by(office, catalog, "same_body", "legal_entity")) == {"92330106MA2CCCCC1X"}


def disputed(
    connection: Connection, item: str, source: str, claim: str, resource: str = "medical_insurance.insured"
) -> None:
    run = insert(connection, "ledger.run", library="population", business_date=BORN, inputs={}, state="published")
    insert(connection, "ledger.discrepancy", library="population", entity=OTHER, item=item, source_ref=f"public_security.resident.{item}",
           source_value=source, claim_ref=f"{resource}.{item}", claim_value=claim, **{"class": "error"}, opened_run=run)  # fmt: skip


def test_one_number_with_two_persons_is_proposed_where_name_and_sex_contradict(
    office: Connection, catalog: Catalog
) -> None:
    put(office, "source.medical_insurance__insured", OTHER, id_no=OTHER, name="欧阳兰", sex="2")
    disputed(office, "name", "张三丰", "欧阳兰")
    assert found_by(office, catalog, "one_number_two_persons") == {}
    disputed(office, "sex", "1", "2")
    assert found_by(office, catalog, "one_number_two_persons") == {OTHER: f"{OTHER}#2"}
    (link,) = [link for link in identity.links(office, "population") if link.method == "one_number_two_persons"]
    assert link.resource == "medical_insurance.insured"
    assert link.evidence == {"name": ["张三丰", "欧阳兰"], "sex": ["1", "2"]}


def test_a_third_person_is_not_taken_for_the_second(office: Connection, catalog: Catalog) -> None:
    pension(office, OTHER, "欧阳兰")
    rulings.separate(office, "population", OTHER, [("hrss.insured", OTHER)], LIN)
    put(office, "source.medical_insurance__insured", OTHER, id_no=OTHER, name="司马青", sex="2")
    disputed(office, "name", "张三丰", "司马青")
    disputed(office, "sex", "1", "2")
    assert found_by(office, catalog, "one_number_two_persons") == {OTHER: f"{OTHER}#3"}


def test_separated_rows_speak_of_a_second_person_who_may_be_found_later_and_rejoined(
    office: Connection, catalog: Catalog
) -> None:
    pension(office, OTHER, "欧阳兰")
    found = rulings.rows_with(office, catalog, "population", OTHER, "hrss.insured", ("name", "欧阳兰"))
    (link,) = rulings.separate(office, "population", OTHER, found, LIN)
    assert rulings.separate(office, "population", OTHER, found, LIN) == [link]
    told = {"resource": "hrss.insured", "row_key": OTHER}
    assert identity.rows(office, "population").to_pylist() == [told | {"entity": f"{OTHER}#2"}]
    rulings.merge(office, "population", f"{OTHER}#2", MOTHER, LIN)
    assert identity.rows(office, "population").to_pylist() == [told | {"entity": MOTHER}]
    rulings.rejoin(office, "population", ("hrss.insured", OTHER), LIN)
    assert identity.rows(office, "population").num_rows == 0
    assert identity.free_number(office, "population", OTHER) == f"{OTHER}#3"


def test_only_rows_that_there_are_can_be_separated(office: Connection, catalog: Catalog) -> None:
    with pytest.raises(rulings.Refused, match=r"no row of hrss\.insured"):
        rulings.rows_with(office, catalog, "population", OTHER, "hrss.insured", ("name", "欧阳兰"))
    with pytest.raises(rulings.Refused, match="no row was named"):
        rulings.separate(office, "population", OTHER, [], LIN)


def test_the_engine_learns_which_entities_to_resolve_again(office: Connection, catalog: Catalog) -> None:
    assert identity.moved(office, "population", 0) == []
    rulings.merge(office, "population", OLD, NEW, LIN)
    first = identity.version(office, "population")
    rulings.merge(office, "population", NEW, OTHER, LIN)
    assert identity.moved(office, "population", first) == sorted([OLD, NEW, OTHER])
    assert identity.moved(office, "population", identity.version(office, "population")) == []
    rulings.separate(office, "population", MOTHER, [("hrss.insured", MOTHER)], LIN)
    later = identity.version(office, "population") - 1
    assert identity.moved(office, "population", later) == [MOTHER, f"{MOTHER}#2"]
