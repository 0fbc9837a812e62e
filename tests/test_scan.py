"""What a delivery gives away and its contract does not declare becomes a finding, with line and count and without the value."""

from __future__ import annotations

import pyarrow as pa
import pytest

from shuyuan.catalog import Resource
from shuyuan.intake.scan import MARKING, PERSONAL, Scan

CITIZEN = "11010519491231002X"


def resource(**item: str) -> Resource:
    items = [{"name": "doc_no", "label": "文书号"}, {"name": "facts", "label": "违法事实", **item}]
    return Resource.model_validate({
        "id": "office.penalty", "title": "t", "title_en": "t", "classification": "1", "key": ["doc_no"],
        "update_cycle": "irregular", "delivery": {"pattern": "*.csv"}, "items": items,
    })  # fmt: skip


def scan(contract: Resource, *tables: dict[str, list[object]]) -> list[tuple[str, str, str | None, int | None]]:
    looking = Scan(contract)
    for table in tables:
        looking.add(pa.table(table))
    return [(f.kind, f.severity, f.item, f.rows) for f in looking.findings()]


def test_a_clean_delivery_has_no_findings() -> None:
    assert scan(resource(), {"doc_no": ["1", "2"], "facts": ["无照经营", None], "_line": [2, 3]}) == []
    assert Scan(resource()).findings() == []


def test_undeclared_numbers_of_persons_are_a_warning_with_line_and_count() -> None:
    looking = Scan(resource())
    looking.add(pa.table({"facts": ["无照经营"] * 3, "_line": [2, 3, 4]}))
    looking.add(pa.table({"facts": ["无", f"当事人{CITIZEN}", f"{CITIZEN}"], "_line": [5, 7, 8]}))
    (finding,) = looking.findings()
    assert (finding.kind, finding.severity, finding.item, finding.rows) == (PERSONAL, "warning", "facts", 2)
    assert "第 7 行" in finding.message
    assert "line 7" in finding.message
    assert "公民身份号码" in finding.message
    assert "违法事实" in finding.message
    assert CITIZEN not in finding.message


@pytest.mark.parametrize(
    "item", [{"sensitivity": "personal"}, {"sensitivity": "sensitive"}, {"type": "citizen_id"}], ids=str
)
def test_what_is_declared_is_no_finding(item: dict[str, str]) -> None:
    assert scan(resource(**item), {"facts": [CITIZEN] * 20}) == []


def test_a_type_declares_its_own_kind_only() -> None:
    cells = {"facts": ["13800138000", CITIZEN]}
    assert scan(resource(type="phone"), cells) == [(PERSONAL, "warning", "facts", 1)]
    assert {row[3] for row in scan(resource(), cells)} == {1}
    assert len(scan(resource(), cells)) == 2
    assert scan(resource(sensitivity="internal"), cells) != []


def test_a_few_among_many_are_a_note() -> None:
    cells = ["无照经营"] * 1000
    assert scan(resource(), {"facts": [CITIZEN, *cells]}) == [(PERSONAL, "info", "facts", 1)]
    assert scan(resource(), {"facts": [*[CITIZEN] * 5, *cells]}) == [(PERSONAL, "warning", "facts", 5)]
    assert scan(resource(), {"facts": [CITIZEN, *cells[:9]]}) == [(PERSONAL, "warning", "facts", 1)]


def test_serial_numbers_are_not_believed() -> None:
    """Eleven digits of which few look like a mobile number are a register's own numbers."""
    serials = [str(10_000_000_000 + 137_777_777 * n) for n in range(200)]
    assert scan(resource(), {"facts": serials}) == []


@pytest.mark.parametrize("item", [{}, {"sensitivity": "sensitive"}], ids=str)
def test_secrecy_markings_are_critical_whatever_is_declared(item: dict[str, str]) -> None:
    found = scan(resource(**item), {"facts": ["正文"] * 5000}, {"facts": ["机密★10年"], "_line": [9]})
    assert found == [(MARKING, "critical", "facts", 1)]


def test_columns_outside_of_the_contract_are_looked_at() -> None:
    table = {"备注 (内部)": [CITIZEN, ""], "doc_no": ["1", "2"], "_raw": [CITIZEN, CITIZEN]}
    assert scan(resource(), table) == [(PERSONAL, "warning", "备注 (内部)", 1)]


def test_columns_of_other_types() -> None:
    """Numbers read as integers and coded texts are looked at; dates and fractions cannot hold anything."""
    phones = pa.array([13800138000, 13900139000], pa.int64())
    looking = Scan(resource())
    looking.add(
        pa.table(
            {
                "phone": phones,
                "facts": pa.array([CITIZEN, CITIZEN]).dictionary_encode(),
                "large": pa.array(["秘密", None], pa.large_string()),
                "day": pa.array([1, 2], pa.date32()),
                "share": pa.array([0.5, 13800138000.0]),
            }
        )
    )
    assert sorted((f.item, f.rows) for f in looking.findings()) == [("facts", 2), ("large", 1), ("phone", 2)]
