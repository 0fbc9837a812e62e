"""The catalog refuses contradictions and names file and line."""

from __future__ import annotations

import re
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


POPULATION, CREDIT = "libraries/population.yml", "libraries/credit.yml"
MARRIED = "when: {life_status: "
TWO_HOMES = "when: {source: {differs: claim}, public_security.resident.life_status: "


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (POPULATION, f'{MARRIED}["1"]', f'{MARRIED}["9"]', "`9` is no code of `life_status` (code list `life_status`); it has 1 在世、2 死亡"),
        (POPULATION, f'{MARRIED}["1"]', f"{MARRIED}[1]", "put it in quotes"),
        (POPULATION, f'{MARRIED}["1"]', f"{MARRIED}alive", "is no test: write a list of codes"),
        (POPULATION, f'{MARRIED}["1"]', f"{MARRIED}{{after: death_date}}", "declare a contradiction"),
        (POPULATION, f'{MARRIED}["1"]}}', "when: {}", "an empty condition says nothing"),
        (POPULATION, MARRIED, "when: {alive: ", "depends on `alive`, which is no item of `population`"),
        (POPULATION, f'{TWO_HOMES}["1"]', f'{TWO_HOMES}["3"]', "`3` is no code of `public_security.resident.life_status`"),
        (POPULATION, "differs: claim}", "differs: civil_affairs.marriage.reg_date}", "never agree"),
        (POPULATION, "differs: claim}", "differs: tax.taxpayer.address}", "`tax.taxpayer` is no member of `population`"),
        (POPULATION, "differs: claim}", "differs: claim.x}", "`claim.x`, which no resource delivers"),
        (POPULATION, "differs: claim}", "after: claim}", "needs two dates"),
        (POPULATION, "since: civil_affairs.marriage.reg_date", "since: civil_affairs.marriage.office", "from no date"),
        (POPULATION, "id: married_and_single", "id: marital_status", "could not be told apart"),
        (CREDIT, "{source: absent, claim: present}", "{claim: absent}", "say it the other way round"),
        (CREDIT, "{source: absent, claim: present}", "[]", "every entity would be a finding"),
        (CREDIT, "when: {source: absent, claim: present}", "when: {source: absent}\n    since: tax.arrears.notice_date", "no `days`"),
        (CREDIT, "civil_affairs.social_org.uscc, \"1\"", "civil_affairs.social_org.est_date, \"1\"", "different types"),
        (CREDIT, '"5": civil_affairs.social_org.uscc', '"9": civil_affairs.social_org.uscc', "scopes `9` and `91`"),
        (CREDIT, "decision_date, group: latest_penalty", "decision_date, group: dates", "alone in group `dates`"),
        (CREDIT, "decision_date, group: latest_penalty", "decision_date, fallback: [tax.arrears.notice_date], group: latest_penalty",
         "does not come from the rows that `latest_penalty_no` comes from"),
    ],
)  # fmt: skip
def test_conditions_groups_and_contradictions_that_cannot_hold(
    rules: Path, file: str, old: str, new: str, says: str
) -> None:
    line = edit(rules / file, old, new)
    message = refusal(rules)
    assert says in message
    told = [int(number) for number in re.findall(rf"^\s*{re.escape(str(rules / file))}:(\d+): ", message, re.MULTILINE)]
    assert told
    assert all(line - 9 <= number <= line + 1 for number in told), f"{message}\nit stood on line {line}"


def test_a_group_and_its_conditions_are_read_as_written() -> None:
    population = load_catalog(PROJECT / "catalog").libraries["population"]
    hukou = population.group_of(population.item("hukou_address"))
    assert [item.name for item in hukou] == ["hukou_division", "hukou_address"]
    assert population.group_of(population.item("name")) == (population.item("name"),)
    (check,) = population.item("marital_status").check
    assert [(one.of, one.test, one.values) for one in check.when] == [("life_status", "in", ("1",))]
    married = population.contradiction("married_and_single")
    assert len(married.when) == 2
    assert married.refs[-1] == "civil_affairs.marriage.reg_date"


def test_the_flagship_checks_ship_with_their_reasons() -> None:
    declared = [
        one for library in load_catalog(PROJECT / "catalog").libraries.values() for one in library.contradictions
    ]
    flagship = {
        "benefits_after_death",
        "cancelled_still_taxed",
        "married_and_single",
        "two_live_addresses",
        "penalty_unknown_code",
    }
    assert flagship <= {one.id for one in declared}
    assert all(one.why and one.why_en and one.title and one.title_en for one in declared)


def test_what_was_cited_from_memory_is_marked_until_a_steward_has_confirmed_it() -> None:
    """The five policy texts carry the duty to cross-check and none of the statutes; a citation of another one stands behind the mark."""
    texts = r"国发〔2016〕51号|四川省实施细则|深圳市办法|肥城市办法|发改高技〔2013〕733号"
    cited = re.compile(r"[\u4e00-\u9fff]*(?:法|法典|条例|细则|办法)第|GB[ /]\S+|国发〔\d+〕\d+号")
    for library in load_catalog(PROJECT / "catalog").libraries.values():
        for one in library.contradictions:
            for text, mark in ((one.why, "待核："), (one.why_en, "to be confirmed: ")):
                assert text.count(mark) == 1, one.id
            known = cited.findall(one.why.partition("待核：")[0])
            assert known and all(re.match(texts, name) for name in known), (one.id, known)
