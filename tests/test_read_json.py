"""JSON documents: the one array of objects, wherever it lies, element by element."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from shuyuan.reader.errors import CorruptFile, EmptyFile, MissingColumn, UnknownFormat
from shuyuan.reader.read import Column, Form, RawRows, read
from shuyuan.reader.records import json_rows
from shuyuan.reader.texts import text

COLUMNS = (Column("name", ("姓名",)), Column("value", ("值",)), Column("note", ("备注",), required=False))
ROWS = [{"姓名": "张三", "值": 1}, {"姓名": "李四", "值": 2, "备注": "好"}]


def document(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "a.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(result: RawRows) -> list[tuple[object, ...]]:
    return [tuple(r.values()) for r in result.table.to_pylist()]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrap",
    [lambda r: r, lambda r: {"code": 0, "data": r}, lambda r: {"a": [1, [2]], "result": {"list": r, "n": [{}] and 2}}],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_array_wherever_it_lies(tmp_path: Path, wrap: Any, indent: int | None, encoding: str) -> None:
    content = json.dumps(wrap(ROWS), ensure_ascii=False, indent=indent).encode(encoding)
    result = read(document(tmp_path, content), COLUMNS)
    assert rows(result) == [("张三", "1", None, 1), ("李四", "2", "好", 2)]
    assert (result.physical, result.format, result.lane) == (2, "json", "json")


def test_numbers_keep_their_spelling_and_nested_values_stay_json(tmp_path: Path) -> None:
    content = (
        '[{"姓名": {"甲": [1, null]}, "值": 1.50}, {"姓名": true, "值": 110105199003074321}, {"姓名": null, "值": 1E5}]'
    )
    assert [r[:2] for r in rows(read(document(tmp_path, content), COLUMNS))] == [
        ('{"甲":[1,null]}', "1.50"),
        ("true", "110105199003074321"),
        (None, "1E5"),
    ]


def test_a_damaged_element_costs_only_itself(tmp_path: Path) -> None:
    bad = [
        '{"姓名": NaN}',
        "7",
        '"x"',
        "{'姓名': 1}",
        '{"姓名": "a", "姓名": "b"}',
        '{"姓名": "\\ud800"}',
        '{"姓名": "a\\u0000"}',
    ]
    content = "[" + ",\n".join(['{"姓名": "张三", "值": 1}', *bad, '{"姓名": "李四", "值": 2}', "{}"]) + "]"
    result = read(document(tmp_path, content), COLUMNS)
    assert [r[3] for r in rows(result)] == [1, 9]
    assert [(r.line, r.reason) for r in result.rejects] == [
        *((n, "bad_json") for n in range(2, 7)), (7, "undecodable"), (8, "nul_byte"),
    ]  # fmt: skip
    assert (result.physical, result.blank) == (10, 1)
    assert "twice" in result.rejects[4].message


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ('{"a": [{"x": 1}], "b": {"c": [{"y": 2}]}}', UnknownFormat, "2 arrays of objects in it .a、c."),
        ('{"a": [1, 2],\n "b": []}', EmptyFile, "no array of objects"),
        ("[]", EmptyFile, "no array of objects"),
        ('[["姓名"], ["张三"]]', EmptyFile, "no array of objects"),
        ('[{"姓名": "张三", "值": 1}, {"姓名": "李', CorruptFile, "leaves a string open"),
        ('[{"姓名": "张三", "值": 1}, {"姓名": 1', CorruptFile, "leaves 2 brackets open"),
        ('[{"姓名": "张三", "值": 1}]]', CorruptFile, "never opened"),
        ('[{"姓名": "张三"}]', MissingColumn, "值"),
    ],
)
def test_refusals(tmp_path: Path, content: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read(document(tmp_path, content), COLUMNS)


def test_a_form_names_the_keys(tmp_path: Path) -> None:
    content = json.dumps([{"多": 9, **r} for r in ROWS])
    result = read(document(tmp_path, content), COLUMNS[:2], form=Form(("姓名", "值"), ()))
    assert [r[:2] for r in rows(result)] == [("张三", "1"), ("李四", "2")]
    assert (result.physical, result.preamble) == (2, 0)


@pytest.mark.parametrize("chunk", [7, 64, 1 << 20])
def test_brackets_in_strings_and_escapes_do_not_mislead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(json_rows, "CHUNK", chunk)
    chance = random.Random(chunk)

    def value(depth: int = 0) -> Any:
        kind = chance.randrange(8 if depth < 3 else 5)
        if kind >= 6:
            return {chance.choice(["a", "b", '"', "["]): value(depth + 1) for _ in range(chance.randrange(3))}
        if kind == 5:
            return [value(depth + 1) for _ in range(chance.randrange(3))]
        return chance.choice(['a"b', "\\", "[{", "},{", '\\\\"', "张三", "", ", ]", 7, None, 0.5, True])

    for _ in range(60):
        made = [{"姓名": f"n{n}", "x": value()} for n in range(chance.randrange(1, 6))]
        wrapped = chance.choice([made, {"m": [1, [3]], "data": made}])
        content = json.dumps(wrapped, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1]))
        source = text.load(document(tmp_path, content), "a.json")
        array = json_rows.the_array(source)
        assert [json.loads(raw) for _, raw in json_rows.elements(source.data, array.start)] == made
        assert array.size == len(made)
