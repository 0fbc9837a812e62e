"""`shuyuan inspect`: what it says of a file is what was put into the file, and nothing personal is shown."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from town import ids
from typer.testing import CliRunner

from shuyuan.cli import app
from shuyuan.reader.errors import ReadError
from shuyuan.survey import encodings, mask, words
from shuyuan.survey.distinct import KEPT, Budget, Distinct, Repeats
from shuyuan.survey.look import inspect
from shuyuan.survey.report import Column, Table

PEOPLE = ids(400)


def table_of(path: Path) -> Table:
    (table,) = inspect(path).tables
    assert table.accounted
    return table


def column(path: Path, label: str) -> Column:
    return next(c for c in table_of(path).columns if c.label == label)


def written(folder: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def people(folder: Path, rows: int = 400) -> Path:
    """A register: good numbers, 12 masked, 8 with a wrong check digit; every name and telephone is invented."""
    numbers = [*PEOPLE[: rows - 20], *(f"{n[:6]}********{n[14:]}" for n in PEOPLE[rows - 20 : rows - 8])]
    numbers += [n[:17] + "0123456789X"["0123456789X".index(n[17]) - 1] for n in PEOPLE[rows - 8 : rows]]
    lines = [f"{n},张三{chr(0x4E00 + i)},1380013{i:04d},备注给{PEOPLE[0]}或13900139000" for i, n in enumerate(numbers)]
    return written(folder, "\n".join(["证件,称呼,号,说法", *lines]) + "\n")


def test_a_type_comes_with_its_counts(tmp_path: Path) -> None:
    """No header names the column: the data alone says what it holds, and how much of it is wrong and why."""
    found = column(people(tmp_path), "证件")
    assert (found.type, found.sensitivity) == ("citizen_id", "sensitive")
    assert found.nonempty == 400 and found.distinct == 400 and found.exact
    assert found.why == "380 of 400 non-empty valid (95.0%), 12 masked, 8 id_checksum"
    (tally,) = [t for t in found.candidates if t.type == "citizen_id"]
    assert dict(tally.reasons) == {"masked": 12, "id_checksum": 8} and tally.valid == 380


def test_nothing_personal_is_printed(tmp_path: Path) -> None:
    path = people(tmp_path)
    told = json.dumps(inspect(path).json(), ensure_ascii=False)
    shown = CliRunner().invoke(app, ["inspect", str(path)]).stdout
    for text in (told, shown):
        assert not any(number in text for number in PEOPLE)
        assert "1380013" not in text and "13900139000" not in text and "张三一" not in text
    kinds = {c.label: (c.type, c.sensitivity) for c in table_of(path).columns}
    assert kinds["称呼"] == ("person_name", "personal")
    assert kinds["号"] == ("phone", "personal")
    assert kinds["说法"][1] == "personal", "numbers inside of free text are noticed"


@pytest.mark.parametrize(
    ("text", "item_type", "sensitivity", "shown"),
    [
        ("11010519491231002X", "citizen_id", "sensitive", "110105********002X"),
        ("欧阳小明", "person_name", "personal", "欧***"),
        ("13800138000", "phone", "personal", "138****8000"),
        ("北京市朝阳区东三环北路14号", "address", "personal", "北京市朝阳区****"),
        ("1980-02-03", "date", "personal", "1980-**-**"),
        ("电话13800138000转", "text", "none", "电话138****8000转"),
        ("证11010519491231002X号", "text", "none", "证110105********002X号"),
        ("911101055585", "identifier", "none", "911101055585"),
    ],
)
def test_samples_are_masked_by_what_they_are(text: str, item_type: str, sensitivity: str, shown: str) -> None:
    assert mask.shown(text, item_type, sensitivity) == shown


@pytest.mark.parametrize(
    ("content", "name", "confidence", "mixed", "lines"),
    [
        ("性别\r\n女\r\n女\r\n男\r\n".encode("gb18030"), "gb18030", 1.0, False, {"gb18030": 2, "either": 2}),
        ("\ufeff甲\n乙\n".encode(), "utf-8", 1.0, False, {"utf-8": 2}),
        ("a\nb\n".encode("ascii"), "utf-8", 1.0, False, {"ascii": 2}),
        ("名称\n".encode("gb18030") * 3 + "名称\n".encode(), "gb18030", 0.75, True, {"gb18030": 3, "utf-8": 1}),
        ("名称\n".encode() * 3 + b"\xff\xff\n", "utf-8", 0.75, True, {"utf-8": 3, "neither": 1}),
        ("\ufeff甲\r\n乙".encode("utf-16-le"), "utf-16-le", 1.0, False, {"utf-16-le": 2}),
    ],
)
def test_the_encoding_is_counted_line_by_line(
    tmp_path: Path, content: bytes, name: str, confidence: float, mixed: bool, lines: dict[str, int]
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    found = encodings.count(path)
    assert (found.name, found.confidence, found.mixed, dict(found.lines)) == (name, confidence, mixed, lines)


def test_line_ends_are_counted_and_pieces_do_not_cut_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "甲\r\n乙\n丙\r丁\r\n" * 50)
    whole = encodings.count(path)
    assert dict(whole.endings) == {"crlf": 100, "lf": 50, "cr": 50} and sum(whole.lines.values()) == 200
    for size in (1, 2, 3, 7):
        monkeypatch.setattr(encodings, "CHUNK", size)
        assert encodings.count(path) == whole


def test_a_book_in_disguise_with_a_hidden_sheet(tmp_path: Path) -> None:
    """An xlsx named .csv: title over a merged range, header on row 2, another table on a hidden sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "企业"
    sheet.append(["2026年度企业名单", None, None])
    sheet.merge_cells("A1:C1")
    sheet.append(["序号", "企业名称", "认定日期"])
    for i in range(1, 31):
        sheet.append([i, f"某某{i}有限公司", "2026-01-02"])
    hidden = book.create_sheet("底稿")
    hidden.sheet_state = "hidden"
    hidden.append(["代码", "说明"])
    hidden.append(["0012", "甲"])
    path = tmp_path / "名单.csv"
    book.save(path)
    found = inspect(path)
    assert found.format == "xlsx" and not found.named_right and found.encoding is None
    assert [(s.name, s.rows, s.columns, s.hidden) for s in found.sheets] == [
        ("企业", 32, 3, False),
        ("底稿", 2, 2, True),
    ]
    first, second = found.tables
    assert first.form.header == (2,) and first.rows == 30 and first.preamble == 2
    assert [(c.label, c.type) for c in first.columns] == [
        ("序号", "integer"),
        ("企业名称", "org_name"),
        ("认定日期", "date"),
    ]
    assert first.columns[0].running and first.keys[0].positions != (0,), (
        "a running number is no key while another column is one"
    )
    assert second.title == "底稿" and second.columns[0].type != "integer", "0012 is a name, not a quantity"


def test_a_table_in_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "delivery.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("名单.csv", "代码;名称\n001;甲\n002;乙\n003;丙\n".encode("gb18030"))
    found = inspect(path)
    assert (found.format, found.container, found.member) == ("csv", "zip", "名单.csv")
    (table,) = found.tables
    assert table.form.dialect is not None and table.form.dialect.delimiter == ";"
    assert [c.label for c in table.columns] == ["代码", "名称"] and table.rows == 3


def test_rows_are_accounted_for_with_reasons(tmp_path: Path) -> None:
    rows = [f"A{i:04d},{i}" for i in range(50)]
    rows[20] = "A0020,1,2,3"
    path = written(tmp_path, "\n".join(["名单,", "编号,数量", *rows, ",", "合计,1225"]) + "\n")
    table = table_of(path)
    assert dict(table.rejected) == {"ragged_row": 1}
    assert (table.rows, table.blank, table.preamble, table.physical) == (49, 1, 3, 54)
    assert table.footer and "合计" in table.footer[0]


def test_numbers_that_name_are_no_quantities(tmp_path: Path) -> None:
    lines = [f"{i:06d},{110105717776658000 + i},9.1101E+17,{i}.50,{i}" for i in range(1, 60)]
    path = written(tmp_path, "\n".join(["甲,乙,丙,丁（万元）,戊", *lines]))
    kinds = {c.label: c.type for c in table_of(path).columns}
    assert kinds == {
        "甲": "identifier",
        "乙": "identifier",
        "丙": "identifier",
        "丁（万元）": "amount",
        "戊": "integer",
    }
    assert "59 of 59 turned into floats" in column(path, "丙").why
    assert column(path, "丁（万元）").unit == "万元"


def test_the_data_outweigh_the_header(tmp_path: Path) -> None:
    lines = [f"暂缓{i},{n}" for i, n in enumerate(PEOPLE[:50])]
    path = written(tmp_path, "\n".join(["成立日期,证件号码", *lines]))
    assert column(path, "成立日期").type == "text"
    assert "the header says 成立日期 (date), but 0 of 50" in column(path, "成立日期").why
    assert column(path, "证件号码").type == "citizen_id"


def test_empty_cells_and_words_for_nothing_are_apart(tmp_path: Path) -> None:
    path = written(tmp_path, "名称,电话\n甲公司,\n乙公司,暂无\n丙公司,13800138000\n丁公司,\\N\n")
    found = column(path, "电话")
    assert (found.nonempty, found.empty, found.nulls, found.usable, found.distinct) == (1, 1, 2, 1, 1)


def test_a_pair_is_found_where_no_column_is_a_key(tmp_path: Path) -> None:
    lines = [f"{i},9111{i % 20:014d},{2000 + i // 20},{i % 7}" for i in range(200)]
    lines += lines[:3]  # repeated whole
    table = table_of(
        written(
            tmp_path,
            "\n".join(["甲,统一社会信用代码,年度,结果", *[line.split(",", 1)[1] for line in lines]]).replace(
                "甲,", "", 1
            ),
        )
    )
    key = table.keys[0]
    assert key.labels == ("统一社会信用代码", "年度") or set(key.labels) == {"统一社会信用代码", "年度"}
    assert key.unique and (key.rows, key.repeated, key.aside) == (203, 3, 3)


def test_a_key_is_judged_by_what_it_sets_aside(tmp_path: Path) -> None:
    """Two rows of one number contradict each other; three have none."""
    lines = [f"文{i:04d},甲{i % 5}" for i in range(100)] + ["文0000,乙", ",甲0", ",甲0", ",甲1"]
    key = next(k for k in table_of(written(tmp_path, "\n".join(["文号,内容", *lines]))).keys if k.labels == ("文号",))
    assert (key.missing, key.conflicting, key.repeated, key.distinct) == (3, 2, 0, 99) and not key.unique


def test_distinct_is_exact_then_close() -> None:
    hashes = np.random.default_rng(1).integers(0, 1 << 64, 300_000, np.uint64, endpoint=False)
    few, many = Distinct(), Distinct()
    for part in np.array_split(hashes[:KEPT], 7):
        few.add(part)
        few.add(part)
    for part in np.array_split(hashes, 11):
        many.add(part)
    assert few.exact and few.count() == KEPT
    assert not many.exact and abs(many.count() - 300_000) < 3_000


def test_a_repetition_is_noticed_across_batches_and_within_the_memory_given() -> None:
    once, twice, beyond = Repeats(Budget(100)), Repeats(Budget(100)), Repeats(Budget(5))
    for part in (np.arange(4, dtype=np.uint64), np.arange(4, 8, dtype=np.uint64)):
        once.add(part)
        twice.add(part)
        beyond.add(part)
    twice.add(np.array([1], np.uint64))
    assert (once.unique(), twice.unique(), beyond.unique()) == (True, False, False)


def test_many_rows_in_bounded_batches(tmp_path: Path) -> None:
    """More rows than one batch: the counts are of all of them, though types are narrowed on the first."""
    rows = 150_000
    numbers = random.Random(3).sample(range(10**9, 2 * 10**9), rows)
    text = "\n".join(["编号,甲", *(f"X{n},{'坏' if i >= rows - 5 else i}" for i, n in enumerate(numbers))])
    table = table_of(written(tmp_path, text))
    first, second = table.columns
    assert table.rows == rows and first.nonempty == rows and not first.exact
    assert abs(first.distinct - rows) < 0.02 * rows
    assert table.keys[0].labels == ("编号",) and table.keys[0].rows == rows, "unique over all rows, not over a sample"
    assert (second.type, second.usable) == ("integer", rows - 5)


@pytest.mark.parametrize(
    ("label", "name", "item_type", "unit"),
    [
        ("统一社会信用代码", "uscc", "uscc", None),
        ("行政相对人代码_1 (统一社会信用代码)", "party_code_uscc", "uscc", None),
        ("处罚决定日期", "penalty_date", "date", None),
        ("本月应缴金额", "this_month_payable_amount", "amount", None),
        ("注册资本（万元）", "reg_capital", "amount", "万元"),
        ("法定代表人证件号码", "legal_rep_cert_no", "identifier", None),
        ("ＸＹＺ奇怪的", None, None, None),
        ("Start Date", "start_date", None, None),
    ],
)
def test_words_of_headers(label: str, name: str | None, item_type: str | None, unit: str | None) -> None:
    found = words.hint(label)
    assert (found.name, found.type, found.unit) == (name, item_type, unit)


def test_self_describing_rows(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"代码": ["001", "002"], "a": ["x", "y"]}), tmp_path / "t.parquet")
    table = table_of(tmp_path / "t.parquet")
    assert [c.label for c in table.columns] == ["代码", "a"] and table.rows == 2
    path = written(tmp_path, '{"甲": "1"}\n{"甲": "2", "乙": null}\n', "t.jsonl")
    assert [c.label for c in table_of(path).columns] == ["甲", "乙"]


def test_columns_that_differ_in_case_only_keep_their_own_values(tmp_path: Path) -> None:
    path = written(tmp_path, "Code,code,CODE\n" + "\n".join(f"A{i},B{i},C{i}" for i in range(5)))
    assert [c.samples[0] for c in table_of(path).columns] == ["A0", "B0", "C0"]


def test_what_is_no_table_is_refused_in_words(tmp_path: Path) -> None:
    for name, content in (("a.csv", b""), ("b.csv", b"%PDF-1.7 ..."), ("c.csv", b"\n \n")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ReadError):
            inspect(tmp_path / name)


def test_the_json_is_stable(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["inspect", str(people(tmp_path)), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert list(found) == [
        "file", "size", "format", "container", "member", "named_right", "encoding", "sheets", "tables",
    ]  # fmt: skip
    (table,) = found["tables"]
    assert {"form", "rows", "rejected", "blank", "preamble", "physical", "accounted", "columns", "keys"} <= set(table)
    assert {"position", "label", "type", "why", "distinct", "samples", "sensitivity"} <= set(table["columns"][0])


def test_progress_is_told_only_when_it_takes_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from shuyuan.cli import survey

    path = people(tmp_path)
    survey.inspect(path, as_json=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(survey, "QUIET", 0.0)
    survey.inspect(path, as_json=True)
    captured = capsys.readouterr()
    assert "rows of table.csv" in captured.err and json.loads(io.StringIO(captured.out).read())
