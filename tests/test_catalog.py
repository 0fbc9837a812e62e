"""The catalog refuses contradictions and names file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from shuyuan.catalog import CatalogError, load_catalog
from shuyuan.settings import PROJECT


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of the real catalog that a test may break."""
    return Path(shutil.copytree(PROJECT / "catalog", tmp_path / "catalog"))


def refusal(root: Path) -> str:
    with pytest.raises(CatalogError) as caught:
        load_catalog(root)
    return str(caught.value)


def edit(path: Path, old: str, new: str) -> int:
    """Replace the first occurrence and say on which line it stood."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} no longer holds {old!r}; the test must follow the catalog"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_catalog_in_force_is_sound() -> None:
    catalog = load_catalog(PROJECT / "catalog")
    assert len(catalog.resources) >= 14
    assert len({resource.department for resource in catalog.resources.values()}) >= 10
    assert set(catalog.libraries) == {"population", "legal_entity", "geo", "credit"}


def test_two_sources_for_one_item(rules: Path) -> None:
    path = rules / "libraries" / "population.yml"
    line = edit(
        path, "source: public_security.resident.name,", "source: [public_security.resident.name, hrss.insured.name],"
    )
    message = refusal(rules)
    assert f"{path}:{line}" in message
    assert "two sources for one item" in message


def test_overlapping_scopes_are_two_sources(rules: Path) -> None:
    path = rules / "libraries" / "legal_entity.yml"
    edit(path, '"91 93": market_regulation.enterprise.name', '"9 93": market_regulation.enterprise.name')
    assert "overlap" in refusal(rules)


def test_an_item_declared_twice(rules: Path) -> None:
    path = rules / "libraries" / "population.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "  - {name: name, label: 姓名, source: hrss.insured.name}\n", encoding="utf-8")
    message = refusal(rules)
    assert f"{path}:{text.count(chr(10)) + 1}" in message
    assert "two sources for one item" in message


def test_a_check_without_comparator(rules: Path) -> None:
    path = rules / "libraries" / "population.yml"
    line = edit(path, "compare: person_name, ", "")
    message = refusal(rules)
    assert "no comparator" in message
    assert f"{path}:{line - 1}" in message or f"{path}:{line}" in message


def test_an_unknown_code_list(rules: Path) -> None:
    path = rules / "resources" / "public_security" / "resident.yml"
    line = edit(path, "codes: sex", "codes: gender")
    assert f"{path}:{line}: `sex` uses unknown code list `gender`" in refusal(rules)


def test_the_same_element_collected_twice(rules: Path) -> None:
    path = rules / "resources" / "tax" / "arrears.yml"
    edit(
        path, "items:\n", "items:\n  - {name: owner_birth, label: 出生日期2, type: date, element: person.birth_date}\n"
    )
    message = refusal(rules)
    assert f"{path}:" in message
    assert "`person.birth_date` is collected by" in message


def test_not_shareable_without_legal_basis(rules: Path) -> None:
    path = rules / "resources" / "public_security" / "resident.yml"
    line = edit(path, "share: {type: unconditional}", "share: {type: none}")
    message = refusal(rules)
    assert f"{path}:{line}" in message
    assert "without a legal basis" in message


def test_a_legal_basis_must_name_an_allowed_level(rules: Path) -> None:
    edit(
        rules / "resources" / "public_security" / "resident.yml",
        "share: {type: unconditional}",
        "share: {type: none, basis: 局内通知}",
    )
    assert "must name its level first" in refusal(rules)


def test_a_key_said_twice_is_not_the_last_one_wins(rules: Path) -> None:
    path = rules / "resources" / "public_security" / "resident.yml"
    line = edit(path, "grace: 1\n", "grace: 1\ngrace: 2\n")
    assert f"{path}:{line + 1}: `grace` is said twice" in refusal(rules)


def test_an_unknown_field_is_refused_with_its_line(rules: Path) -> None:
    path = rules / "resources" / "public_security" / "resident.yml"
    line = edit(path, "grace: 1\n", "grace: 1\nfrequency: daily\n")
    assert f"{path}:{line + 1}: frequency" in refusal(rules)


def test_every_problem_is_named_at_once(rules: Path) -> None:
    edit(rules / "resources" / "public_security" / "resident.yml", "codes: sex", "codes: gender")
    edit(rules / "libraries" / "population.yml", "lead: public_security", "lead: nobody")
    message = refusal(rules)
    assert "gender" in message
    assert "nobody" in message


def test_a_crosswalk_into_a_code_that_is_not_in_the_list(rules: Path) -> None:
    path = rules / "crosswalks" / "ps_sex.yml"
    edit(path, "map:\n", 'map:\n  外星人: "77"\n')
    assert "`外星人` maps to `77`" in refusal(rules)


def test_a_name_that_postgresql_would_cut(rules: Path) -> None:
    path = rules / "resources" / "tax" / "arrears.yml"
    edit(path, "id: tax.arrears", f"id: tax.{'arrears_' * 6}x")
    message = refusal(rules)
    assert f"{path}:" in message
    assert "PostgreSQL keeps 63" in message
