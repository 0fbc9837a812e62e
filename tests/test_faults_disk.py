"""The lake's disk is full: a step says so with the file and the way out, nothing half is live, and with room again the day ends as ever."""

# ruff: noqa: F811  # a fixture is imported and then named as an argument
from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fault_points as points
import pytest
from fault_points import State, begin, in_a_process, place, undisturbed  # noqa: F401
from town import Town

from shuyuan.flow import resolve
from shuyuan.lake.durable import DiskFull

SIZE = "24m"


@contextmanager
def small_disk(lake: Path) -> Iterator[Path]:
    """Within the block the lake lies on a disk of its own, of SIZE. Yields the file that can fill it."""
    aside = lake.with_name("lake-aside")
    lake.rename(aside)
    lake.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", lake], check=False, capture_output=True
    )
    try:
        if mounted.returncode != 0:
            pytest.skip(f"this account may not mount a disk: {mounted.stderr.decode().strip()}")
        shutil.copytree(aside, lake, dirs_exist_ok=True)
        yield lake / "filler"
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "-l", lake], check=True)
        shutil.rmtree(lake)
        aside.rename(lake)


def fill(filler: Path, free: int) -> None:
    """Leave so many bytes free."""
    with filler.open("wb") as file:
        left = shutil.disk_usage(filler.parent).free - free
        while left > 0:
            left -= file.write(b"\0" * min(left, 1 << 16))
        os.fsync(file.fileno())


STEPS: dict[str, tuple[Callable[[Town], None], Callable[[], object]]] = {
    "admit": (points.due, points.admit_due),
    "resolve": (points.admitted, lambda: resolve("population")),
}


@pytest.mark.parametrize("free", [0, 8192, 24576])
@pytest.mark.parametrize("step", list(STEPS))
def test_the_disk_of_the_lake_is_full(place: Town, undisturbed: State, step: str, free: int) -> None:
    story, work = STEPS[step]
    begin(place, story)
    with small_disk(place.home / "lake") as filler:
        before = points.state(place)
        fill(filler, free)
        with pytest.raises(DiskFull, match="the disk is full") as full:
            work()
        assert str(place.home / "lake") in str(full.value) and "shuyuan orphans" in str(full.value)
        told = points.told(place)
        assert [(name, "the disk is full" in words) for name, _, words in told] == [(step, True)]
        filler.unlink()
        now = points.state(place)
        assert now == before, "nothing half is live"
        points.finish()
        assert points.state(place) == undisturbed
        points.story_is_told(place)


def limited(size: int, work: Callable[[], object]) -> None:
    """Do something with files no larger than `size` bytes: to a program the same as a disk without room. Exits with 3 when it says so well."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        work()
    except DiskFull:
        os._exit(3)


@pytest.mark.parametrize("step", list(STEPS))
def test_a_file_that_cannot_grow_is_a_full_disk_too(place: Town, undisturbed: State, step: str) -> None:
    """Where no disk may be mounted this one still tells."""
    story, work = STEPS[step]
    begin(place, story)
    before = points.state(place)
    assert in_a_process(limited, 1024, work) == 3
    assert points.state(place) == before
    points.finish()
    assert points.state(place) == undisturbed
    points.story_is_told(place)
