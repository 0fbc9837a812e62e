"""Identity on a real PostgreSQL, as the steward's role: ids, rulings that can be taken back, proposals by rule."""
# ruff: noqa: F811  # a fixture is imported and then named as an argument

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from linked import LIN, MOTHER, NEW, OLD, OTHER, SHOP, SHOP_MOVED, Over, catalog, desk, office, place, proposals  # noqa: F401

from shuyuan.catalog import Catalog
from shuyuan.db.engine import Connection, transaction
from shuyuan.identity import ids, rulings
from shuyuan.identity.propose import Untold, propose
from shuyuan.identity.rulings import Refused, Steward
from shuyuan.ledger import identity


def told(connection: Connection, library: str = "population") -> dict[str, str]:
    return {row["alias"]: row["entity"] for row in identity.aliases(connection, library).to_pylist()}


def ids_of(connection: Connection, *keys: str) -> list[Any]:
    return [identity.entity(connection, "population", key).entity_id for key in keys]


def test_an_id_is_the_same_every_time_and_another_in_every_library(desk: Connection) -> None:
    first, again = ids_of(desk, OLD, OLD)
    other = desk.execute("SELECT ledger.entity_id('legal_entity', %s)", [OLD]).fetchall()
    assert first == again != other[0][0]
    assert first.version == 8


def test_an_id_does_not_tell_its_number_to_those_who_may_not_read_the_register(place: Path) -> None:
    for role in ("shuyuan_auditor", "shuyuan_loader", "shuyuan_steward", "shuyuan_web"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), transaction(role) as connection:  # type: ignore[arg-type]
            connection.execute("SELECT secret FROM ledger.entity_secret")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), transaction("shuyuan_auditor") as connection:
        connection.execute("SELECT ledger.entity_id('population', '1')")


def test_a_merged_key_has_the_id_of_the_one_that_remains_and_its_own_still_leads_there(desk: Connection) -> None:
    old, new = ids_of(desk, OLD, NEW)
    rulings.merge(desk, "population", OLD, NEW, LIN)
    assert told(desk) == {OLD: NEW}
    assert ids_of(desk, OLD, NEW) == [new, new]
    ((key),) = (found.entity.entity for found in ids.look_up(desk, str(old), ["population"]))
    assert key == NEW


def test_unmerge_gives_back_exactly_the_former_ids_and_both_rulings_stay(desk: Connection) -> None:
    before = ids_of(desk, OLD, NEW)
    rulings.merge(desk, "population", OLD, NEW, LIN)
    rulings.unmerge(desk, "population", OLD, Steward("lin", "two people after all"))
    assert (ids_of(desk, OLD, NEW), told(desk)) == (before, {})
    verdicts = [(event.verdict, event.reason) for event in identity.history(desk, "population", OLD)]
    assert verdicts == [("confirmed", "seen both files"), ("withdrawn", "two people after all")]


def test_rulings_may_be_repeated(desk: Connection) -> None:
    once = [rulings.merge(desk, "population", OLD, NEW, LIN) for _ in range(2)]
    back = [rulings.unmerge(desk, "population", OLD, LIN) for _ in range(2)]
    assert once[0] == once[1] and back[0] == back[1]
    assert len(identity.history(desk, "population", OLD)) == 2


def test_chains_lead_to_one_and_a_link_taken_out_of_the_middle_frees_what_hung_on_it(desk: Connection) -> None:
    rulings.merge(desk, "population", OLD, NEW, LIN)
    rulings.merge(desk, "population", NEW, OTHER, LIN)
    assert told(desk) == {OLD: OTHER, NEW: OTHER}
    rulings.unmerge(desk, "population", NEW, LIN)
    assert told(desk) == {OLD: NEW}


def test_what_cannot_be_is_refused_with_the_way_out(desk: Connection) -> None:
    rulings.merge(desk, "population", OLD, NEW, LIN)
    with pytest.raises(Refused, match="already: the two would be each other's alias"):
        rulings.merge(desk, "population", NEW, OLD, LIN)
    with pytest.raises(Refused, match=f"unmerge population {OLD}"):
        rulings.merge(desk, "population", OLD, OTHER, LIN)
    with pytest.raises(Refused, match="holds no 1"):
        rulings.merge(desk, "population", OTHER, "1", LIN)
    with pytest.raises(Refused, match="name two different keys"):
        rulings.merge(desk, "population", OLD, OLD, LIN)
    with pytest.raises(Refused, match="not merged into anything"):
        rulings.unmerge(desk, "population", OTHER, LIN)
    with pytest.raises(Refused, match="needs a reason"):
        rulings.merge(desk, "population", OTHER, NEW, Steward("lin", " "))
    assert told(desk) == {OLD: NEW}


@pytest.mark.parametrize("name", ["wang", "gone", "nobody"])
def test_only_an_active_steward_rules(desk: Connection, name: str) -> None:
    with pytest.raises(Refused, match="no active steward"):
        rulings.merge(desk, "population", OLD, NEW, Steward(name, "because"))


def test_the_ledger_keeps_what_was_ruled(desk: Connection) -> None:
    rulings.merge(desk, "population", OLD, NEW, LIN)
    for order in (
        "UPDATE ledger.link SET key = '1'",
        "DELETE FROM ledger.link_ruling",
        "TRUNCATE ledger.entity CASCADE",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), desk.transaction():
            desk.execute(order)


@given(st.lists(st.tuples(st.sampled_from(["merge", "unmerge"]), st.integers(0, 3), st.integers(0, 3)), max_size=12))
@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_story_of_rulings_is_a_forest_that_can_be_taken_back(
    desk: Connection, story: list[tuple[str, int, int]]
) -> None:
    """Against a plain model: a dict of parents. Every alias leads to the root of its tree; taking all links back restores every id."""
    keys, parents = [OLD, NEW, OTHER, MOTHER], dict[str, str]()
    before = ids_of(desk, *keys)
    with pytest.raises(Over), desk.transaction():
        for verb, one, other in story:
            rule_like_the_model(desk, verb, keys[one], keys[other], parents)
        assert told(desk) == {key: root(parents, key) for key in parents}
        for alias in list(parents):
            rulings.unmerge(desk, "population", alias, LIN)
        assert ids_of(desk, *keys) == before
        raise Over


def rule_like_the_model(desk: Connection, verb: str, alias: str, key: str, parents: dict[str, str]) -> None:
    allowed = alias != key and parents.get(alias, key) == key and root(parents, key) != alias
    try:
        if verb == "merge":
            rulings.merge(desk, "population", alias, key, LIN)
            assert allowed
            parents[alias] = key
        else:
            rulings.unmerge(desk, "population", alias, LIN)
            parents.pop(alias, None)
    except Refused:
        assert not allowed if verb == "merge" else alias not in parents


def root(parents: dict[str, str], key: str) -> str:
    return root(parents, parents[key]) if key in parents else key


def test_two_numbers_of_one_person_are_proposed_and_nothing_is_merged(office: Connection, catalog: Catalog) -> None:
    found = proposals(office, catalog)
    assert found == {
        ("same_person", OLD, NEW): "同名同出生日期，相同：联系电话 / same name and birth date; the same phone"
    }
    assert told(office) == {}
    (link,) = identity.links(office, "population")
    assert link.evidence["shared"] == ["phone=13900001111"]


def test_the_same_is_not_proposed_twice_nor_after_a_refusal(office: Connection, catalog: Catalog) -> None:
    proposals(office, catalog)
    (link,) = identity.links(office, "population")
    assert propose(office, catalog, catalog.libraries["population"], "lin").ruled == 0
    rulings.refuse(office, link.link_id, LIN)
    assert proposals(office, catalog) == {}


def test_a_steward_may_keep_the_other_key(office: Connection, catalog: Catalog) -> None:
    proposals(office, catalog)
    (link,) = identity.links(office, "population")
    rulings.confirm(office, link.link_id, LIN, keep=OLD)
    assert told(office) == {NEW: OLD}
    assert identity.get(office, link.link_id).state == "refused"


def test_bodies_are_known_by_the_organisation_code_inside_their_code(office: Connection, catalog: Catalog) -> None:
    found = proposals(office, catalog, "legal_entity")
    assert found == {
        (
            "org_code",
            SHOP,
            SHOP_MOVED,
        ): "代码中的组织机构代码相同（GB 32100 第 9 至 17 位），相同：法定代表人(负责人、经营者) / "
        "same organisation code within the code (GB 32100, positions 9 to 17); the same legal_rep"
    }


def test_places_have_nothing_to_be_told_apart_by(office: Connection, catalog: Catalog) -> None:
    with pytest.raises(Untold, match="geo"):
        propose(office, catalog, catalog.libraries["geo"], "lin")
