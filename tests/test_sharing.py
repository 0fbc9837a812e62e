"""How open a library item is follows from where its value may come: one rule for the doors and for plain SQL."""

from __future__ import annotations

from typing import Any

import pytest

from shuyuan.catalog import Catalog, load_catalog
from shuyuan.catalog.models import Share
from shuyuan.catalog.sharing import SharedItem, shared_items
from shuyuan.settings import PROJECT

CLOSED = Share(type="none", basis="法律：某法第一条")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT / "catalog")


def changed(catalog: Catalog, resource: str, item: str | None = None, **change: Any) -> Catalog:
    """The catalog with one resource, or one item of it, declared otherwise."""
    old = catalog.resources[resource]
    if item is None:
        new = old.model_copy(update=change)
    else:
        items = tuple(entry.model_copy(update=change) if entry.name == item else entry for entry in old.items)
        new = old.model_copy(update={"items": items})
    return catalog.model_copy(update={"resources": catalog.resources | {resource: new}})


def item(catalog: Catalog, library: str, name: str) -> SharedItem:
    return shared_items(catalog, catalog.libraries[library])[name]


def test_what_is_open_in_the_catalog_as_it_is(catalog: Catalog) -> None:
    opened = {
        name: [i.name for i in shared_items(catalog, lib).values() if i.open] for name, lib in catalog.libraries.items()
    }
    assert opened["population"] == ["hukou_division"]
    assert "legal_rep" not in opened["legal_entity"] and {"uscc", "name", "reg_status"} <= set(opened["legal_entity"])


@pytest.mark.parametrize(
    ("resource", "name", "change"),
    [
        ("market_regulation.enterprise", "est_date", {"sensitivity": "personal"}),
        ("civil_affairs.social_org", "est_date", {"sensitivity": "sensitive"}),
        ("establishment.institution", "est_date", {"share": CLOSED}),
        ("market_regulation.individual_business", "est_date", {"share": Share(type="conditional", condition="c")}),
        ("establishment.institution", None, {"share": CLOSED}),
    ],
)
def test_one_closed_source_closes_the_item(
    catalog: Catalog, resource: str, name: str | None, change: dict[str, Any]
) -> None:
    assert item(catalog, "legal_entity", "est_date").open
    assert not item(changed(catalog, resource, name, **change), "legal_entity", "est_date").open


def test_a_fallback_closes_too_and_a_check_does_not(catalog: Catalog) -> None:
    """Published is what source or fallback say; a check is only compared."""
    declared = catalog.libraries["legal_entity"]
    items = tuple(
        entry.model_copy(update={"fallback": ("tax.taxpayer.credit_grade",)}) if entry.name == "est_date" else entry
        for entry in declared.items
    )
    filled = catalog.model_copy(
        update={"libraries": catalog.libraries | {"legal_entity": declared.model_copy(update={"items": items})}}
    )
    assert item(filled, "legal_entity", "est_date").open
    assert not item(
        changed(filled, "tax.taxpayer", "credit_grade", sensitivity="personal"), "legal_entity", "est_date"
    ).open
    assert item(changed(catalog, "hrss.insured_unit", "name", sensitivity="personal"), "legal_entity", "name").open


def test_the_key_is_as_closed_as_what_makes_entities(catalog: Catalog) -> None:
    assert item(catalog, "legal_entity", "uscc").open and not item(catalog, "population", "id_no").open
    assert not item(
        changed(catalog, "establishment.institution", "uscc", sensitivity="personal"), "legal_entity", "uscc"
    ).open
    assert item(changed(catalog, "tax.taxpayer", "uscc", sensitivity="personal"), "legal_entity", "uscc").open, (
        "tax makes no entities"
    )


def test_a_count_of_records_is_shared_as_its_resource(catalog: Catalog) -> None:
    assert item(catalog, "credit", "penalty_count").open
    assert not item(changed(catalog, "credit_office.penalty", share=CLOSED), "credit", "penalty_count").open
