"""How a resource's files are called, what accompanies them, and where they are fetched from.

Belongs here: what `delivery:` of a resource may say. Does not belong here: fetching (`intake.collect`), receiving (`intake.receive`), and
addresses or passwords: those are in the connection that a connector names, never in the catalog.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shuyuan.catalog.declared import Declared, Identifier

WILD = re.compile(r"[*?]|\{part\}")
Number = Annotated[int, Field(ge=1)]


class Connector(Declared):
    """Base of all connectors. `connection`: name of an Airflow connection, or of the variable SHUYUAN_CONNECTION_<NAME> by hand.

    `limit`: the most that is fetched of one delivery, in MB (10^6 bytes). `timeout`: seconds without an answer after which a try is given up.
    """

    connection: Identifier
    limit: Number = 4_000
    timeout: Number = 60


class FileConnector(Connector):
    """Base of the connectors that fetch files as they lie. `{date}` in `folder` is the business date as CCYYMMDD.

    `back`: how many days before the business date a correction is still looked for. `settle`: seconds for which a file must have
    rested before it is fetched, as it may still be growing; with a control file, which comes last, it need not.
    """

    folder: str = "."
    back: int = Field(31, ge=0)
    settle: int = Field(60, ge=0)


class SftpConnector(FileConnector):
    """Files in a folder of an SFTP server."""

    kind: Literal["sftp"]


class HttpConnector(FileConnector):
    """Files below a web address. `index: true`: `folder` answers with a page of links; otherwise the name is `pattern` with the date in it."""

    kind: Literal["http"]
    index: bool = False


class DatabaseConnector(Connector):
    """A table or view of the department's database, `table` or `schema.table`, read in pages of `page` rows in the order of `key`.

    `key`: its columns that together are unique and never null. `day`: its column that says of which business date a row is; without one
    the table is the register as it stands now.
    """

    kind: Literal["database"]
    table: str
    key: tuple[str, ...] = Field(min_length=1)
    day: str | None = None
    page: Number = 10_000


class Paging(Declared):
    """How an API hands out its pages.

    by `page`: a number in the query `param`, from `first` on. by `cursor`: what stands `at` in a reply goes into `param` of the next request.
    by `link`: the next page's address stands `at` in the reply, or in its Link header. `size` goes into the query `size_param`, if there is one.
    """

    by: Literal["page", "cursor", "link"]
    param: str = "page"
    first: int = 1
    size_param: str | None = None
    size: Number = 500
    at: str | None = None

    @model_validator(mode="after")
    def _cursor_says_where(self) -> Self:
        if self.by == "cursor" and not self.at:
            raise ValueError(
                "paging by cursor needs `at`: where in a reply the next cursor stands, such as `data.next`"
            )
        return self


class ApiConnector(Connector):
    """An interface that answers with JSON. `{date}` (CCYYMMDD) and `{iso_date}` (CCYY-MM-DD) in `path` and `query` are the business date.

    `rows`, `total`: where in a reply the rows and their total stand, such as `data.list`; no `rows`: the reply is the list itself.
    """

    kind: Literal["api"]
    path: str = ""
    query: dict[str, str] = Field(default_factory=dict)
    rows: str | None = None
    total: str | None = None
    paging: Paging | None = None

    @property
    def dated(self) -> bool:
        """Whether the business date is part of the question; otherwise the answer is the register as it stands now."""
        return any("date}" in text for text in (self.path, *self.query.values()))


AnyConnector = Annotated[SftpConnector | HttpConnector | DatabaseConnector | ApiConnector, Field(discriminator="kind")]


class Delivery(Declared):
    """How files arrive in the department's inbox. `{date}` in `pattern` is the business date as CCYYMMDD.

    mode `full`: every delivery is the whole register; `change`: rows carry I/U/D in the column whose header is `op`.
    `control`: a `<file>.ok` with the data row count must accompany every file. `manifest`: one control file for the whole delivery is called so.
    `parts`: the delivery comes in so many files, numbered by `{part}` in `pattern`; without `{part}` they are the members of one zip, where
    `any` number will do. With a manifest that lists the files `parts` need not be said.
    `connector`: where the files are fetched from; without one the department drops them. The other fields are hints for the reader;
    `header_row: 0` says that there is no header: items are then labelled `column_1`, `column_2`, … by their place.
    """

    pattern: str
    mode: Literal["full", "change"] = "full"
    op: str | None = None
    control: bool = False
    manifest: str | None = None
    parts: Number | Literal["any"] | None = None
    connector: AnyConnector | None = None
    encoding: str | None = None
    sheet: str | None = None
    header_row: int | None = None

    @property
    def numbered(self) -> bool:
        """Whether a delivery is several files, told apart by a number in their names."""
        return "{part}" in self.pattern

    @model_validator(mode="after")
    def _change_needs_op(self) -> Self:
        if self.mode == "change" and not self.op:
            raise ValueError("a change delivery needs `op`: the header of its I/U/D column")
        return self

    @model_validator(mode="after")
    def _parts_can_be_counted(self) -> Self:
        if self.numbered and not (isinstance(self.parts, int) or self.manifest):
            raise ValueError(
                "`{part}` in `pattern` needs `parts`, their number, or `manifest`, the control file that lists them"
            )
        if self.manifest and not self.numbered:
            raise ValueError(
                "`manifest` is for deliveries in parts: say `{part}` in `pattern`, or `control: true` for one file"
            )
        return self

    @model_validator(mode="after")
    def _one_name_for_what_is_made(self) -> Self:
        guessed = isinstance(self.connector, DatabaseConnector | ApiConnector) or (
            isinstance(self.connector, HttpConnector) and not self.connector.index
        )
        if guessed and WILD.search(self.pattern):
            raise ValueError("`pattern` must name exactly one file for this connector: no `*`, `?` or `{part}`")
        return self
