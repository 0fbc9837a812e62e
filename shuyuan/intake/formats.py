"""What a file really is, by its content. Names lie: books named .csv are everyday."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from shuyuan.intake.errors import CorruptFile, EmptyFile, UnknownFormat

BOOKS = frozenset({"xlsx", "xlsb", "xls", "ods"})
ARCHIVES = frozenset({"zip", "gz"})
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC = (
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "gz"),
    (b"%PDF", "pdf"),
    (b"%!PS", "postscript"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"SQLite format 3", "sqlite"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"{\\rtf", "rtf"),
)
_ZIPPED = (
    ("xl/workbook.xml", "xlsx"),
    ("xl/workbook.bin", "xlsb"),
    ("word/", "docx"),
    ("ppt/", "pptx"),
    ("OFD.xml", "ofd"),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|table|\?xml|meta|head|body)\b", re.I)
_WAY_OUT = {
    "html": "open it in a spreadsheet program and save it as xlsx",
    "json": "write one JSON object per line (jsonl)",
    "docx": "copy the table into a spreadsheet and save it as xlsx",
    "tar": "deliver the one table in it, as it is or in a zip",
}
_SUFFIXES = {
    "csv": {".csv", ".txt", ".tsv", ".dat", ".tab"},
    "jsonl": {".jsonl", ".ndjson", ".json"},
    "parquet": {".parquet", ".pq"},
    "gz": {".gz"},
}


def detect(path: Path, file: str) -> str:
    """One of csv, jsonl, parquet, xlsx, xlsb, ods, xls, zip, gz. Raises EmptyFile, UnknownFormat, CorruptFile."""
    with path.open("rb") as handle:
        head = handle.read(4096)
    if not head:
        raise EmptyFile(file, "the file has no bytes", "deliver the file again", line=1)
    kind = _by_magic(path, file, head) or _text_kind(head)
    if kind in BOOKS | ARCHIVES | {"csv", "jsonl", "parquet"}:
        return kind
    raise UnknownFormat(
        file,
        f"the content is {kind}, which is not read as a table",
        _WAY_OUT.get(kind, "deliver the table as csv, xlsx, xls, jsonl or parquet"),
        line=1,
        value=head[:16].hex(" "),
    )


def suits_name(kind: str, name: str) -> bool:
    """Does the file's name say what the content is?"""
    return Path(name).suffix.lower() in _SUFFIXES.get(kind, {f".{kind}"})


def _by_magic(path: Path, file: str, head: bytes) -> str | None:
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zipped(path, file)
    if head.startswith(_OLE):
        return _compound(path)
    if head[257:262] == b"ustar":
        return "tar"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def _zipped(path: Path, file: str) -> str:
    """xlsx, ods and docx are zips with known members; anything else is an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:10_000]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CorruptFile(
            file, f"it starts like a zip and does not open ({error})", "deliver the file again"
        ) from error
    for marker, kind in _ZIPPED:
        if any(n.startswith(marker) for n in names):
            return kind
    return "ods" if {"mimetype", "content.xml"} <= set(names) else "zip"


def _compound(path: Path) -> str:
    """An OLE container: its directory names the streams in UTF-16."""
    data = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data:
        return "a password-protected book"
    if any(n.encode("utf-16-le") + b"\0\0" in data for n in ("Workbook", "Book")):
        return "xls"
    return "doc"


def _text_kind(head: bytes) -> str:
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _MARKUP.match(plain):
        return "html"
    if re.match(rb'\{\s*(?:"|\}\s*$)', plain):
        return "jsonl"
    return "json" if re.match(rb'\[\s*(?:\{|\[|")', plain) else "csv"
