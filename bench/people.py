"""Clean registers of any size for the benches: twelve columns as a social-insurance office sends them, every value valid and made up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from shuyuan.catalog.models import Delivery, Resource, ResourceItem

PIECE = 250_000
_DIVISIONS = np.array([440303, 440304, 440305, 440306, 330102, 110105])
_DAYS, _SEQUENCES = 27_000, 1_000
_ALL = len(_DIVISIONS) * _DAYS * _SEQUENCES
_STRIDE = 100_003  # coprime to _ALL: numbers come unsorted and none comes twice
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", np.uint8)
_ITEMS = (
    ("id_no", "公民身份号码", "citizen_id", None),
    ("name", "姓名", "person_name", None),
    ("sex", "性别", "code", "sex"),
    ("ethnic", "民族", "code", "ethnic"),
    ("birth_date", "出生日期", "date", None),
    ("division", "户籍区划", "division", None),
    ("address", "居住地址", "address", None),
    ("mobile", "联系电话", "phone", None),
    ("employer", "单位统一社会信用代码", "uscc", None),
    ("insured_from", "参保日期", "date", None),
    ("base", "缴费基数", "amount", None),
    ("marital", "婚姻状况", "code", "marital"),
)
Numbers = npt.NDArray[np.int64]


def resource() -> Resource:
    """The contract of the register."""
    own: dict[str, Any] = {"sensitivity": "personal"}
    items = tuple(ResourceItem(name=n, label=label, type=kind, codes=codes, **own) for n, label, kind, codes in _ITEMS)  # type: ignore[arg-type]
    return Resource(
        id="bench.insured", title="参保", title_en="Insured", classification="1", key=("id_no",), update_cycle="daily",
        delivery=Delivery(pattern="insured_{date}.csv"), items=items,
    )  # fmt: skip


def write(path: Path, people: int, encoding: str = "utf-8", stray: int = 0, first: int = 0, wrong: float = 0) -> None:
    """Write a CSV of the persons from number `first` on, each as every other file tells them.

    Every `stray`-th row has a quote that is not closed; `wrong` of the values are another person's, the number and what follows from it apart.
    """
    with path.open("wb") as out:
        for table in pieces(first, people):
            part = _csv(_confused(table, wrong, path.name) if wrong else table, header=out.tell() == 0)
            if stray:
                lines = part.split(b"\n")
                lines[5:-1:stray] = [b'"' + line for line in lines[5:-1:stray]]
                part = b"\n".join(lines)
            out.write(part if encoding == "utf-8" else part.decode().encode(encoding))


def pieces(first: int, people: int) -> Iterator[pa.Table]:
    """The persons from number `first` on, a piece at a time. A person is the same in every piece: values are drawn for whole pieces only."""
    for start in range(first // PIECE * PIECE, first + people, PIECE):
        begin, end = max(first, start), min(first + people, start + PIECE)
        yield register(start, PIECE).slice(begin - start, end - begin)


def _confused(table: pa.Table, wrong: float, salt: str) -> pa.Table:
    rng = np.random.default_rng([*salt.encode()])
    for at, (name, label, _, _) in enumerate(_ITEMS):
        if name not in ("id_no", "birth_date"):
            index = np.arange(len(table))
            index[rng.random(len(table)) < wrong] += 1
            table = table.set_column(at, label, table[label].take(pa.array(index % len(table))))
    return table


def register(start: int, size: int) -> pa.Table:
    """Rows `start` to `start + size` of the endless register, all text."""
    rng = np.random.default_rng(start)
    ids, born = _citizens(start, size)
    amounts = pc.cast(pa.array(rng.integers(200_000, 5_000_000, size)), pa.string())
    since = np.datetime64("2005-01-01") + rng.integers(0, 7_800, size).astype("timedelta64[D]")
    base = pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(amounts, 0, -2), pc.utf8_slice_codeunits(amounts, -2), "."
    )
    columns = [
        ids, _names(rng, size), _pick(rng, ["1", "2"], size), _pick(rng, ["01", "02", "03", "11"], size), _dates(born),
        _pick(rng, ["440303", "440304", "440305", "440306"], size), _addresses(rng, size),
        pc.cast(pa.array(rng.integers(13_000_000_000, 19_900_000_000, size)), pa.string()), _employers(rng, size),
        _dates(since), base, _pick(rng, ["10", "20", "30", "40"], size),
    ]  # fmt: skip
    return pa.table(columns, names=[label for _, label, _, _ in _ITEMS])


def _csv(table: pa.Table, *, header: bool) -> bytes:
    sink = pa.BufferOutputStream()
    pacsv.write_csv(table, sink, pacsv.WriteOptions(include_header=header, quoting_style="none"))
    return sink.getvalue().to_pybytes()


def _citizens(start: int, size: int) -> tuple[pa.Array, npt.NDArray[np.datetime64]]:
    serial = (np.arange(start, start + size, dtype=np.int64) * _STRIDE) % _ALL
    place, rest = np.divmod(serial, _DAYS * _SEQUENCES)
    day, sequence = np.divmod(rest, _SEQUENCES)
    born = np.datetime64("1945-01-01") + day.astype("timedelta64[D]")
    stamp = pa.array(born).cast(pa.string()).to_pandas().str.replace("-", "").astype(np.int64).to_numpy()
    number = _DIVISIONS[place] * 10**11 + stamp * 10**3 + sequence
    digits = number[:, None] // 10 ** np.arange(16, -1, -1, dtype=np.int64) % 10
    check = np.frombuffer(b"10X98765432", np.uint8)[digits @ _WEIGHTS % 11]
    return _fixed(np.hstack([digits.astype(np.uint8) + 48, check[:, None]])), born


def _employers(rng: np.random.Generator, size: int) -> pa.Array:
    body = np.zeros((size, 18), np.int64)
    body[:, :8] = [9, 1, 4, 4, 0, 3, 0, 5]
    body[:, 8:16] = rng.integers(0, 10, (size, 8))
    inner = 11 - body[:, 8:16] @ np.array([3, 7, 9, 10, 5, 8, 4, 2]) % 11
    body[:, 16] = np.where(inner == 10, bytes(_ALPHABET).index(b"X"), inner % 11)
    body[:, 17] = (31 - body[:, :17] @ np.array([pow(3, i, 31) for i in range(17)]) % 31) % 31
    return _fixed(_ALPHABET[body])


def _fixed(rows: npt.NDArray[np.uint8]) -> pa.Array:
    size, width = rows.shape
    offsets = np.arange(0, (size + 1) * width, width, dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), size, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows))]
    )


def _pick(rng: np.random.Generator, words: list[str], size: int) -> Any:
    return pa.array(words).take(pa.array(rng.integers(0, len(words), size)))


def _dates(days: npt.NDArray[np.datetime64]) -> Any:
    return pa.array(days.astype("datetime64[D]")).cast(pa.string())


def _names(rng: np.random.Generator, size: int) -> Any:
    given = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建国文玉兰"
    return _pick(
        rng, [a + b + c for a in "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗" for b in given for c in given], size
    )


def _addresses(rng: np.random.Generator, size: int) -> Any:
    streets = ["人民路", "解放路", "中山大道", "建设街", "深南大道", "滨河路", "文锦路", "红岭中路"]
    road = _pick(rng, [f"广东省深圳市{d}区{s}" for d in ("罗湖", "福田", "南山", "宝安") for s in streets], size)
    number = pc.cast(pa.array(rng.integers(1, 3_000, size)), pa.string())
    room = pc.cast(pa.array(rng.integers(101, 3_299, size)), pa.string())
    return pc.binary_join_element_wise(road, number, "号", room, "室", "")
