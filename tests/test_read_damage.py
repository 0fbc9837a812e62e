"""Whatever the bytes: a result in which every row is accounted for, or a refusal with a way out. Never another exception."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import hypothesis.strategies as st
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import event, given, settings

from shuyuan.reader.errors import ReadError
from shuyuan.reader.read import Column, read

COLUMNS = (Column("name", ("姓名",)), Column("value", ("值",)), Column("note", ("备注",), required=False))
CSV = '某局名单\r\n姓名,值,备注\r\n张三,1,"a\r\nb"\r\n李四,2,好\r\n'.encode("gb18030")
JSONL = '{"姓名": "张三", "值": [1, 2.5]}\n{"姓名": "李四", "值": null}\n'.encode()


def xlsx() -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    for row in (["姓名", "值"], ["张三", 1.5], ["李四", "好"]):
        book.active.append(row)
    book.save(buffer)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"姓名": ["张三", "李四"], "值": [1, None]}), buffer)
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", CSV)
    return buffer.getvalue()


WHOLE = {
    "csv": CSV,
    "utf-16": CSV.decode("gb18030").encode("utf-16"),
    "jsonl": JSONL,
    "xlsx": xlsx(),
    "parquet": parquet(),
    "zip": zipped(),
    "gz": gzip.compress(CSV),
}
HURT = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage") / "a.csv"


def survive(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        result = read(path, COLUMNS)
    except ReadError as refusal:
        event(refusal.code)
        assert "Way out" in str(refusal)
        str(refusal).encode()
    else:
        event("read")
        for reject in result.rejects:
            f"{reject.raw}{reject.value}{reject.message}".encode()
        result.table.validate(full=True)


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=150, deadline=None)
@given(hurt=HURT)
def test_flipped_bytes(path: Path, kind: str, hurt: list[tuple[float, int]]) -> None:
    data = bytearray(WHOLE[kind])
    for place, byte in hurt:
        data[int(place * len(data))] = byte
    survive(path, bytes(data))


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 1))
def test_torn_files(path: Path, kind: str, cut: float) -> None:
    survive(path, WHOLE[kind][: int(cut * len(WHOLE[kind]))])


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", "姓名,值\n".encode(), b"\xff\xfe", b"\xef\xbb\xbf", b"{", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
    ),
)
def test_any_bytes(path: Path, tail: bytes, head: bytes) -> None:
    survive(path, head + tail)
