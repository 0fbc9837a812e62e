"""From a reading to staged files: batches are judged side by side, written in order, and rows of one key settled at the end."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.catalog import Catalog, Resource
from shuyuan.intake.repeats import Marks, repeats
from shuyuan.intake.retyped import Retyping
from shuyuan.intake.staged import Staged, Writer
from shuyuan.intake.standardise import Judged, Standardiser, Watch, message, unread, words
from shuyuan.lake import duck
from shuyuan.ledger.findings import EVIDENCE, QUARANTINE, UNMAPPED, Finding
from shuyuan.reader.read import Reading
from shuyuan.reader.texts.lanes import WORKERS

UNMAPPED_KEPT = 2_000  # words counted at once; the more frequent half of them is kept
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Standardised:
    """What a delivery became: `loaded` rows are staged, `rejects` (schema QUARANTINE) are set aside; `evidence` (schema EVIDENCE) counts
    verdicts, `unmapped` (schema UNMAPPED) the most frequent codes and words that nothing names."""

    loaded: int
    rejects: pa.Table
    evidence: pa.Table
    unmapped: pa.Table
    findings: tuple[Finding, ...] = ()


def stage(
    reading: Reading,
    resource: Resource,
    catalog: Catalog,
    business_date: date,
    staged: Staged,
    watch: Watch = lambda *_: None,
    before: Mapping[str, float] = MappingProxyType({}),
) -> Standardised:
    """Standardise everything that is read, in memory that does not grow with it. `watch` as for `Standardiser`.

    `before`: item → unusable cells per row in the live delivery. Raises Drifted where the resource's policy refuses a retyped column.
    """
    standardiser, staged = Standardiser(resource, catalog, business_date, watch), replace(staged, fresh=True)
    aside: list[pa.Table] = []
    withheld: list[pa.Array] = []
    unreadable: list[pa.Array] = []
    verdicts: Counter[tuple[str, str]] = Counter()
    unmapped: Counter[tuple[str, str, str]] = Counter()

    def _rejects() -> None:
        if found := reading.take_rejects():
            aside.append(unread(found))
            unreadable.append(words(found))

    with duck.connect() as engine, Marks() as marks:
        with Writer(staged) as writer:
            for judged in _judged(reading, standardiser, engine):
                writer.add(judged)
                marks.add(judged.marks)
                aside.append(judged.rejects)
                withheld.append(judged.withheld)
                verdicts.update(judged.verdicts)
                _count_few(unmapped, judged.unmapped)
                _rejects()
        account = reading.account()
        aside.append(unread(list(account.rejects)))
        unreadable.append(words(list(account.rejects)))
        retyping = Retyping(standardiser, catalog, staged, engine)
        told = retyping.settle(account.file, account.rows, verdicts, before)
        twice = repeats(engine, duck.relation(staged.files()), marks, change=resource.delivery.mode == "change")
    staged.leave_out(twice["_line"].combine_chunks())
    aside.append(_twice(staged, twice))
    withheld.append(pc.unique(twice["_key"]))
    staged.keep(_all(withheld), _all(unreadable))
    loaded = writer.rows - twice.num_rows
    return Standardised(loaded, pa.concat_tables(aside), _evidence(resource, verdicts), _unmapped(unmapped), told)


def _judged(reading: Reading, standardiser: Standardiser, engine: duck.Duck) -> Iterator[Judged]:
    def judge(raw: pa.Table) -> Judged:
        with engine.cursor() as own:
            return standardiser.judge(raw, own)

    return ahead(judge, reading.batches())


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work` of every item, in order, on a few threads; only a few items are under way at once."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(WORKERS, "judge") as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _all(parts: list[pa.Array]) -> pa.Array:
    return pc.unique(pa.chunked_array([p for p in _flat(parts) if len(p)], pa.string()))


def _flat(parts: list[pa.Array]) -> Iterator[pa.Array]:
    for part in parts:
        yield from part.chunks if isinstance(part, pa.ChunkedArray) else [part]


def _twice(staged: Staged, twice: pa.Table) -> pa.Table:
    """Rows of a key that another row has, as quarantine rows."""
    if not twice.num_rows:
        return QUARANTINE.empty_table()
    pairs = zip(twice["reason"].to_pylist(), twice["first_line"].to_pylist(), strict=True)
    texts = pa.array([message(reason, first) for reason, first in pairs], pa.string())
    nothing = pa.nulls(twice.num_rows, pa.string())
    columns = {"line": twice["_line"], "item": nothing, "value": nothing, "reason": twice["reason"], "message": texts}
    return staged.set_aside(pa.table(columns))


def _evidence(resource: Resource, verdicts: Counter[tuple[str, str]]) -> pa.Table:
    place = {item.name: at for at, item in enumerate(resource.items)}
    found = sorted(verdicts.items(), key=lambda v: (place[v[0][0]], v[0][1]))
    rows = [{"item": item, "reason": reason, "rows": rows} for (item, reason), rows in found]
    return pa.Table.from_pylist(rows, schema=EVIDENCE)


def _count_few(counts: Counter[tuple[str, str, str]], more: Mapping[tuple[str, str, str], int]) -> None:
    """Add up, but never more than UNMAPPED_KEPT words at once: a column full of names in place of codes must not fill the memory."""
    counts.update(more)
    if len(counts) > UNMAPPED_KEPT:
        for word, _ in counts.most_common()[UNMAPPED_KEPT // 2 :]:
            del counts[word]


def _unmapped(counts: Counter[tuple[str, str, str]]) -> pa.Table:
    found = counts.most_common(UNMAPPED_KEPT // 2)
    rows = [{"item": i, "value": value[:200], "reason": reason, "rows": n} for (i, value, reason), n in found]
    return pa.Table.from_pylist(rows, schema=UNMAPPED)
