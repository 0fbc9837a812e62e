"""The sharing decision is pure: every refusal has its own reason, personal items are masked unless opened plain."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from shuyuan.catalog import Catalog, load_catalog
from shuyuan.catalog.models import Share
from shuyuan.catalog.sharing import shared_items
from shuyuan.settings import PROJECT
from shuyuan.share.decide import Decision, Grant, Person, decide

TODAY = date(2026, 9, 1)
WANG = Person("wang", "tax", "analyst")
GRANT = Grant(7, ("id_no", "name", "phone:plain"), ("administrative_basis",), "陈主任", date(2026, 1, 1))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(Path(PROJECT / "catalog"))


def ask(catalog: Catalog, items: list[str], *grants: Grant, person: Person | None = WANG, filters: tuple[str, ...] = (),
        purpose: str = "administrative_basis", library: str = "population", today: date = TODAY) -> Decision:  # fmt: skip
    return decide(person, purpose, library, items, grants, catalog=catalog, today=today, filters=filters)


def test_a_grant_opens_what_it_names_and_masks_what_is_personal(catalog: Catalog) -> None:
    decision = ask(catalog, ["id_no", "name", "phone"], GRANT, filters=("id_no",))
    assert decision.allowed
    assert decision.masked == {"id_no", "name"}
    assert decision.approver == "陈主任"
    assert "授权 7" in decision.reason and "行政依据" in decision.reason


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("未登记", {"person": None}),
        ("已停用", {"person": Person("wang", "tax", "analyst", active=False)}),
        ("不在规定用途", {"purpose": "curiosity"}),
        ("未包含用途 业务协同", {"purpose": "business_collaboration"}),
        ("没有这个库", {"library": "nowhere"}),
        ("自 2026-01-01 起生效", {"today": date(2025, 12, 31)}),
    ],
)
def test_each_refusal_says_why(catalog: Catalog, why: str, change: dict[str, object]) -> None:
    decision = ask(catalog, ["name"], GRANT, **change)  # type: ignore[arg-type]
    assert not decision.allowed
    assert why in decision.reason


@pytest.mark.parametrize(
    ("why", "items", "grants"),
    [
        ("没有库 population 的授权", ["name"], []),
        ("没有信息项 shoe_size", ["shoe_size"], [GRANT]),
        ("没有指明信息项", [], [GRANT]),
        ("未开放信息项：birth_date", ["name", "birth_date"], [GRANT]),
        ("已撤销", ["name"], [Grant(8, ("name",), GRANT.purposes, "陈主任", GRANT.valid_from, revoked=True)]),
        (
            "已于 2026-08-31 到期",
            ["name"],
            [Grant(9, ("name",), GRANT.purposes, "陈主任", GRANT.valid_from, date(2026, 8, 31))],
        ),
    ],
)
def test_deny_by_default(catalog: Catalog, why: str, items: list[str], grants: list[Grant]) -> None:
    decision = ask(catalog, items, *grants)
    assert not decision.allowed
    assert why in decision.reason


def test_the_last_day_of_a_grant_still_counts(catalog: Catalog) -> None:
    assert ask(catalog, ["name"], Grant(9, ("name",), GRANT.purposes, "陈", GRANT.valid_from, TODAY)).allowed


def test_star_opens_only_what_is_neither_personal_nor_conditional(catalog: Catalog) -> None:
    star = Grant(1, ("*",), GRANT.purposes, "陈主任", GRANT.valid_from)
    assert ask(catalog, ["hukou_division"], star).allowed
    for closed in ("name", "id_no", "ethnic", "phone"):
        assert not ask(catalog, [closed], star).allowed


def test_a_masked_item_is_no_filter_but_the_key_is(catalog: Catalog) -> None:
    assert ask(catalog, ["phone"], GRANT, filters=("phone", "id_no")).allowed
    refused = ask(catalog, ["phone"], GRANT, filters=("name",))
    assert not refused.allowed and "不能作为查询条件" in refused.reason
    assert not ask(catalog, ["phone"], GRANT, filters=("birth_date",)).allowed


def test_an_item_is_as_closed_as_the_resource_it_comes_from(catalog: Catalog) -> None:
    """`education` of the library says nothing of its own; withheld at its source, it is withheld."""
    closed = Share(type="none", basis="法律：某法第一条")
    student = catalog.resources["education.student"]
    items = tuple(i.model_copy(update={"share": closed}) if i.name == "education" else i for i in student.items)
    changed = catalog.model_copy(
        update={"resources": catalog.resources | {student.id: student.model_copy(update={"items": items})}}
    )
    decision = ask(changed, ["education"], Grant(1, ("education",), GRANT.purposes, "陈主任", GRANT.valid_from))
    assert not decision.allowed and "法律：某法第一条" in decision.reason


def test_sensitivity_is_the_strictest_of_item_and_sources(catalog: Catalog) -> None:
    items = shared_items(catalog, catalog.libraries["population"])
    assert items["id_no"].sensitivity == "sensitive" and items["id_no"].column == "_key"
    assert items["ethnic"].sensitivity == "sensitive"
    assert not shared_items(catalog, catalog.libraries["legal_entity"])["uscc"].personal
