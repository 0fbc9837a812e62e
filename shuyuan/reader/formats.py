"""What a file really is, by its content. Names lie: books named .csv are everyday."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from shuyuan.reader.errors import CorruptFile, EmptyFile, UnknownFormat

BOOKS = frozenset({"xlsx", "xlsb", "xls", "ods", "html"})  # of sheets; an html file is a book of its tables
RECORDS = frozenset({"json", "jsonl", "parquet", "dbf"})  # whose rows name their own cells
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
_DBF = frozenset(
    {0x02, 0x03, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0xCB, 0xF5, 0xFB}
)  # version bytes; dBase 7 is another
_ZIPPED = (
    ("xl/workbook.xml", "xlsx"),
    ("xl/workbook.bin", "xlsb"),
    ("word/", "docx"),
    ("ppt/", "pptx"),
    ("OFD.xml", "ofd"),
)
_MARKUP = re.compile(r"\s*<(?:!--|(?:!doctype|html|table|\?xml|meta|head|body|style|div)\b)", re.I)
_OFFICE_XML = "urn:schemas-microsoft-com:office:spreadsheet"
_SAMPLE = 1 << 20  # bytes that tell one JSON document from JSON lines, and a page from a table
_WAY_OUT = {
    "html or xml": "open it in a spreadsheet program and save it as xlsx",
    "an XML spreadsheet (SpreadsheetML 2003)": "open it in a spreadsheet program and save it as xlsx",
    "docx": "copy the table into a spreadsheet and save it as xlsx",
    "tar": "deliver the one table in it, as it is or in a zip",
}
_SUFFIXES = {
    "csv": {".csv", ".txt", ".tsv", ".dat", ".tab"},
    "jsonl": {".jsonl", ".ndjson", ".json"},
    "html": {".html", ".htm"},
    "parquet": {".parquet", ".pq"},
    "gz": {".gz"},
}


def detect(path: Path, file: str) -> str:
    """One of csv (any delimited or fixed-width text), json, jsonl, parquet, dbf, xlsx, xlsb, ods, xls, html, zip, gz.

    Raises EmptyFile, UnknownFormat, CorruptFile.
    """
    with path.open("rb") as handle:
        head = handle.read(_SAMPLE)
    if not head:
        raise EmptyFile(file, "the file has no bytes", "deliver the file again", line=1)
    kind = _by_magic(path, file, head) or _text_kind(head)
    if kind in BOOKS | ARCHIVES | RECORDS | {"csv"}:
        return kind
    raise UnknownFormat(
        file,
        f"the content is {kind}, which is not read as a table",
        _WAY_OUT.get(kind, "deliver the table as csv, xlsx, xls, ods, json, dbf or parquet"),
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
    if _is_dbf(head):
        return "dbf"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def _is_dbf(head: bytes) -> bool:
    """A dBase header: its fields end with a carriage return, and together they are as wide as its record."""
    if head[0] not in _DBF or len(head) < 65 or head[12:14] != b"\0\0":
        return False
    body, length = int.from_bytes(head[8:10], "little"), int.from_bytes(head[10:12], "little")
    width, at = 1, 32
    while at + 32 <= min(body, len(head)) and head[at] not in (0x0D, 0):
        is_text = head[at + 11] == ord("C")
        width += head[at + 16] + (256 * head[at + 17] if is_text else 0)
        at += 32
    return at > 32 and at < body and head[at] in (0x0D, 0) and width == length


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
    text = _decoded(head).lstrip("\ufeff \t\r\n")
    if _MARKUP.match(text):
        return _markup_kind(text)
    if re.match(r'\{\s*["}]', text):
        return _json_kind(text)
    return "json" if re.match(r'\[\s*(?:[\[{"\]]|\Z)', text) else "csv"


def _decoded(head: bytes) -> str:
    """Enough of the text to tell its kind; UTF-16 also without its mark, by where the zero bytes of ASCII stand."""
    even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
    if head.startswith(b"\xff\xfe") or odd > 1 + 8 * even:
        return head.decode("utf-16-le", "replace")
    if head.startswith(b"\xfe\xff") or even > 1 + 8 * odd:
        return head.decode("utf-16-be", "replace")
    return head.decode("utf-8", "replace")


def _markup_kind(text: str) -> str:
    if _OFFICE_XML in text and "<table" not in text:
        return "an XML spreadsheet (SpreadsheetML 2003)"
    return "html" if re.search(r"<t[dh]\b.*<t[dh]\b", text, re.I | re.S) else "html or xml"


def _json_kind(text: str) -> str:
    """JSON lines hold one object per line; a document is one object over several lines, or one that wraps an array of objects."""
    first, _, rest = text.partition("\n")
    if rest.strip():
        return "jsonl" if _is_object(first) or rest.lstrip().startswith("{") else "json"
    wraps = re.search(r"\[\s*\{", first)
    return "json" if wraps and (not _is_object(first) or _wraps_rows(json.loads(first))) else "jsonl"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _wraps_rows(value: object) -> bool:
    """Is there an array of objects below nothing but objects?"""
    if isinstance(value, list):
        return any(isinstance(v, dict) for v in value)
    return isinstance(value, dict) and any(_wraps_rows(v) for v in value.values())
