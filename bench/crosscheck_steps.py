"""The steps of the cross-check benches, one per process, so that the time and memory of each are its own.

    SHUYUAN_HOME=folder python bench/crosscheck_steps.py make 300000   registers of so many persons
                                                         full          resolve them as a whole
                                                         floor         read all that this reads, write all that it writes
                                                         change 0.01 2 a delivery, number 2, in which a share of the persons has moved
                                                         day 2         resolve what that delivery changed
                                                         sizes         bytes on disk
                                                         inputs 0.5    the files of half of the buckets, for others to compare

Each prints JSON. What one leaves for the next is in `bench.json` of the folder. `bench/crosscheck.py` starts them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import crosscheck_world as world
import used

from shuyuan.lake import duck, snapshot
from shuyuan.lake.snapshot import Snapshot
from shuyuan.resolve import engine
from shuyuan.resolve.outcome import Outcome
from shuyuan.resolve.run import Inputs
from shuyuan.settings import load

DAY = date(2026, 11, 20)


def make(people: str) -> dict[str, Any]:
    """The registers, as snapshots."""
    members, spent = used.measured(lambda: world.write(int(people)))
    _keep({"people": int(people), "members": {"1": _manifests(members)}})
    return spent


def full() -> dict[str, Any]:
    """Everything resolved for the first time."""
    outcome, spent = _resolved(Inputs(_members("1"), Snapshot(), Snapshot()), "1")
    counts = [[*pair, *found] for pair, found in outcome.crosschecks.items()]
    found = {"library": outcome.library.manifest, "discrepancies": outcome.discrepancies.manifest}
    _keep({**_kept(), **found, "counts": counts, "files": outcome.files})
    return {**spent, "rows": outcome.rows, "disputes": outcome.disputes["I"]}


def day(number: str) -> dict[str, Any]:
    """What a delivery changed, resolved."""
    kept = _kept()
    counts = {(item, ref): (compared, disagreed) for item, ref, compared, disagreed in kept["counts"]}
    live = snapshot.load(kept["library"]), snapshot.load(kept["discrepancies"])
    inputs = Inputs(_members(number), *live, kept["members"]["1"], counts)
    outcome, spent = _resolved(inputs, number)
    return {**spent, "changes": dict(outcome.changes)}


def change(share: str, number: str) -> dict[str, Any]:
    """A later delivery of the first register."""
    later, spent = used.measured(lambda: world.changed(_members("1"), float(share), int(number)))
    kept = _kept()
    _keep({**kept, "members": {**kept["members"], number: _manifests(later)}})
    return spent


def floor() -> dict[str, Any]:
    """Every column of the inputs decoded once; every output row written once more, from memory. → seconds of that alone."""
    columns = ", ".join(world.decoded(name) for name in (*world.ITEMS, "id_no", "_as_of", "_deleted"))
    written = _kept()["files"]
    spent = {"wall": 0.0, "cpu": 0.0}
    with duck.connect() as connection:
        for bucket in (bucket for member in _members("1").values() for bucket in member.buckets.values()):
            query = f"SELECT {columns} FROM {duck.scan([load().lake / bucket.path])}"
            _add(spent, lambda query=query: duck.rows(connection, query))  # type: ignore[misc]
        for name in (*written["rows"], *written["disputes"]):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM {duck.scan([load().lake / name])}")
            _add(spent, lambda: duck.write_parquet(connection, "FROM kept", load().lake / "floor.parquet"))
    return spent


def sizes() -> dict[str, Any]:
    """Bytes of the live snapshots: of the registers, of the library, of its disagreements."""
    kept = _kept()
    live = {"library": snapshot.load(kept["library"]), "discrepancies": snapshot.load(kept["discrepancies"])}
    found = {name: sum(path.stat().st_size for path in held.paths()) for name, held in live.items()}
    sources = [path for member in _members("1").values() for path in member.paths()]
    return {**found, "sources": sum(path.stat().st_size for path in sources)}


def inputs(share: str) -> dict[str, Any]:
    """What another program needs to do the same for a share of the buckets: the files, how many persons they hold, and what we found in them."""
    members = {name.partition(".")[0]: member for name, member in _members("1").items()}
    numbers = range(max(1, round(float(share) * load().buckets)))
    held = [members[world.DEPARTMENTS[0]].buckets[number].rows for number in numbers]
    disputes = _files(snapshot.load(_kept()["discrepancies"]), numbers)
    with duck.connect() as connection:
        counted = f"SELECT claim_ref, count(*) FROM {duck.scan(list(map(Path, disputes)))} GROUP BY claim_ref"
        expected = dict(duck.rows(connection, counted))
    registers = {name: _files(member, numbers) for name, member in members.items()}
    return {
        "day": DAY.isoformat(), "people": sum(held), "items": world.ITEMS, "registers": registers, "disputes": disputes, "expected": expected,
    }  # fmt: skip


def _files(held: Snapshot, numbers: Iterable[int]) -> list[str]:
    return [str(load().lake / held.buckets[number].path) for number in numbers if number in held.buckets]


def _resolved(inputs: Inputs, number: str) -> tuple[Outcome, dict[str, Any]]:
    catalog = world.catalog()
    library = catalog.libraries["bench"]
    outcome, spent = used.measured(lambda: engine.run(catalog, library, inputs, DAY, f"library/bench/{number}"))
    return outcome, {**spent, "peak_mb": used.peak_mb()}


def _add(spent: dict[str, float], work: Callable[[], Any]) -> None:
    _, more = used.measured(work)
    spent |= {name: round(before + more[name], 3) for name, before in spent.items()}


def _manifests(members: dict[str, Snapshot]) -> dict[str, str]:
    return {name: member.manifest for name, member in members.items()}


def _members(number: str) -> dict[str, Snapshot]:
    return {name: snapshot.load(manifest) for name, manifest in _kept()["members"][number].items()}


def _kept() -> dict[str, Any]:
    return dict(json.loads((load().home / "bench.json").read_text(encoding="utf-8")))


def _keep(state: dict[str, Any]) -> None:
    (load().home / "bench.json").write_text(json.dumps(state), encoding="utf-8")


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "make": make, "full": full, "floor": floor, "change": change, "day": day, "sizes": sizes, "inputs": inputs,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))
