"""Why a whole file cannot be read: the error tree of reading. Faults of single rows are `Reject`s, not errors.

ReadError                      file, line, column, value, what is wrong, the way out
├── UnreadableError            the bytes themselves
│   ├── EmptyFile              nothing in it
│   ├── UnknownFormat          pdf, html, word, rar, …: not a table we read
│   ├── CorruptFile            says it is xlsx, zip, parquet, … and does not open
│   ├── WrongEncoding          text that no known encoding decodes
│   ├── Bomb                   an archive that would explode, nest, or write outside its folder
│   └── ManyMembers            an archive with more than one table (or none)
├── NotAsContractedError       a good table, but not the promised one
│   ├── HeaderNotFound         no line in the first rows carries the contract's headers
│   ├── SheetNotFound          the named sheet is not in the book
│   └── MissingColumn          a required column is not in the header
│       └── AmbiguousColumn    a column is in the header twice
└── ConservationError          physical rows and accounted rows differ: our own fault, never the department's
"""

from __future__ import annotations

from typing import ClassVar


class ReadError(ValueError):
    """A file was refused. `str()` names file, line, column, value, the problem and the way out; `code` is stable for the ledger."""

    code: ClassVar[str] = "read_error"

    def __init__(
        self,
        file: str,
        problem: str,
        way_out: str,
        *,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        self.file, self.problem, self.way_out = file, problem, way_out
        self.line, self.column, self.value = line, column, value
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        where = [self.file]
        if self.line is not None:
            where.append(f"line {self.line}")
        if self.column is not None:
            where.append(f"column {self.column}")
        if self.value is not None:
            where.append(f"value {self.value[:80]!r}")
        return f"{', '.join(where)}: {self.problem}. Way out: {self.way_out}."


class UnreadableError(ReadError):
    """The bytes cannot be turned into a table."""

    code = "unreadable"


class EmptyFile(UnreadableError):
    """No byte, or nothing but blanks."""

    code = "empty_file"


class UnknownFormat(UnreadableError):
    """The content is of a kind that is not read as a table."""

    code = "unknown_format"


class CorruptFile(UnreadableError):
    """The content starts like a known format and then breaks."""

    code = "corrupt_file"


class WrongEncoding(UnreadableError):
    """No known encoding decodes the text; the message names byte offset and line."""

    code = "wrong_encoding"


class Bomb(UnreadableError):
    """An archive is not safe to open: ratio, size, member count, nesting or a path that leaves its folder."""

    code = "bomb"


class ManyMembers(UnreadableError):
    """An archive does not hold exactly one table."""

    code = "many_members"


class NotAsContractedError(ReadError):
    """The table is readable but is not the one the contract promises."""

    code = "not_as_contracted"


class HeaderNotFound(NotAsContractedError):
    """No line carries enough of the expected headers; the message names the missing ones."""

    code = "header_not_found"


class SheetNotFound(NotAsContractedError):
    """The contract names a sheet the book does not have."""

    code = "sheet_not_found"


class MissingColumn(NotAsContractedError):
    """A required column is not in the header."""

    code = "missing_column"


class AmbiguousColumn(MissingColumn):
    """A contract column is claimed by two header cells, so neither can be trusted."""

    code = "ambiguous_column"


class ConservationError(ReadError):
    """`physical` differs from loaded + rejected + blank + preamble: a row would be lost or doubled."""

    code = "conservation"
