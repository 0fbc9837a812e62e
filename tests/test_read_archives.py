"""Archives are opened safely, and what is not safe is refused before it harms."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import zipfile
from pathlib import Path

import openpyxl
import pytest
import sheet_xml
import xlsb

from shuyuan.reader import archives
from shuyuan.reader.errors import Bomb, CorruptFile, ManyMembers, UnknownFormat
from shuyuan.reader.read import Column, read

COLUMNS = (Column("name", ("姓名",)), Column("value", ("值",)))
TABLE = "姓名,值\n张三,1\n".encode()


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_one_table_in_a_zip(tmp_path: Path) -> None:
    members = {"数据/名单.csv": TABLE, "__MACOSX/._名单.csv": b"x", "数据/.DS_Store": b"x"}
    result = read(packed(tmp_path / "a.zip", members), COLUMNS)
    assert result.table["name"].to_pylist() == ["张三"]
    assert result.format == "csv"
    assert any(n.kind == "archive" and "a.zip!数据/名单.csv" in n.message for n in result.notes)


def test_a_gzipped_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress("姓名,值\n张三,1\n".encode("gb18030")))
    result = read(path, COLUMNS)
    assert (result.encoding, result.table.num_rows) == ("gb18030", 1)


def test_a_book_in_a_zip(tmp_path: Path) -> None:
    workbook, buffer = openpyxl.Workbook(), io.BytesIO()
    workbook.active.append(["姓名", "值"])
    workbook.active.append(["张三", 1])
    workbook.save(buffer)
    assert read(packed(tmp_path / "a.zip", {"b.xlsx": buffer.getvalue()}), COLUMNS).format == "xlsx"


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    read(packed(tmp_path / "a.zip", {"b.csv": TABLE}), COLUMNS)
    with pytest.raises(Bomb):
        read(packed(tmp_path / "c.zip", {"b.csv": b"0" * 3_000_000}), COLUMNS)
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_ratio(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    zeros = b"0" * 5_000_000
    if kind == "zip":
        packed(path, {"b.csv": zeros})
    else:
        path.write_bytes(gzip.compress(zeros))
    with pytest.raises(Bomb, match="100 times"):
        read(path, COLUMNS)


def test_size_is_counted_while_it_unfolds(tmp_path: Path) -> None:
    limits = archives.Limits(size=1000)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(bytes(range(256)) * 8))
    with pytest.raises(Bomb, match="more than 1000 bytes"), archives.opened(path, "gz", limits):
        pass


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"b.csv": TABLE + b"x" * 5000})
    real, lie = len(TABLE) + 5000, len(TABLE)
    path.write_bytes(path.read_bytes().replace(real.to_bytes(4, "little"), lie.to_bytes(4, "little")))
    with pytest.raises(CorruptFile):
        read(path, COLUMNS)


def test_too_many_members(tmp_path: Path) -> None:
    with pytest.raises(Bomb, match="1001 members"):
        read(packed(tmp_path / "a.zip", {f"{i}.csv": b"" for i in range(1001)}), COLUMNS)


@pytest.mark.parametrize("inner", ["zip", "gz"])
def test_nested_archive(tmp_path: Path, inner: str) -> None:
    content = packed(tmp_path / "inner.zip", {"b.csv": TABLE}).read_bytes() if inner == "zip" else gzip.compress(TABLE)
    with pytest.raises(Bomb, match="itself an archive"):
        read(packed(tmp_path / "a.zip", {"c": content}), COLUMNS)


@pytest.mark.parametrize("name", ["../b.csv", "/etc/b.csv", "a/../../b.csv", "C:\\b.csv", "..\\b.csv"])
def test_path_traversal(tmp_path: Path, name: str) -> None:
    with pytest.raises(Bomb, match="outside the archive"):
        read(packed(tmp_path / "a.zip", {name: TABLE}), COLUMNS)


def test_a_link_in_a_zip(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("b.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Bomb, match="link"):
        read(tmp_path / "a.zip", COLUMNS)


def test_exactly_one_table(tmp_path: Path) -> None:
    with pytest.raises(ManyMembers, match=r"2 files .*b\.csv、c\.csv"):
        read(packed(tmp_path / "a.zip", {"b.csv": TABLE, "c.csv": TABLE}), COLUMNS)
    with pytest.raises(ManyMembers, match="0 files"):
        read(packed(tmp_path / "b.zip", {}), COLUMNS)


def test_an_encrypted_member(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"b.csv": TABLE})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(CorruptFile, match="encrypted"):
        read(path, COLUMNS)


@pytest.mark.parametrize("suffix", ["zip", "gz"])
def test_torn_archives(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    whole = gzip.compress(TABLE * 50) if suffix == "gz" else packed(path, {"b.csv": TABLE * 50}).read_bytes()
    path.write_bytes(whole[:-25])
    with pytest.raises(CorruptFile):
        read(path, COLUMNS)


def test_a_tar_is_not_opened(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("b.csv"))
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(buffer.getvalue()))
    with pytest.raises(UnknownFormat, match="tar"):
        read(tmp_path / "a.tar.gz", COLUMNS)


def test_names_packed_on_chinese_windows_are_readable(tmp_path: Path) -> None:
    name = "名单.csv".encode("gbk").decode("cp437")
    path = packed(tmp_path / "a.zip", {"x" * len(name): TABLE})
    path.write_bytes(path.read_bytes().replace(b"x" * len(name), name.encode("cp437")))
    assert any("名单.csv" in n.message for n in read(path, COLUMNS).notes)


def test_formatted_but_empty_far_cells_are_no_bomb(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(["姓名", "值"])
    workbook.active.append(["张三", 1])
    workbook.active["XFD1048576"].number_format = "0.00"
    workbook.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx", COLUMNS).physical == 2


def test_a_book_whose_parts_explode(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(["姓名", "值"])
    workbook.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", b"\0" * (80 << 20))
    with pytest.raises(Bomb, match="100 times"):
        read(tmp_path / "a.xlsx", COLUMNS)


def test_members_of_a_zip(tmp_path: Path) -> None:
    files = {"一/甲.csv": TABLE, "乙.xlsx": b"x" * 9, "__MACOSX/._甲.csv": b"x", "一/Thumbs.db": b""}
    path = packed(tmp_path / "a.zip", files)
    found = archives.members(path)
    assert [(m.name, m.size) for m in found] == [("一/甲.csv", len(TABLE)), ("乙.xlsx", 9)]
    with archives.unfolded(path, found[0]) as (copy, name):
        assert (copy.read_bytes(), name) == (TABLE, "a.zip!一/甲.csv")
    assert not copy.exists()
    with pytest.raises(Bomb, match="outside the archive"):
        archives.members(packed(tmp_path / "b.zip", {"a.csv": TABLE, "../b.csv": TABLE}))


CELL = '<table:table-cell{} office:value-type="string"><text:p>x</text:p></table:table-cell>'


@pytest.mark.parametrize(
    "rows",
    [
        f'<table:table-row table:number-rows-repeated="1048576">{CELL.format("") * 70}</table:table-row>',
        f'<table:table-row><table:table-cell table:number-columns-repeated="99999999"/>{CELL.format("")}</table:table-row>',
        "<table:table-row>" + CELL.format(' table:number-columns-repeated = "99999999"') + "</table:table-row>",
        f'<table:table-row table:number-rows-repeated="999999999"/><table:table-row>{CELL.format("")}</table:table-row>',
    ],
)
def test_an_ods_that_repeats_itself_into_billions_of_cells(tmp_path: Path, rows: str) -> None:
    path = sheet_xml.ods(tmp_path / "a.ods", f'<table:table table:name="S">{rows}</table:table>')
    with pytest.raises(Bomb, match="more than 67108864 cells"):
        read(path, COLUMNS)


def test_an_xlsb_with_far_corners(tmp_path: Path) -> None:
    cells = xlsb.row(0) + xlsb.text(0, "姓名") + xlsb.text(1, "值") + xlsb.row(1_048_575) + xlsb.real(16_383, 1.0)
    with pytest.raises(Bomb, match="1048576 rows by 16384 columns"):
        read(xlsb.book(tmp_path / "a.xlsb", cells), COLUMNS)


FAR = '<{0}row r="1048576"><{0}c r="XFD1048576"><{0}v>1</{0}v></{0}c></{0}row>'


@pytest.mark.parametrize("prefix", ["", "x-y:", "省.a:", ":", "a<b:", "a/b:", "a\x0bb:"])
def test_far_corners_under_any_prefix(tmp_path: Path, prefix: str) -> None:
    rows = f'<row r="1"><c r="A1"><v>1</v></c></row>{FAR.format(prefix)}'
    with pytest.raises(Bomb, match="1048576 rows by 16384 columns"):
        archives.check_book(sheet_xml.xlsx(tmp_path / "a.xlsx", rows), "a.xlsx")


@pytest.mark.parametrize(
    "cell",
    [
        '<c x=">" r="XFD1048576">',
        """<c x=' r="A1"' r="XFD1048576">""",
        '<c x="1"r="XFD1048576">',
        '<c r="XFD+1048576">',
        f'<{"a" * 300}:c r="XFD1048576">',
        """<a'>':c r="XFD1048576">""",
        '<c r="XFC1048576"/><!-- <row> --><c>',
        f'<c r="A{"9" * 5000}">',
    ],
)
def test_cells_that_two_readers_place_in_two_ways(tmp_path: Path, cell: str) -> None:
    rows = f'<row r="1"><c r="A1"><v>1</v></c></row><row r="2">{cell}<v>1</v></c></row>'
    with pytest.raises(CorruptFile, match="no spreadsheet program writes"):
        archives.check_book(sheet_xml.xlsx(tmp_path / "a.xlsx", rows), "a.xlsx")


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_comments_and_cdata_without_tags_are_no_harm(tmp_path: Path, size: int) -> None:
    rows = '<!-- a > b --><row r="1"><c r="A1" t="inlineStr"><is><t><![CDATA[a > b]]></t></is></c></row>'
    found = archives.Oddities()
    watcher = archives.XlsxExtent("a.xlsx", "S", 9, found)
    data = f"<?xml version='1.0'?><worksheet><sheetData>{rows}</sheetData></worksheet>".encode()
    for at in range(0, len(data), size):
        watcher.write(data[at : at + size])
    far = b'<row r="2"><c r="E2"><v>1</v></c></row>'
    with pytest.raises(Bomb, match="2 rows by 5 columns"):
        watcher.write(far)


@pytest.mark.parametrize(
    "more",
    [
        ' x=">" table:number-columns-repeated="99999999"',
        """ x=' table:number-columns-repeated="1"' table:number-columns-repeated="99999999" """,
        ' table:number-columns-repeated="+99999999"',
    ],
)
def test_an_ods_that_hides_its_repetitions(tmp_path: Path, more: str) -> None:
    table = f'<table:table table:name="S"><table:table-row>{CELL.format(more)}</table:table-row></table:table>'
    with pytest.raises((Bomb, CorruptFile)):
        archives.check_book(sheet_xml.ods(tmp_path / "a.ods", table), "a.ods", "ods")
