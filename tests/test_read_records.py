"""Reading JSON lines and Parquet: keys are headers, values come as text."""

from __future__ import annotations

import datetime as dt
import decimal
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shuyuan.reader.errors import (
    AmbiguousColumn,
    Bomb,
    CorruptFile,
    HeaderNotFound,
    MissingColumn,
    ReadError,
    WrongEncoding,
)
from shuyuan.reader.read import Column, Form, RawRows, read
from shuyuan.reader.records import objects, records
from shuyuan.reader.rows import Contract
from shuyuan.reader.texts import text

COLUMNS = (Column("name", ("姓名", "名称")), Column("value", ("值",)), Column("note", ("备注",), required=False))


def jsonl(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows(result: RawRows) -> list[tuple[object, ...]]:
    return [tuple(r.values()) for r in result.table.to_pylist()]


def test_jsonl_values_as_text(tmp_path: Path) -> None:
    text = (
        '{"姓名": " 张三 ", "值": 110105199003074321}\n'
        '{"值": 1.50, "姓名": "李四", "备注": {"甲": [1, 2.5, null]}}\n\n'
        '{"姓名": "王五", "值": true, "备注": ""}\n'
        '{"姓名": "赵六"}'
    )
    result = read(jsonl(tmp_path, text), COLUMNS)
    assert rows(result) == [
        (" 张三 ", "110105199003074321", None, 1),
        ("李四", "1.50", '{"甲":[1,2.5,null]}', 2),
        ("王五", "true", None, 4),
        ("赵六", None, None, 5),
    ]
    assert (result.physical, result.blank, result.preamble, result.lane) == (5, 1, 0, "jsonl")


@pytest.mark.parametrize(
    "line",
    ["[1, 2]", '"text"', "{", '{"姓名": NaN}', "{'姓名': 1}", '{"姓名":' * 100_000, '{"值": 1' + "0" * 5000 + "}"],
)
def test_bad_json(tmp_path: Path, line: str) -> None:
    result = read(jsonl(tmp_path, f'{{"姓名": "张三", "值": 1}}\n{line}\n{{"姓名": "李四", "值": 2}}\n'), COLUMNS)
    (reject,) = result.rejects
    assert (reject.line, reject.reason) == (2, "bad_json")
    assert "one object per line" in reject.message
    assert [r[3] for r in rows(result)] == [1, 3]


def test_jsonl_faults_of_single_rows(tmp_path: Path) -> None:
    good = '{"姓名": "张三", "值": 1}\n'
    bad = '{"姓名": "a\\u0000", "值": 1}\n{"姓名": "\\ud800", "值": 1}\n' + '{"姓名": "' + "x" * 1_000_001 + '"}\n'
    result = read(jsonl(tmp_path, good.encode() + bad.encode() + b'{"\xff": 1}\n' + good.encode()), COLUMNS)
    assert [r.reason for r in result.rejects] == ["nul_byte", "undecodable", "field_too_large", "undecodable"]
    assert [r[3] for r in rows(result)] == [1, 6]


def test_jsonl_contract(tmp_path: Path) -> None:
    with pytest.raises(MissingColumn, match="值"):
        read(jsonl(tmp_path, '{"姓名": "张三"}\n'), COLUMNS)
    with pytest.raises(AmbiguousColumn):
        read(jsonl(tmp_path, '{"姓名": "张三", "值": 1}\n{"名称": "李四", "值": 2}\n'), COLUMNS)
    with pytest.raises(HeaderNotFound):
        read(jsonl(tmp_path, '{"a": 1}\n'), COLUMNS)


def parquet(tmp_path: Path, table: pa.Table) -> Path:
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    return tmp_path / "a.parquet"


def test_parquet_text_and_rejects(tmp_path: Path) -> None:
    names = [" 张三", "a\0b", "", "x" * 1_000_001, "王五"]
    table = pa.table({"值": ["007", "1", "2", "3", None], "姓名": names, "多": [1, 2, 3, 4, 5]})
    result = read(parquet(tmp_path, table), COLUMNS)
    assert rows(result) == [(" 张三", "007", None, 1), (None, "2", None, 3), ("王五", None, None, 5)]
    assert [(r.line, r.reason, r.column) for r in result.rejects] == [
        (2, "nul_byte", "name"),
        (4, "field_too_large", "name"),
    ]
    assert (result.physical, result.lane) == (5, "parquet")
    assert {n.kind for n in result.notes} == {"missing_column", "extra_column", "reordered"}


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (pa.array([110105199003074321], pa.int64()), "110105199003074321"),
        (pa.array([7.0]), "7"),
        (pa.array([0.1]), "0.1"),
        (pa.array([1.10105199003074e17]), "1.10105199003074E+17"),
        (pa.array([decimal.Decimal("12.50")]), "12.50"),
        (pa.array([dt.date(2024, 2, 29)]), "2024-02-29"),
        (pa.array([dt.datetime(2024, 2, 29, 1, 2, 3)]), "2024-02-29 01:02:03"),
        (pa.array([True]), "TRUE"),
        (pa.array(["007"]).dictionary_encode(), "007"),
        (pa.array(["007"], pa.large_string()), "007"),
        (pa.array([[1, 2]]), "[1,2]"),
        (pa.array([{"a": dt.date(2024, 2, 29)}]), '{"a":"2024-02-29"}'),
        (pa.array([None], pa.int64()), None),
    ],
)
def test_parquet_types_as_text(tmp_path: Path, array: pa.Array, text: str | None) -> None:
    result = read(parquet(tmp_path, pa.table({"姓名": ["张三"], "值": array})), COLUMNS)
    assert result.table["value"].to_pylist() == [text]


def test_parquet_integers_beyond_a_double_stay_exact(tmp_path: Path) -> None:
    table = pa.table({"姓名": ["a", "b"], "值": pa.array([9007199254740993, 10**18 + 1])})
    assert read(parquet(tmp_path, table), COLUMNS).table["value"].to_pylist() == ["9007199254740993", str(10**18 + 1)]


def test_parquet_bytes_that_are_no_text(tmp_path: Path) -> None:
    table = pa.table({"姓名": pa.array([b"\xe7\x94\xb2", b"\xff"], pa.binary()), "值": ["1", "2"]})
    with pytest.raises(WrongEncoding, match=r"line 2, column name, value 'ff'"):
        read(parquet(tmp_path, table), COLUMNS)
    assert rows(read(parquet(tmp_path, table.slice(0, 1)), COLUMNS)) == [("甲", "1", None, 1)]


def test_a_torn_parquet_file_is_corrupt(tmp_path: Path) -> None:
    path = parquet(tmp_path, pa.table({"姓名": ["a"], "值": ["1"]}))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorruptFile, match="Parquet"):
        read(path, COLUMNS)


def test_parquet_constants_and_an_empty_table(tmp_path: Path) -> None:
    empty = pa.table({"姓名": pa.array([], pa.string())})
    result = read(parquet(tmp_path, empty), COLUMNS, constants={"value": "1"})
    assert result.table.num_rows == 0
    assert "header_only" in {n.kind for n in result.notes}
    full = pa.table({"姓名": ["a"]})
    assert read(parquet(tmp_path, full), COLUMNS, constants={"value": "1"}).table["value"].to_pylist() == ["1"]


def test_parquet_comes_in_batches_and_columns_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BATCH", 100)
    size = 1_050
    table = pa.table(
        {"值": pa.array(range(size)), "多": [None] * size, "姓名": [f"人{n}" if n % 7 else "" for n in range(size)]}
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=300)
    work = records.parquet_rows(tmp_path / "a.parquet", "a.parquet", Contract(COLUMNS))
    batches = list(work.batches)
    assert len(batches) > 10
    assert max(b.num_rows for b in batches) <= 100
    whole = pa.concat_tables(batches)
    assert whole["value"].to_pylist() == [str(n) for n in range(size)]
    assert whole["_line"].to_pylist() == list(range(1, size + 1))
    assert whole["name"].null_count == 150
    assert (work.tally.physical, work.tally.blank) == (size, 0)


def test_a_parquet_group_that_unpacks_too_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = parquet(tmp_path, pa.table({"姓名": ["a" * 5_000] * 4, "值": ["1"] * 4, "多": ["b" * 90_000] * 4}))
    monkeypatch.setattr(records, "MAX_GROUP", 50_000)
    assert read(path, COLUMNS).table.num_rows == 4, "a column nobody asks for does not count"
    monkeypatch.setattr(records, "MAX_GROUP", 100)
    with pytest.raises(Bomb, match="row group"):
        read(path, COLUMNS)


def test_a_parquet_group_that_is_large_and_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever byte of the metadata is another: a refusal or a table, and this process lives, which pyarrow alone would end."""
    path = parquet(tmp_path, pa.table({"姓名": ["a", "b"], "值": ["1", "2"]}))
    whole = path.read_bytes()
    monkeypatch.setattr(records, "MAX_GROUP", 1)
    footer = int.from_bytes(whole[-8:-4], "little")
    found = Counter(_outcome(path, whole, at) for at in range(len(whole) - 8 - footer, len(whole) - 8, 7))
    assert found["group"] and found["corrupt"], found


def _outcome(path: Path, whole: bytes, at: int) -> str:
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 2]) + whole[at + 1 :])
    try:
        read(path, COLUMNS)
    except Bomb:
        return "group"
    except CorruptFile:
        return "corrupt"
    except ReadError as refusal:
        return refusal.code
    return "read"


def test_jsonl_comes_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "BLOCK", 10)
    lines = ['{"姓名": "人", "值": 1}', "", "x", '{"值": 2, "姓名": "\\udc00"}', '{"姓名": "a", "姓名": "b"}'] * 20
    path = jsonl(tmp_path, "\n".join(lines))
    work = records.jsonl_rows(text.load(path, "a.jsonl"), Contract(COLUMNS))
    tables = list(work.batches)
    assert len(tables) >= 4
    tally = work.tally
    assert (sum(t.num_rows for t in tables), tally.blank, len(tally.rejects), tally.physical) == (20, 20, 60, 100)
    assert {r.reason for r in tally.rejects} == {"bad_json", "undecodable"}


def test_a_form_names_keys_and_columns(tmp_path: Path) -> None:
    form = Form(("姓名", "值"), ())
    found = read(jsonl(tmp_path, '{"多": 1, "值": 2, "姓名": "张三"}\n'), COLUMNS[:2], form=form)
    assert rows(found) == [("张三", "2", 1)]
    other = read(parquet(tmp_path, pa.table({"多": [1], "值": [2], "姓名": ["张三"]})), COLUMNS[:2], form=form)
    assert rows(other) == [("张三", "2", 1)]


def test_objects_with_endless_new_keys_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "MAX_KEYS", 5)
    with pytest.raises(Bomb, match="different keys"):
        read(jsonl(tmp_path, "\n".join(f'{{"k{n}": 1}}' for n in range(9))), COLUMNS)
