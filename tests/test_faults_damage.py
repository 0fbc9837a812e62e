"""A lake file that is not what was written: changed, cut off or gone. It is refused with its name and the way out, never believed."""

# ruff: noqa: F811  # a fixture is imported and then named as an argument
from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import fault_points as points
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fault_points import State, begin, place, undisturbed  # noqa: F401
from town import WEDNESDAY, Town, person

from shuyuan.flow import admit, check, publish, read, receive, resolve, upkeep
from shuyuan.flow.mend import mend
from shuyuan.flow.step import OutOfOrder
from shuyuan.lake import duck, layers, sealed, snapshot
from shuyuan.lake.sealed import Damaged


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def removed(path: Path) -> None:
    path.unlink()


HARMS = {"holds other bytes": flipped, "has been cut off": cut, "is missing": removed}


def live(place: Town, kind: str, name: str) -> snapshot.Snapshot:
    manifest = place.one("SELECT manifest FROM ledger.snapshot WHERE kind = %s AND name = %s", kind, name)
    return snapshot.load(manifest)


def base(kind: str, name: str) -> Callable[[Town], Path]:
    return lambda place: next(path for path in live(place, kind, name).paths() if "delta" not in path.name)


def layer(kind: str, name: str) -> Callable[[Town], Path]:
    def found(place: Town) -> Path:
        every = [layer for bucket in live(place, kind, name).buckets.values() for layer in bucket.layers]
        return place.home / "lake" / every[0].path

    return found


def touched(name: str) -> Callable[[Town], Path]:
    return lambda place: place.home / "lake" / live(place, "source", name).past[-1].touched


def manifest(kind: str, name: str) -> Callable[[Town], Path]:
    return lambda place: place.home / "lake" / live(place, kind, name).manifest


REGISTER = "public_security.resident"
FILES = {
    "register base": (base("source", REGISTER), REGISTER),
    "register layer": (layer("source", REGISTER), REGISTER),
    "register touched": (touched(REGISTER), REGISTER),
    "library base": (base("library", "population"), "population"),
    "library layer": (layer("library", "population"), "population"),
    "disputes base": (base("discrepancy", "population"), "population"),
    "library manifest": (manifest("library", "population"), "population"),
}
CASES = [(file, harm) for number, file in enumerate(FILES) for harm in list(HARMS)[number % 3 : number % 3 + 1]]


@pytest.mark.parametrize(("file", "harm"), [*CASES, ("library layer", "holds other bytes")])
def test_damage_is_refused_until_it_is_mended(place: Town, undisturbed: State, file: str, harm: str) -> None:
    begin(place, points.admitted)
    find, name = FILES[file]
    path = find(place)
    HARMS[harm](path)
    said = "cannot be read|holds other words" if path.suffix == ".json" and harm != "is missing" else harm
    with pytest.raises(Damaged, match=said) as refusal:
        resolve("population")
    assert str(path) in str(refusal.value) and f"shuyuan mend {name}" in str(refusal.value)
    assert place.one("SELECT count(*) FROM ledger.run WHERE state = 'published'") == 2
    ((step, _, words),) = points.told(place)
    assert step == "resolve" and str(path) in words
    mend(name)
    publish(resolve("population"))
    assert points.state(place) == undisturbed
    assert points.rebuilt(place) == points.lake_state(place)
    points.story_is_told(place)
    assert mend(name) > 0
    upkeep.remove_orphans(age=0)
    assert resolve("population") == place.one("SELECT max(run_id) FROM ledger.run")


@pytest.mark.parametrize("harm", list(HARMS))
def test_a_damaged_register_admits_nothing(place: Town, undisturbed: State, harm: str) -> None:
    begin(place, points.due)
    path = layer("source", REGISTER)(place)
    HARMS[harm](path)
    with pytest.raises(Damaged, match=harm) as refusal:
        points.admit_due()
    assert str(path) in str(refusal.value) and f"shuyuan mend {REGISTER}" in str(refusal.value)
    mend(REGISTER)
    points.finish()
    assert points.state(place) == undisturbed


@pytest.mark.parametrize("harm", list(HARMS))
@pytest.mark.parametrize("which", ["rows_delta", "disputes_delta", "result.json"])
def test_a_damaged_run_is_given_up_and_resolved_anew(place: Town, undisturbed: State, which: str, harm: str) -> None:
    begin(place, points.resolved)
    run = place.one("SELECT max(run_id) FROM ledger.run")
    path = sorted((place.home / "lake" / "library" / "population" / str(run)).glob(f"{which}*"))[-1]
    HARMS[harm](path)
    with pytest.raises(Damaged, match=f"run {run} is given up") as refusal:
        publish(run)
    assert str(path) in str(refusal.value)
    assert place.one("SELECT state FROM ledger.run WHERE run_id = %s", run) == "failed"
    assert publish(run) > run
    assert points.state(place) == undisturbed
    points.story_is_told(place)


THURSDAY = WEDNESDAY + timedelta(1)
STAGED = ["b*.parquet", "withheld.parquet", "unread.parquet", "staged.json"]


def read_due(place: Town) -> int:
    """A fourth day's register that was read and waits to be checked."""
    begin(place, points.due)
    lines = [person(number, "改" if number in points.PEOPLE[4:9] else "") for number in points.PEOPLE[:45]]
    place.register(THURSDAY, [*lines, person("440303198002031009")])
    return read(receive(REGISTER, THURSDAY) or 0)


@pytest.mark.parametrize("harm", list(HARMS))
@pytest.mark.parametrize("which", STAGED)
def test_damaged_staged_files_are_refused_until_the_delivery_is_read_again(place: Town, which: str, harm: str) -> None:
    """Without it a lost file of a bucket would be read as people who are gone."""
    batch = read_due(place)
    rows = place.ask("SELECT loaded, quarantined, physical FROM ledger.batch WHERE batch_id = %s", batch)
    path = sorted((place.home / "lake" / "staged" / str(batch)).glob(which))[0]
    HARMS[harm](path)
    json_says = "cannot be read|holds other words"
    said = json_says if path.suffix == ".json" and harm != "is missing" else f"{harm}|has no seal any more"
    with pytest.raises(Damaged, match=said) as refusal:
        check(batch)
    assert str(path) in str(refusal.value) and f"shuyuan read {batch} --again" in str(refusal.value)
    assert place.one("SELECT state FROM ledger.batch WHERE batch_id = %s", batch) == "read"
    read(batch, again=True)
    assert place.ask("SELECT loaded, quarantined, physical FROM ledger.batch WHERE batch_id = %s", batch) == rows
    check(batch)
    flipped(sorted(path.parent.glob("b*.parquet"))[0])
    with pytest.raises(Damaged, match=f"shuyuan read {batch} --again"):
        admit(batch)
    admit(read(batch, again=True))
    counts = "SELECT inserted, updated, deleted FROM ledger.batch WHERE batch_id = %s"
    assert place.ask(counts, batch) == [(0, 1, 4)]
    mended = "SELECT message FROM ledger.load WHERE step = 'mend' AND batch_id = %s"
    assert place.ask(mended, batch) == [("damaged staged files are written anew",)] * 2


def test_whole_staged_files_are_not_read_again(place: Town) -> None:
    batch = read_due(place)
    with pytest.raises(OutOfOrder, match="its staged files are whole"):
        read(batch, again=True)


def by_duckdb(path: Path) -> None:
    with duck.connect() as engine:
        duck.write_parquet(engine, "SELECT i, md5(i::text) AS text FROM range(2000) AS t (i)", path)


def by_pyarrow(path: Path) -> None:
    """As staged files are written: the checksum counts while the bytes pass, in several row groups."""
    writer = sealed.Writer(path, rows_of(0, 1).schema, compression="none", write_statistics=False, store_schema=False)
    for start in range(0, 2000, 500):
        writer.write(rows_of(start, start + 500))
    writer.close()


def by_another(path: Path) -> None:
    """As Spark writes: the place for the checksum is made afterwards."""
    pq.write_table(rows_of(0, 2000), path, compression="zstd")
    before = pq.read_metadata(path)
    sealed.make_room(path)
    sealed.seal(path)
    assert (pq.read_metadata(path).num_rows, pq.read_metadata(path).schema) == (2000, before.schema)


def rows_of(start: int, end: int) -> pa.Table:
    texts = [hashlib.md5(str(i).encode(), usedforsecurity=False).hexdigest() for i in range(start, end)]
    return pa.table({"i": pa.array(range(start, end), pa.int64()), "text": texts})


@pytest.mark.parametrize("written_by", [by_duckdb, by_pyarrow, by_another])
def test_no_changed_bit_of_a_file_goes_unnoticed(tmp_path: Path, written_by: Callable[[Path], None]) -> None:
    """A bit of the pages, of the footer, of the seal itself: either it is noticed, or what is read is what was written."""
    path = tmp_path / "sealed.parquet"
    written_by(path)
    with duck.connect() as engine:
        written, good = path.read_bytes(), duck.rows(engine, f"SELECT sum(hash(i, text)) FROM {duck.scan([path])}")
        dice, noticed = random.Random(4), 0
        for _ in range(300):
            place = dice.randrange(len(written))
            path.write_bytes(written[:place] + bytes([written[place] ^ 1 << dice.randrange(8)]) + written[place + 1 :])
            sealed._verify.cache_clear()
            try:
                sealed.verify([path])
            except Damaged:
                noticed += 1
            else:
                assert duck.rows(engine, f"SELECT sum(hash(i, text)) FROM {duck.scan([path])}") == good
        assert noticed >= 295


def tombstones(place: Town) -> list[str]:
    """Keys that the live snapshot of the register knows as gone."""
    none = "SELECT NULL::VARCHAR AS _key, false AS _deleted WHERE false"
    rows = layers.relation(live(place, "source", REGISTER), ["_key"], none)
    with duck.connect() as engine:
        return sorted(key for (key,) in duck.rows(engine, f"SELECT _key FROM {rows} WHERE _deleted"))


def test_mending_keeps_the_deletions_that_can_be_read(place: Town) -> None:
    begin(place, points.admitted)
    gone = tombstones(place)
    assert len(gone) == 4
    path = base("source", REGISTER)(place)
    flipped(path)
    mend(REGISTER)
    assert tombstones(place) == gone
    told = place.one("SELECT message FROM ledger.load WHERE step = 'mend'")
    assert told == f"deletions in {path} are forgotten"
