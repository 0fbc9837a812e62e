"""The parts of an xlsx package besides its cells: which sheets there are, shared texts, and which styles are dates.

What a date is and how its serial number reads (1900, 1904, durations) is calamine's business: it is asked about the book's own styles
by way of a tiny book that holds only them and the numbers in question.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from shuyuan.reader import panics
from shuyuan.reader.books.xlsx_scan import Ints, Irregular
from shuyuan.reader.cells import no_empty, number, render

LAST_DAY = 2_958_465  # 9999-12-31
SMALL = 16 << 20  # bytes of a part that is taken whole
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ENTITY = re.compile(r"&(?:#x([0-9A-Fa-f]{1,6})|#(\d{1,7})|(lt|gt|amp|quot|apos));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_ITEM = re.compile(rb'<si>\s*<t(?: xml:space="preserve")?>([^<]*)</t>\s*</si>|<si>(.*?)</si>|<si/>', re.S)
_RUN = re.compile(rb"<rPh\b.*?</rPh>|<t(?:\s[^>]*)?>([^<]*)</t>", re.S)
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'


@dataclass(frozen=True)
class SheetPart:
    """A worksheet: its name, its part of the package, hidden or not."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True)
class Package:
    """What the workbook part says."""

    sheets: tuple[SheetPart, ...]
    shared: str | None
    styles: bytes
    date1904: bool


def package(archive: zipfile.ZipFile) -> Package:
    """Sheets, shared texts and styles by the relations of `xl/workbook.xml`. Raises Irregular."""
    book = _tree(archive, "xl/workbook.xml")
    relations = {r.get("Id"): r for r in _tree(archive, "xl/_rels/workbook.xml.rels")}
    sheets = []
    for sheet in _all(book, "sheet"):
        key = next((v for k, v in sheet.attrib.items() if k.endswith("}id")), None)
        relation = relations.get(key)
        if relation is not None and relation.get("Type", "").endswith("/worksheet"):
            hidden = sheet.get("state", "visible") != "visible"
            sheets.append(SheetPart(sheet.get("name", ""), _part(relation), hidden))
    if not {s.part for s in sheets} <= set(archive.namelist()):
        raise Irregular
    others = {r.get("Type", "").rsplit("/", 1)[-1]: _part(r) for r in relations.values()}
    properties = next(iter(_all(book, "workbookPr")), None)
    date1904 = properties is not None and properties.get("date1904", "0") in {"1", "true"}
    styles = _small(archive, others["styles"]) if others.get("styles") in archive.namelist() else b""
    shared = others.get("sharedStrings")
    return Package(tuple(sheets), shared if shared in archive.namelist() else None, styles, date1904)


def _tree(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    raw = _small(archive, part)
    if b"\0" in raw or b"<!" in raw:  # a zero byte: UTF-16, which hides a document type from this look
        raise Irregular
    try:
        return ElementTree.fromstring(raw)  # noqa: S314  no document type, so no entities of its own
    except ElementTree.ParseError as error:
        raise Irregular from error


def _small(archive: zipfile.ZipFile, part: str) -> bytes:
    if part not in archive.namelist():
        raise Irregular
    with archive.open(part) as source:
        raw = source.read(SMALL + 1)
    if len(raw) > SMALL:
        raise Irregular
    return raw


def _all(tree: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [e for e in tree.iter() if e.tag.rsplit("}", 1)[-1] == name]


def _part(relation: ElementTree.Element) -> str:
    target = relation.get("Target", "")
    return target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))


def text(raw: bytes) -> str:
    """Text as XML and the format spell it: one kind of line end, entities, `_x000D_` for what XML cannot hold. Blanks stay."""
    word = raw.decode("utf-8")
    if "\r" in word:
        word = word.replace("\r\n", "\n").replace("\r", "\n")
    if "&" in word:
        entities = word.count("&")
        word, known = _ENTITY.subn(_character, word)
        if known < entities:
            raise ValueError("an entity that is not XML's own")
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), word) if "_x" in word else word


def _character(found: re.Match[str]) -> str:
    code, number, name = found.groups()
    return chr(int(code, 16)) if code else chr(int(number)) if number else _NAMED[name]


class SharedTexts:
    """Takes the part of shared texts piece by piece; `array()` has them all, null where empty."""

    def __init__(self) -> None:
        self._rest = b""
        self._parts: list[pa.Array] = []

    def write(self, chunk: bytes, /) -> None:
        """The next piece. Raises Irregular."""
        data = self._rest + chunk
        cut = data.rfind(b"<si") if chunk else len(data)
        self._rest = data[cut:] if cut > 0 else b"" if not chunk else data
        if cut > 0:
            self._take(data[:cut])

    def array(self) -> pa.Array:
        """All texts in order. Raises Irregular."""
        self.write(b"")
        return pa.concat_arrays(self._parts) if self._parts else pa.array([], pa.string())

    def _take(self, data: bytes) -> None:
        found = _ITEM.findall(data)
        if len(found) != data.count(b"<si>") + data.count(b"<si/>") or data.count(b"<si ") or b"<!" in data:
            raise Irregular
        try:
            texts = [_rich(rich) if rich else text(plain) for plain, rich in found]
            self._parts.append(no_empty(pa.array(texts, pa.string())))
        except (ValueError, OverflowError) as error:
            raise Irregular from error


def _rich(raw: bytes) -> str:
    """The runs of a rich text one after the other; phonetic readings are no part of it."""
    return "".join(text(run) for run in _RUN.findall(raw))


class Dates:
    """Which styles of a book are dates, and their numbers as text."""

    def __init__(self, package: Package) -> None:
        self._styles, self._date1904 = package.styles, package.date1904
        self._known: dict[tuple[int, str], str] = {}
        self._days: dict[int, tuple[npt.NDArray[np.int32], pa.Array]] = {}

    def kinds(self) -> list[bool]:
        """Per style: does calamine read its numbers as dates, times or durations? Raises Irregular."""
        if b"\0" in self._styles or b"<!" in self._styles:
            raise Irregular
        formats = re.search(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", self._styles, re.S)
        number = len(re.findall(rb"<(?:\w+:)?xf[\s/>]", formats[0])) if formats else 0
        return [type(v) is not float for v in self._ask([(s, "1.5") for s in range(number)])]

    def spell(self, style: int, words: Sequence[str]) -> list[str]:
        """Numbers of that style as text. Raises Irregular."""
        missing = sorted({w for w in words if (style, w) not in self._known})
        if missing:
            self._known.update(((style, w), t) for w, t in zip(missing, self._spelled(style, missing), strict=True))
        return [self._known[style, w] for w in words]

    def _spelled(self, style: int, words: Sequence[str]) -> list[str]:
        """As dates; a number that no calendar reaches stays a number."""
        try:
            return list(map(render, self._ask([(style, w) for w in words])))
        except (OverflowError, ValueError):
            if len(words) == 1:
                return [number(float(words[0]))]
            half = len(words) // 2
            return self._spelled(style, words[:half]) + self._spelled(style, words[half:])

    def days(self, style: int, days: Ints) -> pa.Array:
        """Whole numbers of that style, none above LAST_DAY, as text: each different one is asked once in a book. Raises Irregular."""
        fresh = (np.full(LAST_DAY + 1, -1, np.int32), pa.array([], pa.string()))
        place, texts = self._days.setdefault(style, fresh)
        missing = np.unique(days[place[days] < 0])
        if len(missing):
            place[missing] = np.arange(len(texts), len(texts) + len(missing))
            words = self.spell(style, list(map(str, missing.tolist())))
            texts = pa.concat_arrays([texts, pa.array(words, pa.string())])
            self._days[style] = (place, texts)
        return texts.take(pa.array(place[days]))

    def _ask(self, cells: Sequence[tuple[int, str]]) -> list[object]:
        if not cells:
            return []
        rows = "".join(f'<row r="{n}"><c r="A{n}" s="{s}"><v>{w}</v></c></row>' for n, (s, w) in enumerate(cells, 1))
        try:
            with panics.as_errors():
                sheet = CalamineWorkbook.from_filelike(self._book(rows)).get_sheet_by_index(0)
        except CalamineError as error:
            raise Irregular from error
        values = [v for (v,) in sheet.iter_rows()]
        if len(values) != len(cells):
            raise Irregular
        return values

    def _book(self, rows: str) -> io.BytesIO:
        parts = {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": f'<Relationships {_PACKAGE}><Relationship Id="a" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
            "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><workbookPr date1904="{int(self._date1904)}"/>'
            '<sheets><sheet name="a" sheetId="1" r:id="a"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships {_PACKAGE}><Relationship Id="a" Type="{_OFFICE}/worksheet" Target="a.xml"/>'
            f'<Relationship Id="b" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
            "xl/a.xml": f"<worksheet {_MAIN}><sheetData>{rows}</sheetData></worksheet>",
        }
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
            archive.writestr("xl/styles.xml", self._styles)
        out.seek(0)
        return out
