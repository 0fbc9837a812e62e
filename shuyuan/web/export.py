"""Tables as CSV for a spreadsheet: UTF-8 with a byte order mark, and no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence

from fastapi import Response

from shuyuan.web.desk import Row

MOST = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> object:
    """A value as it goes into a cell; text that begins like a formula gets an apostrophe in front (CSV injection)."""
    if isinstance(value, list | tuple):
        value = " ".join(str(one) for one in value)
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def to_csv(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Header and rows, CRLF, quoted where needed (RFC 4180)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([cell(row[name]) for name in columns] for row in rows)
    return buffer.getvalue()


def download(name: str, columns: Sequence[str], rows: Sequence[Row]) -> Response:
    """The answer that a browser saves as `<name>.csv`; at most `MOST` rows, and a header that says whether there were more."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    if len(rows) > MOST:
        headers["X-Truncated"] = str(MOST)
    text = to_csv(columns, rows[:MOST])
    return Response(("\ufeff" + text).encode(), media_type="text/csv; charset=utf-8", headers=headers)
