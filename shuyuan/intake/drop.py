"""Drop: lay files that lie somewhere else into the inbox, as a department would. By hand only; a scheduled feed comes by its connector.

Belongs here: which file under a directory is whose delivery. Does not belong here: what a delivery is (`receive.py`) and reading it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from shuyuan import settings
from shuyuan.catalog import Catalog, Resource
from shuyuan.intake.file_names import CONTROL, manifests, named, spelled, unchanged
from shuyuan.intake.receive import fingerprint


class NoSource(NotADirectoryError):
    """There is no such directory to take files from."""


@dataclass(frozen=True)
class Dropped:
    """What `drop` did. `files` now stand in the inbox; `missing` are resources without a file; `ambiguous` those with several, all left alone."""

    files: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()
    ambiguous: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{len(self.files)} files laid into the inbox"]
        if self.missing:
            lines.append(f"no file for {len(self.missing)} resources: {', '.join(self.missing)}")
        for resource, paths in self.ambiguous.items():
            found = ", ".join(map(str, paths))
            lines.append(
                f"{resource}: left out, which of these is its delivery? {found}. Keep one, or narrow `delivery.pattern`"
            )
        return "\n".join(lines)


def drop(catalog: Catalog, source: Path, business_date: date) -> Dropped:
    """Lay every resource's delivery for a date, found by name anywhere under `source`, into `inbox/<department>/`.

    Hard links where the file system allows, copies elsewhere; a control file beside a delivery goes with it. Resources without a file
    are named, not refused: a department may be late. Raises NoSource when `source` is no directory.
    """
    if not source.is_dir():
        raise NoSource(f"{source} is no directory; name the one that holds the departments' files")
    lying, laid = _by_name(source), []
    missing, ambiguous = [], {}
    for resource in catalog.resources.values():
        found = _deliveries(lying, named(resource, business_date))
        if not found and not any(_words(resource, lying, business_date)):
            missing.append(resource.id)
        elif _is_ambiguous(resource, found):
            ambiguous[resource.id] = tuple(path for paths in found.values() for path in paths)
        else:
            laid += [_lay(paths[0], name, resource.department) for name, paths in found.items()]
        laid += [_lay(path, name, resource.department) for name, path in _words(resource, lying, business_date)]
    return Dropped(tuple(laid), tuple(missing), ambiguous)


def _by_name(source: Path) -> dict[str, list[Path]]:
    """Files under `source` by the name they are compared by."""
    found: dict[str, list[Path]] = {}
    for path in _files(source):
        found.setdefault(spelled(path.name), []).append(path)
    return found


def _files(source: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(source):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _deliveries(lying: Mapping[str, list[Path]], names: re.Pattern[str]) -> dict[str, list[Path]]:
    return {name: _distinct(paths) for name, paths in sorted(lying.items()) if names.fullmatch(name)}


def _words(resource: Resource, lying: Mapping[str, list[Path]], business_date: date) -> Iterator[tuple[str, Path]]:
    """What speaks about a delivery without being one: the control file of all parts, the marker that nothing changed. After the files, so that
    nobody takes the one without the other."""
    patterns = [
        pattern for pattern in (manifests(resource, business_date), unchanged(resource, business_date)) if pattern
    ]
    for name, paths in sorted(lying.items()):
        if any(pattern.fullmatch(name) for pattern in patterns):
            yield name, paths[0]


def _distinct(paths: list[Path]) -> list[Path]:
    """One path per content: the same file in two folders is one delivery."""
    if len(paths) == 1:
        return paths
    first: dict[str, Path] = {}
    for path in paths:
        first.setdefault(fingerprint(path), path)
    return list(first.values())


def _is_ambiguous(resource: Resource, found: Mapping[str, Sequence[Path]]) -> bool:
    """One name for different files; or several names for a whole register that carries no date: each would replace the one before."""
    undated_register = resource.delivery.mode == "full" and "{date}" not in resource.delivery.pattern
    undated_register &= not resource.delivery.numbered
    return any(len(paths) > 1 for paths in found.values()) or (undated_register and len(found) > 1)


def _lay(path: Path, name: str, department: str) -> Path:
    target = settings.load().inbox / department / name
    target.parent.mkdir(parents=True, exist_ok=True)
    control = path.with_name(path.name + CONTROL)
    if control.exists():
        _put(control, target.with_name(name + CONTROL))
    _put(path, target)
    return target


def _put(path: Path, target: Path) -> None:
    """A file appears in the inbox whole or not at all; what stands there under its name is replaced (the archive keeps it)."""
    if target.exists() and target.samefile(path):
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        part.hardlink_to(path.resolve())
    except OSError:  # another file system, or one without links
        shutil.copyfile(path, part)
    part.replace(target)
