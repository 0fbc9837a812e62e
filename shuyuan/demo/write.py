"""Rows to bytes: the delivery file of a feed in its format and encoding, and its control file.

Belongs here: CSV, JSON lines, Parquet and xlsx as departments write them, with damaged lines where they are planted.
Every writer gives the physical line of each row as a reader counts it, and is deterministic to the byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shuyuan.demo.draw import Ints, join
from shuyuan.demo.frame import Texts
from shuyuan.demo.workbook import write_workbook

_CHUNK = 200_000  # rows whose lines are in memory at one time
_UNDECODABLE = "\ue0ff"  # stands for two bytes that no encoding accepts until the text is encoded


@dataclass(frozen=True)
class Sheet:
    """What is written: header text → texts, in column order; damaged lines and empty lines by row position."""

    columns: dict[str, Texts]
    faults: Mapping[int, str]
    blanks: tuple[int, ...] = ()
    preamble: tuple[str, ...] = ()
    types: Mapping[str, pa.DataType] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def write_sheet(path: Path, sheet: Sheet, encoding: str | None, sheet_name: str | None) -> Ints:
    """Write by the suffix of `path`; the physical line of every row (1-based, as `intake.read` counts)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".csv":
            return _write_csv(path, sheet, encoding or "utf-8")
        case ".jsonl":
            _write_bytes(path, _json_lines(sheet), "utf-8", "\n")
            return np.arange(1, len(sheet) + 1)
        case ".parquet":
            pq.write_table(_typed(sheet), path)
            return np.arange(1, len(sheet) + 1)
        case ".xlsx":
            rows = [list(row) for row in zip(*(c.to_pylist() for c in sheet.columns.values()), strict=True)]
            write_workbook(
                path, sheet_name or "Sheet1", [*([line] for line in sheet.preamble), list(sheet.columns), *rows]
            )
            return np.arange(len(sheet)) + len(sheet.preamble) + 2
    raise ValueError(f"{path.name}: no writer for this suffix; the demo writes csv, jsonl, parquet and xlsx")


def control_of(path: Path) -> Path:
    """Where the control file of a delivery lies: `<file>.ok`."""
    return path.with_name(path.name + ".ok")


def write_control(path: Path, rows: int) -> None:
    """Write the control file: the number of data rows, that is of every row below the header but empty ones."""
    control_of(path).write_text(f"{rows}\n", encoding="ascii")


def _write_csv(path: Path, sheet: Sheet, encoding: str) -> Ints:
    end = "\r\n" if encoding.startswith("gb") else "\n"
    header = ",".join(_quoted(pa.array(list(sheet.columns), pa.string())).to_pylist())
    _write_bytes(path, _with_header(header, _csv_lines(sheet)), encoding, end)
    blanks = np.sort(np.array(sheet.blanks, np.int64))
    positions = np.arange(len(sheet))
    return positions + 2 + np.searchsorted(blanks, positions, side="right")


def _with_header(header: str, chunks: Iterator[list[str]]) -> Iterator[list[str]]:
    yield [header]
    yield from chunks


def _csv_lines(sheet: Sheet) -> Iterator[list[str]]:
    for start in range(0, len(sheet), _CHUNK):
        cells = [_quoted(column.slice(start, _CHUNK)) for column in sheet.columns.values()]
        lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="").to_pylist()
        yield _damaged(lines, sheet, start)


def _quoted(texts: Texts) -> Texts:
    """Cells that hold a delimiter, a quote or a line end in quotes; null stays null."""
    special = pc.match_substring_regex(texts, '[",\r\n]')
    if not pc.any(special).as_py():
        return texts
    return pc.if_else(special, join('"', pc.replace_substring(texts, '"', '""'), '"'), texts)


def _json_lines(sheet: Sheet) -> Iterator[list[str]]:
    for start in range(0, len(sheet), _CHUNK):
        cells = [_member(name, column.slice(start, _CHUNK)) for name, column in sheet.columns.items()]
        lines = join("{", pc.binary_join_element_wise(*cells, ","), "}").to_pylist()
        yield _damaged(lines, sheet, start)


def _member(name: str, texts: Texts) -> Texts:
    escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    return pc.if_else(texts.is_valid(), join(f'"{name}":"', escaped, '"'), f'"{name}":null')


def _damaged(lines: list[str], sheet: Sheet, start: int) -> list[str]:
    for position, fault in sheet.faults.items():
        if start <= position < start + len(lines):
            lines[position - start] = _damage(lines[position - start], fault)
    for position in sorted(sheet.blanks, reverse=True):
        if start <= position < start + len(lines):
            lines.insert(position - start, "")
    return lines


def _damage(line: str, fault: str) -> str:
    """A damaged line; the damage of a CSV line is in its second cell, which never needs quotes."""
    second = line.index(",") + 1
    match fault:
        case "ragged_row":
            return f"{line[: second + 1]},{line[second + 1 :]}"
        case "nul_byte":
            return f"{line[: second + 1]}\0{line[second + 1 :]}"
        case "stray_quote":
            return f'{line[:second]}"{line[second:]}'
        case "undecodable":
            return f"{line[: second + 1]}{_UNDECODABLE}{line[second + 1 :]}"
        case "bad_json":
            return line[: len(line) // 2]
    raise ValueError(f"no way to damage a line as `{fault}`")


def _write_bytes(path: Path, chunks: Iterator[list[str]], encoding: str, end: str) -> None:
    """Lines encoded chunk by chunk; a mark of order is written once by `utf-8-sig`."""
    plain = "utf-8" if encoding == "utf-8-sig" else encoding
    placeholder = _UNDECODABLE.encode(plain)
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf" if encoding == "utf-8-sig" else b"")
        for lines in chunks:
            text = end.join(lines) + end if lines else ""
            file.write(text.encode(plain).replace(placeholder, b"\xff\xff"))


def _typed(sheet: Sheet) -> pa.Table:
    types = sheet.types or {}
    columns = {name: pc.cast(texts, types.get(name, pa.string())) for name, texts in sheet.columns.items()}
    return pa.table(columns)
