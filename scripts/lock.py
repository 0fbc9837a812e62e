"""Turns requirements*.in into pinned requirements*.txt with pip's own resolver (`make lock`).

Nothing is installed: pip resolves as if into an empty environment and reports what it would take.
Development pins and the extras' are resolved against the running set, so that all fit one environment; what cannot is resolved apart.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
EXTRAS = ("celery", "linkage", "spark")
APART = ("rivals",)
"""Each resolved by itself, for an environment of its own: what does not fit beside the running set (decision 0075)."""


def resolve(source: str, constraint: str | None = None) -> dict[str, str]:
    """The packages that `source` needs, name → version."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    command += ["-r", source, *(["-c", constraint] if constraint else [])]
    done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    found = [entry["metadata"] for entry in json.loads(done.stdout)["install"]]
    return {str(data["name"]).lower().replace("_", "-"): str(data["version"]) for data in found}


def write(target: str, pins: dict[str, str]) -> None:
    (PROJECT / target).write_text("".join(f"{name}=={pins[name]}\n" for name in sorted(pins)), "utf-8")
    print(f"{target}: {len(pins)} pins")


def main() -> None:
    running = resolve("requirements.in")
    write("requirements.txt", running)
    write("requirements-dev.txt", resolve("requirements-dev.in", "requirements.txt"))
    for extra in EXTRAS:
        found = resolve(f"requirements-{extra}.in", "requirements.txt")
        write(f"requirements-{extra}.txt", {name: pin for name, pin in found.items() if name not in running})
    for name in APART:
        write(f"requirements-{name}.txt", resolve(f"requirements-{name}.in"))


if __name__ == "__main__":
    main()
