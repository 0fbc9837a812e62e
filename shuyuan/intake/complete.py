"""Which files in an inbox make up a delivery that has come completely: with its control file, with all its parts; or a marker that nothing changed.

Belongs here: files that lie there → deliveries, by name and control file. Does not belong here: their bytes (`receive.py`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from shuyuan.catalog import Resource
from shuyuan.intake import control, file_names
from shuyuan.intake.control import NOTHING, BadControl, Promise

Numbers = dict[int, list[Path]]


@dataclass(frozen=True)
class Found:
    """A delivery that lies there. `files` in the order of their parts, each with what is promised of it; `promise` speaks of all of them.

    `name` is what the ledger calls it. `day`: the date in the name, None where names carry none. `problem`: why it cannot be taken.
    """

    name: str
    day: date | None
    files: tuple[tuple[Path, Promise], ...]
    promise: Promise = NOTHING
    problem: BadControl | None = None

    @property
    def nochange(self) -> bool:
        """Whether it says that nothing changed; its only file is then the marker or control file that says so."""
        return self.promise.nochange


def found(resource: Resource, inbox: Path, business_date: date | None) -> Iterator[Found]:
    """The complete deliveries of a resource for a date (None: for any), by name; markers that nothing changed come last.

    What waits for its control file or for a part is not found.
    """
    folder = inbox / resource.department
    lying = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if file_names.manifests(resource, None):
        yield from _listed(resource, lying, business_date)
    elif resource.delivery.numbered:
        yield from _counted(resource, lying, business_date)
    else:
        yield from _single(resource, lying, business_date)
    yield from _unchanged(resource, lying, business_date)


def _matching(
    lying: Iterable[Path], pattern: re.Pattern[str], *, data: bool = True
) -> Iterator[tuple[Path, re.Match[str]]]:
    for path in lying:
        name = file_names.spelled(path.name)
        if (not data or file_names.is_data(name)) and (match := pattern.fullmatch(name)):
            if "day" in pattern.groupindex and file_names.day_in(match) is None:
                continue
            yield path, match


def _single(resource: Resource, lying: list[Path], business_date: date | None) -> Iterator[Found]:
    for path, match in _matching(lying, file_names.named(resource, business_date)):
        if not resource.delivery.control or _control(path).exists():
            promise, problem = _promise(path)
            problem = problem or _of_nobody(path, promise)
            yield Found(path.name, file_names.day_in(match), ((path, promise),), Promise(rows=promise.rows), problem)


def _of_nobody(path: Path, promise: Promise) -> BadControl | None:
    """A file whose own control file says that nothing was delivered."""
    if not promise.nochange:
        return None
    problem = f"its control file says `nochange`, but {path.name} lies there"
    return BadControl(str(_control(path)), problem, "ask which of the two is meant")


def _counted(resource: Resource, lying: list[Path], business_date: date | None) -> Iterator[Found]:
    """Numbered parts without a manifest: complete when as many are there as the contract says."""
    count = resource.delivery.parts if isinstance(resource.delivery.parts, int) else 0
    for (day, name), numbers in _groups(resource, lying, business_date).items():
        if delivery := _of_numbers(resource, numbers, count, name, day, NOTHING):
            yield delivery


def _listed(resource: Resource, lying: list[Path], business_date: date | None) -> Iterator[Found]:
    """Parts with a manifest: complete when everything is there that it lists, or as many as it says."""
    pattern = file_names.manifests(resource, business_date)
    groups = _groups(resource, lying, business_date)
    parts = file_names.named(resource, business_date)
    for path, match in _matching(lying, pattern, data=False) if pattern else ():
        if parts.fullmatch(file_names.spelled(path.name.removesuffix(file_names.CONTROL))):
            continue  # the control file of one part
        day = file_names.day_in(match)
        try:
            promise = control.read(path)
        except BadControl as error:
            yield Found(path.name, day, (), problem=error)
            continue
        if promise.nochange:
            yield Found(path.name, day, ((path, NOTHING),), promise)
        elif promise.files:
            yield from _of_list(path, day, promise)
        else:
            yield from _of_number(resource, path, day, promise, groups, match["again"])


def _of_list(manifest: Path, day: date | None, promise: Promise) -> Iterator[Found]:
    unsafe = [name for name, _ in promise.files if not file_names.is_plain(name)]
    if unsafe or len({name for name, _ in promise.files}) < len(promise.files):
        problem = "it lists a file outside its own folder, or one file twice"
        yield Found(
            manifest.name, day, (), promise, BadControl(str(manifest), problem, "list every file once, by name")
        )
        return
    files = tuple((manifest.with_name(name), said) for name, said in promise.files)
    if all(path.is_file() for path, _ in files):
        yield Found(manifest.name, day, files, _whole(promise, [said for _, said in files]))


def _of_number(
    resource: Resource, manifest: Path, day: date | None, promise: Promise, groups: dict[tuple[date | None, str], Numbers],
    again: str,
) -> Iterator[Found]:  # fmt: skip
    declared = resource.delivery.parts if isinstance(resource.delivery.parts, int) else None
    count = promise.parts or declared
    if count is None:
        problem = "the control file neither lists the files nor says how many there are"
        yield Found(manifest.name, day, (), promise, BadControl(str(manifest), problem, "say parts=…"))
        return
    for (of_day, name), numbers in groups.items():
        if of_day == day and _again_of(resource, name) == again:
            delivery = _of_numbers(resource, numbers, count, name, day, promise)
            if delivery is not None:
                yield delivery


def _again_of(resource: Resource, name: str) -> str:
    """What follows the stem in a delivery's name, where `*` stands for the part."""
    match = file_names.named(resource, None).fullmatch(name.replace("*", "1", 1))
    return match["again"] if match else ""


def _groups(
    resource: Resource, lying: list[Path], business_date: date | None
) -> dict[tuple[date | None, str], Numbers]:
    """(day, name with `*` for the part) → part number → files."""
    groups: defaultdict[tuple[date | None, str], Numbers] = defaultdict(dict)
    for path, match in _matching(lying, file_names.named(resource, business_date)):
        start, end = match.span("part")
        name = match.string[:start] + "*" + match.string[end:]
        groups[file_names.day_in(match), name].setdefault(int(match["part"]), []).append(path)
    return dict(groups)


def _of_numbers(
    resource: Resource, numbers: Numbers, count: int, name: str, day: date | None, promise: Promise
) -> Found | None:
    """The delivery that numbered parts make up; None while some, or their control files, have not come."""
    paths = [numbers[number][0] for number in sorted(numbers)]
    if _cannot_be(numbers, count):
        problem = f"{count} parts are promised, but {_told(numbers)} lie there"
        return Found(name, day, (), promise, BadControl(str(paths[0]), problem, "number them from 1, each once"))
    if len(paths) < count or (resource.delivery.control and not all(_control(path).exists() for path in paths)):
        return None
    pairs = [_promise(path) for path in paths]
    problems = [problem for _, problem in pairs if problem]
    files = tuple((path, said) for path, (said, _) in zip(paths, pairs, strict=True))
    return Found(name, day, files, _whole(promise, [said for said, _ in pairs]), problems[0] if problems else None)


def _cannot_be(numbers: Numbers, count: int) -> bool:
    """Whether parts that lie there cannot become 1…count or 0…count-1, whatever comes."""
    first = 0 if 0 in numbers else 1
    return any(len(paths) > 1 for paths in numbers.values()) or max(numbers) >= first + count


def _told(numbers: Numbers) -> str:
    return ", ".join(str(number) for number in sorted(numbers) for _ in numbers[number])


def _whole(promise: Promise, parts: list[Promise]) -> Promise:
    """What is promised of all parts together: in one word, or as the sum where every part has its own."""
    rows = [part.rows for part in parts if part.rows is not None]
    total = sum(rows) if parts and len(rows) == len(parts) else None
    return Promise(rows=total if promise.rows is None else promise.rows)


def _unchanged(resource: Resource, lying: list[Path], business_date: date | None) -> Iterator[Found]:
    """Markers, and control files without a file that say `nochange`."""
    for path, match in _matching(lying, file_names.unchanged(resource, business_date), data=False):
        yield _marker(path, file_names.day_in(match))
    data = file_names.named(resource, business_date)
    for path in lying:
        of_file = data.fullmatch(file_names.spelled(path.name.removesuffix(file_names.CONTROL)))
        if path.name.endswith(file_names.CONTROL) and of_file and not path.with_suffix("").exists():
            promise, problem = _promise(path.with_suffix(""))
            if promise.nochange and not problem:
                yield Found(path.name, file_names.day_in(of_file), ((path, NOTHING),), promise)


def _marker(path: Path, day: date | None) -> Found:
    try:
        return Found(path.name, day, ((path, NOTHING),), control.marker(path))
    except BadControl as error:
        return Found(path.name, day, (), problem=error)


def _promise(path: Path) -> tuple[Promise, BadControl | None]:
    """What the control file beside a file says, or why it says nothing."""
    beside = _control(path)
    try:
        return (control.read(beside) if beside.exists() else NOTHING), None
    except BadControl as error:
        return NOTHING, error


def _control(path: Path) -> Path:
    return path.with_name(path.name + file_names.CONTROL)
