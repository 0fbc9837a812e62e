"""One look at a file: what it is, and every table in it with its columns, measured in one pass over the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from shuyuan import settings
from shuyuan.lake import duck
from shuyuan.reader import archives, formats
from shuyuan.reader.read import Account, Reject
from shuyuan.survey import encodings, keys, kinds, mask, sensitive, tables, words
from shuyuan.survey.books import extents
from shuyuan.survey.distinct import Budget, Hashes, Repeats, hashes
from shuyuan.survey.profile import FIRST, GLANCE, ColumnProfile
from shuyuan.survey.report import Column, Encoding, Survey, Table, Tally

BATCH = 65_536
REMEMBERED = 32 << 20  # hashes kept to prove that columns never repeat a value: 256 MB
Progress = Callable[[str], None]


def inspect(
    path: Path, *, sheet: str | None = None, as_of: date | None = None, progress: Progress | None = None
) -> Survey:
    """Look at a file nobody has described. Every row is read; memory does not grow with their number.

    `sheet`: only this sheet of a book. `as_of`: the day against which dates are judged (today). `progress` is told in words how far it is.
    Raises the errors of reading (`shuyuan.reader.errors`) for a file that holds no table.
    """
    kind = formats.detect(path, path.name)
    with archives.opened(path, kind) as (inner, member, inner_kind):
        found = tables.found(inner, inner_kind, sheet)
        say = progress or (lambda _: None)
        return Survey(
            file=path.name,
            size=path.stat().st_size,
            format=inner_kind,
            container=kind if kind in formats.ARCHIVES else None,
            member=member.partition("!")[2] or None,
            named_right=formats.suits_name(kind, path.name),
            encoding=_encoding(inner, inner_kind),
            sheets=extents(inner, inner_kind),
            tables=tuple(_measured(inner, table, as_of or settings.today(), say) for table in found),
        )


def _encoding(path: Path, kind: str) -> Encoding | None:
    return encodings.count(path) if kind not in formats.BOOKS | {"parquet", "dbf"} else None


def _measured(path: Path, found: tables.Found, as_of: date, progress: Progress) -> Table:
    with duck.connect() as connection, tables.rows(path, found) as reading:
        profile = TableProfile(found, as_of, connection)
        for batch in reading.batches():
            profile.add(batch)
            profile.refuse(reading.take_rejects())
            progress(f"{profile.rows:,} rows of {found.form.sheet or path.name}")
        account = reading.account()
        profile.refuse(account.rejects)
        return profile.table(found, account)


class TableProfile:
    """The columns of one table as its batches go by."""

    def __init__(self, found: tables.Found, as_of: date, connection: duck.Duck) -> None:
        hints = [words.hint(label) for label in found.labels]
        self._columns = [ColumnProfile(label, hint, as_of) for label, hint in zip(found.labels, hints, strict=True)]
        memory = Budget(REMEMBERED)
        self._repeats = [Repeats(memory) for _ in self._columns]
        self._first: list[Hashes] = []
        self._connection = connection
        self._rejected: Counter[str] = Counter()
        self.rows = 0

    def add(self, batch: pa.Table) -> None:
        """Take the next rows; the types are narrowed after the first of them."""
        for rows in _cut(batch.drop_columns(["_line"]), self.rows):
            self._add(rows)
            for column in self._columns if self.rows in (GLANCE, FIRST) else ():
                if self.rows == GLANCE:
                    column.glance()
                else:
                    column.narrow(kinds.guess(column).type)

    def _add(self, rows: pa.Table) -> None:
        hashed = hashes(self._connection, rows)
        for at, (column, repeats) in enumerate(zip(self._columns, self._repeats, strict=True)):
            said = column.add(rows.column(at).combine_chunks(), hashed[:, at])
            repeats.add(hashed[:, at])
            hashed[~said, at] = keys.NOTHING
        if self.rows < min(keys.ROWS, keys.CELLS // max(1, len(self._columns))):
            self._first.append(hashed)
        self.rows += rows.num_rows

    def refuse(self, rejects: Iterable[Reject]) -> None:
        """Count what could not become a row."""
        self._rejected.update(reject.reason for reject in rejects)

    def table(self, found: tables.Found, account: Account) -> Table:
        """All that was seen."""
        columns = tuple(_column(at, profile) for at, profile in enumerate(self._columns))
        columns = sensitive.together(columns)
        first = np.concatenate(self._first) if self._first else np.zeros((0, len(columns)), np.uint64)
        unique = [repeats.unique() for repeats in self._repeats]
        return Table(
            form=found.form,
            title=found.form.sheet or "",
            evidence=found.evidence,
            rows=account.rows,
            rejected=dict(self._rejected),
            blank=account.blank,
            preamble=account.preamble,
            physical=account.physical,
            footer=tuple(n.message for n in account.notes if n.kind == "footer"),
            notes=tuple(f"{n.kind}: {n.message}" for n in account.notes if n.kind != "footer"),
            lane=account.lane,
            columns=columns,
            keys=keys.candidates(columns, first, unique, self.rows),
        )


def _cut(batch: pa.Table, before: int) -> Iterator[pa.Table]:
    """A batch in pieces that end where the types are narrowed, and are never large. `before`: rows that came before it."""
    at = 0
    while at < batch.num_rows:
        stop = next((edge for edge in (GLANCE, FIRST) if edge > before + at), before + at + BATCH)
        piece = batch.slice(at, stop - before - at)
        at += piece.num_rows
        yield piece


def _column(at: int, profile: ColumnProfile) -> Column:
    guess = kinds.guess(profile)
    tallies = [
        Tally(n, c.valid, dict(c.reasons)) for n, c in profile.counts.items() if n != "identifier" and c.explained
    ]
    secret, because = sensitive.of(profile, guess.type)
    return Column(
        position=at,
        label=profile.label,
        type=guess.type,
        why=f"{guess.why}; {because}" if because else guess.why,
        nonempty=profile.nonempty,
        usable=profile.counts[guess.type].valid if guess.type in profile.counts else profile.nonempty,
        empty=profile.empty,
        nulls=profile.nulls,
        distinct=profile.distinct.count(),
        exact=profile.distinct.exact,
        shortest=profile.shortest,
        longest=profile.longest,
        unit=profile.hint.unit if guess.type == "amount" else None,
        sensitivity=secret,
        running=profile.hint.running or _counts_up(profile, guess.type),
        samples=tuple(mask.shown(text, guess.type, secret) for text in profile.samples),
        candidates=tuple(sorted(tallies, key=lambda t: -t.valid)[:4]) if profile.nonempty else (),
        values=_values(profile, guess.type, secret),
    )


def _counts_up(profile: ColumnProfile, item_type: str) -> bool:
    """1, 2, 3, … without a header that says so: as many whole numbers as rows, starting with one."""
    several = profile.nonempty > 2 and profile.distinct.count() == profile.rows
    return item_type == "integer" and several and profile.samples[:3] == ["1", "2", "3"]


def _values(profile: ColumnProfile, item_type: str, secret: str) -> dict[str, int] | None:
    """Values with counts where a column repeats itself and no value speaks of one person."""
    if profile.values is None or item_type not in ("code", "text", "division") or secret not in ("none", "internal"):
        return None
    if profile.nonempty < kinds.OFTEN * len(profile.values):
        return None
    return dict(profile.values.most_common(kinds.FEW_VALUES))
