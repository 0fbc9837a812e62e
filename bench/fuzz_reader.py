"""A bounded fuzz run over the reader: files of every format, hurt at random, must be read with every row told or refused by name.

    python bench/fuzz_reader.py [--seconds 60] [--seed N] [--findings DIR]

The run starts from files that it writes itself (`fuzz_corpus`), hurts them (`fuzz_mutations`) and holds the reader, the finding of forms
and the survey to their promises (`fuzz_promises`), in bounded time and memory per file. A file that breaks a promise is made small and
kept in DIR with the reason beside it. The same seed makes the same files. Ends with 1 when anything was found.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import fuzz_mutations
import fuzz_promises
from fuzz_corpus import Sample, corpus

CPU = 30  # seconds of one file
MEMORY = 768 << 20  # bytes that one file may add to the process
MEASURED = 12  # one file of so many is also profiled by the survey
TRIES, PATIENCE = 200, 20.0  # readings and seconds that making a finding small may take
STATUS = Path("/proc/self/status")


class TooSlowError(Exception):
    """A file took more than CPU seconds."""


@dataclass(frozen=True)
class Finding:
    """A file that breaks a promise: `key` is the same for the same fault, `why` says it in full."""

    key: str
    why: str
    sample: Sample


@dataclass
class Report:
    """What a run saw: outcomes of its files, findings by key (the first file of each, and how many there were)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Finding] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)

    @property
    def files(self) -> int:
        """Files read."""
        return sum(self.outcomes.values())


def run(seed: int, *, seconds: float | None = None, files: int | None = None, folder: Path | None = None) -> Report:
    """Hurt files until `seconds` are over or `files` are read; what is found is kept in `folder`."""
    chance, samples, report = Random(seed), corpus(), Report()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as work:
        path = Path(work) / "delivery.csv"
        for sample in _files(samples, chance):
            if (files is not None and report.files >= files) or (seconds and time.monotonic() - begun > seconds):
                return report
            _record(report, sample, path, folder)
    return report


def _files(samples: list[Sample], chance: Random) -> Iterator[Sample]:
    """All samples unhurt, then hurt ones without end."""
    yield from samples
    while True:
        yield fuzz_mutations.mutate(chance.choice(samples), chance.choice(samples), chance)


def _record(report: Report, sample: Sample, path: Path, folder: Path | None) -> None:
    if folder is not None:
        (folder / "current").write_bytes(sample.data)  # what is left when the process dies
    outcome, finding = judged(sample, path, measured=zlib.crc32(sample.data) % MEASURED == 0)
    report.outcomes[outcome] += 1
    if finding is None:
        return
    report.times[finding.key] += 1
    if finding.key not in report.findings:
        small = _smaller(finding, path)
        report.findings[finding.key] = small
        if folder is not None:
            _keep(small, folder)


def judged(sample: Sample, path: Path, *, measured: bool = True) -> tuple[str, Finding | None]:
    """(outcome, finding) of one file."""
    path.write_bytes(sample.data)
    try:
        with _bounded():
            return fuzz_promises.check(path, measured=measured), None
    except fuzz_promises.Broken as error:
        return "broken", Finding(error.promise, str(error), sample)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a panic of a Rust library is no Exception
        return "crash", Finding(_where(error), "".join(traceback.format_exception(error)), sample)


def _where(error: BaseException) -> str:
    """Kind of error and the last place in our code."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f"{os.sep}shuyuan{os.sep}" in f.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "?"
    return f"{type(error).__name__} at {place}"


@contextmanager
def _bounded() -> Iterator[None]:
    """CPU seconds and memory of one file."""
    _forget_peak()
    before = _peak()

    def stop(*_: object) -> None:
        raise TooSlowError(f"more than {CPU} s of processor time")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, CPU)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if _peak() - before > MEMORY:
        raise fuzz_promises.Broken("memory is bounded", f"one file took {(_peak() - before) >> 20} MB")


def _peak() -> int:
    """Most bytes that were resident since `_forget_peak`; 0 where the system does not say."""
    if not STATUS.exists():
        return 0
    return next(int(s.split()[1]) << 10 for s in STATUS.read_text().splitlines() if s.startswith("VmHWM"))


def _forget_peak() -> None:
    if STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5")


def _smaller(finding: Finding, path: Path) -> Finding:
    """The same finding with as little of its file as a bounded search leaves."""
    until, tries = time.monotonic() + PATIENCE, TRIES
    best, size = finding, max(len(finding.sample.data) // 2, 1)
    while size and tries and time.monotonic() < until and best.sample.family != "zip":
        at, shrunk = 0, False
        while at < len(best.sample.data) and tries and time.monotonic() < until:
            tries -= 1
            less = replace(best.sample, data=best.sample.data[:at] + best.sample.data[at + size :])
            _, found = judged(less, path, measured="survey" in best.why)
            if found is not None and found.key == finding.key:
                best, shrunk = found, True
            else:
                at += size
        size = size if shrunk and size > 1 else size // 2
    return best


def _keep(finding: Finding, folder: Path) -> None:
    name = "".join(c if c.isalnum() else "_" for c in finding.key)[:80]
    (folder / f"{name}.bin").write_bytes(finding.sample.data)
    (folder / f"{name}.txt").write_text(f"{finding.sample.name}\n{finding.why}\n", encoding="utf-8", errors="replace")


def supervised(arguments: argparse.Namespace) -> int:
    """The run in a process of its own: whatever kills it leaves its last file as a finding, and the run goes on with another seed."""
    folder = Path(arguments.findings)
    folder.mkdir(parents=True, exist_ok=True)
    begun, seed, status = time.monotonic(), arguments.seed, 0
    while (left := arguments.seconds - (time.monotonic() - begun)) > 1:
        command = [
            sys.executable,
            __file__,
            "--seed",
            str(seed),
            "--seconds",
            f"{left:.0f}",
            "--findings",
            str(folder),
            "--here",
        ]
        code = subprocess.run(command, check=False).returncode
        status = status or code
        if code in (0, 1, 2):
            break
        (folder / "current").rename(folder / f"killed_by_{abs(code)}_seed_{seed}.bin")
        print(f"killed by signal {abs(code)}: the file is kept")
        seed += 1_000_003
    (folder / "current").unlink(missing_ok=True)
    return int(status != 0)


def say(report: Report) -> None:
    """The report as text."""
    print(f"{report.files} files: " + ", ".join(f"{name} {n}" for name, n in report.outcomes.most_common()))
    for key, finding in report.findings.items():
        print(f"✗ {key} ({report.times[key]} files)\n  {finding.sample.name[-120:]}: {finding.why.strip()[-400:]}")


def main() -> None:
    """Run and report."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--findings", default=str(Path(tempfile.gettempdir()) / "fuzz-findings"))
    arguments.add_argument("--here", action="store_true", help="in this process, unsupervised")
    given = arguments.parse_args()
    if not given.here:
        sys.exit(supervised(given))
    warnings.simplefilter("ignore")  # what libraries say about damaged books
    report = run(given.seed, seconds=given.seconds, folder=Path(given.findings))
    say(report)
    sys.exit(1 if report.findings else 0)


if __name__ == "__main__":
    main()
