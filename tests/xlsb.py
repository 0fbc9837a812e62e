"""Writes a small binary book by [MS-XLSB]: records of type, size (7-bit groups) and body."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import sheet_xml

_OFFICE = "application/vnd.ms-excel"


def record(kind: int, body: bytes = b"") -> bytes:
    return _groups(kind) + _groups(len(body)) + body


def _groups(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def row(number: int) -> bytes:
    """BrtRowHdr; rows count from 0."""
    return record(0, struct.pack("<II9xI", number, 0, 0))


def blank(column: int) -> bytes:
    return record(1, struct.pack("<II", column, 0))


def error(column: int) -> bytes:
    """BrtCellError: #N/A."""
    return record(3, struct.pack("<IIB", column, 0, 0x2A))


def real(column: int, value: float) -> bytes:
    return record(5, struct.pack("<IId", column, 0, value))


def text(column: int, value: str) -> bytes:
    """BrtCellSt: a text in the cell itself."""
    return record(6, struct.pack("<II", column, 0) + wide(value))


def book(path: Path, cells: bytes, merged: int = 0) -> Path:
    """One sheet `S`."""
    sheet = record(129) + record(148, struct.pack("<IIII", 0, 0, 0, 0)) + record(145) + cells + record(146)
    sheet += record(176, struct.pack("<IIII", 1, 2, 0, 0)) * merged + record(130)
    bundle = record(156, struct.pack("<II", 0, 1) + wide("r0") + wide("S"))
    workbook = (
        record(131) + record(153, struct.pack("<III", 0, 0, 0)) + record(143) + bundle + record(144) + record(132)
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        )
        archive.writestr("_rels/.rels", sheet_xml.relations(("officeDocument", "xl/workbook.bin")))
        archive.writestr("xl/workbook.bin", workbook)
        archive.writestr("xl/_rels/workbook.bin.rels", sheet_xml.relations(("worksheet", "worksheets/sheet1.bin")))
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return path
