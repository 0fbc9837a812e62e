"""Which file is whose delivery: names as departments write them, in the inbox and anywhere under a directory."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from shuyuan import settings
from shuyuan.catalog import Catalog, Resource
from shuyuan.catalog.models import Policy
from shuyuan.intake.drop import NoSource, drop
from shuyuan.intake.file_names import named
from shuyuan.intake.receive import deliveries

DAY = date(2026, 11, 20)


def resource(pattern: str, name: str = "one", mode: str = "full") -> Resource:
    delivery = {"pattern": pattern, "mode": mode} | ({"op": "op"} if mode == "change" else {})
    delivery |= {"parts": 2} if "{part}" in pattern else {}
    return Resource.model_validate({
        "id": f"office.{name}", "title": "t", "title_en": "t", "classification": "1", "key": ["a"],
        "update_cycle": "irregular", "delivery": delivery, "items": [{"name": "a", "label": "甲"}],
    })  # fmt: skip


def catalog(*resources: Resource) -> Catalog:
    policy = Policy(id="p", title="p", retention={}, clocks={}, purposes={}, legal_basis_levels=())
    rest = {name: {} for name in ("departments", "codes", "crosswalks", "libraries", "where")}
    return Catalog(resources={r.id: r for r in resources}, policy=policy, **rest)


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SHUYUAN_HOME", str(tmp_path / "home"))
    settings.load.cache_clear()
    yield tmp_path / "home" / "inbox"
    settings.load.cache_clear()


def put(path: Path, text: str = "甲\n1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "name",
    [
        "公告数据 (1).csv",
        "清单[2024].csv",
        "名单（法人）.csv",
        "结果+-+副本.csv",
        "a.b.csv",
        "(a|b)$^.csv",
        "没有扩展名",
    ],
)
def test_what_departments_put_into_names_is_meant_as_written(tmp_path: Path, name: str) -> None:
    put(tmp_path / "office" / name)
    put(tmp_path / "office" / f"other{name}")
    assert [d.path.name for d in deliveries(resource(name), DAY, tmp_path)] == [name]


@pytest.mark.parametrize(
    ("pattern", "name", "belongs"),
    [
        ("resident_{date}.csv", "resident_20261120.csv", True),
        ("resident_{date}.csv", "resident_20261120_2.csv", True),
        ("resident_{date}.csv", "resident_20261119.csv", False),
        ("resident_{date}.csv", "resident_20261120.csv.ok", False),
        ("penalty.csv", "penalty.csv", True),
        ("penalty.csv", "penalty_2.csv", True),
        ("penalty.csv", "penalty_detail.csv", False),
        ("penalty.csv", "penaltyXcsv", False),
        ("名单*.csv", "名单（经开区）.csv", True),
        ("20??.csv", "2015.csv", True),
        ("20??.csv", "215.csv", False),
        ("[ab].csv", "a.csv", False),
    ],
)
def test_a_pattern_names_its_deliveries_and_no_others(pattern: str, name: str, belongs: bool) -> None:
    assert bool(named(resource(pattern), DAY).fullmatch(name)) is belongs


def test_a_decomposed_name_is_the_same_name(tmp_path: Path) -> None:
    composed, decomposed = "Ünit.csv", unicodedata.normalize("NFD", "Ünit.csv")
    assert composed != decomposed
    put(tmp_path / "office" / decomposed)
    assert len(list(deliveries(resource(composed), DAY, tmp_path))) == 1


def test_an_inbox_nobody_has_used_yet_is_empty(tmp_path: Path) -> None:
    assert list(deliveries(resource("a.csv"), DAY, tmp_path)) == []


def test_files_are_found_in_any_folder_and_linked(tmp_path: Path, inbox: Path) -> None:
    source = tmp_path / "from"
    lying = put(source / "x" / "y" / "公告 (1).csv")
    put(source / "x" / "公告 (1).csv.txt")
    found = drop(catalog(resource("公告 (1).csv")), source, DAY)
    assert found.files == (inbox / "office" / "公告 (1).csv",)
    assert found.files[0].samefile(lying), "a hard link: no second copy on the disk"
    assert not found.missing and not found.ambiguous


def test_a_late_department_is_named_and_holds_up_nobody(tmp_path: Path, inbox: Path) -> None:
    put(tmp_path / "from" / "b.csv")
    found = drop(catalog(resource("a.csv"), resource("b.csv", "two")), tmp_path / "from", DAY)
    assert found.missing == ("office.one",)
    assert [path.name for path in found.files] == ["b.csv"]
    assert "office.one" in str(found)


def test_the_control_file_comes_along_before_its_delivery(tmp_path: Path, inbox: Path) -> None:
    put(tmp_path / "from" / "a_20261120.csv")
    put(tmp_path / "from" / "a_20261120.csv.ok", "1")
    drop(catalog(resource("a_{date}.csv")), tmp_path / "from", DAY)
    (delivery,) = deliveries(resource("a_{date}.csv"), DAY, inbox)
    assert delivery.control_rows == 1


def test_the_same_file_in_two_folders_is_one_delivery(tmp_path: Path, inbox: Path) -> None:
    put(tmp_path / "from" / "x" / "a.csv")
    put(tmp_path / "from" / "y" / "a.csv")
    assert len(drop(catalog(resource("a.csv")), tmp_path / "from", DAY).files) == 1


def test_different_files_of_one_name_are_left_alone_and_named(tmp_path: Path, inbox: Path) -> None:
    paths = put(tmp_path / "from" / "x" / "a.csv", "甲\n1\n"), put(tmp_path / "from" / "y" / "a.csv", "甲\n2\n")
    found = drop(catalog(resource("a.csv")), tmp_path / "from", DAY)
    assert found.ambiguous == {"office.one": paths}
    assert not found.files and not inbox.exists()
    assert all(str(path) in str(found) for path in paths)


def test_several_files_for_one_undated_register_are_refused(tmp_path: Path, inbox: Path) -> None:
    """Each would be taken for the whole register and replace the one before."""
    for year in (2014, 2015):
        put(tmp_path / "from" / f"{year}.csv", f"甲\n{year}\n")
    assert "office.one" in drop(catalog(resource("20??.csv")), tmp_path / "from", DAY).ambiguous
    assert len(drop(catalog(resource("20??.csv", mode="change")), tmp_path / "from", DAY).files) == 2


def test_parts_their_manifest_and_the_word_that_nothing_changed_come_along(tmp_path: Path, inbox: Path) -> None:
    for name in ("x_part1.csv", "x_part2.csv", "x.ok", "y_20261120.nochange", "y_20261119.nochange"):
        put(tmp_path / "from" / name, "" if "nochange" in name else "parts=2" if "ok" in name else name)
    numbered = resource("x_part{part}.csv")
    delivery = numbered.delivery.model_copy(update={"manifest": "x.ok"})
    numbered = numbered.model_copy(update={"delivery": delivery})
    found = drop(catalog(numbered, resource("y_{date}.csv", "two")), tmp_path / "from", DAY)
    assert [path.name for path in found.files] == ["x_part1.csv", "x_part2.csv", "x.ok", "y_20261120.nochange"]
    assert not found.missing and not found.ambiguous
    assert [d.name for d in deliveries(numbered, DAY, inbox)] == ["x_part*.csv"]


def test_dropping_again_changes_nothing_and_a_new_file_replaces_the_old(tmp_path: Path, inbox: Path) -> None:
    source, wanted = tmp_path / "from", catalog(resource("a.csv"))
    put(source / "a.csv")
    (first,) = drop(wanted, source, DAY).files
    node = first.stat().st_ino
    assert drop(wanted, source, DAY).files[0].stat().st_ino == node
    (source / "a.csv").unlink()
    put(source / "a.csv", "甲\n2\n")
    assert drop(wanted, source, DAY).files[0].read_text(encoding="utf-8") == "甲\n2\n"
    assert [path.name for path in inbox.rglob("*") if path.is_file()] == ["a.csv"]


def test_without_hard_links_the_file_is_copied(tmp_path: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    lying = put(tmp_path / "from" / "a.csv")
    (laid,) = drop(catalog(resource("a.csv")), tmp_path / "from", DAY).files
    assert not laid.samefile(lying) and laid.read_bytes() == lying.read_bytes()


def test_a_source_that_is_no_directory_is_refused_by_name(tmp_path: Path, inbox: Path) -> None:
    with pytest.raises(NoSource, match="nowhere"):
        drop(catalog(), tmp_path / "nowhere", DAY)
