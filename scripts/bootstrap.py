"""Makes `.venv` from the pinned requirements, or finds that nothing is to do; standard library only.

    python scripts/bootstrap.py run    what `make demo` needs (requirements.txt)
    python scripts/bootstrap.py dev    what `make test` and `make lint` need (requirements-dev.txt)
    SHUYUAN_VENV=.venv-rivals python scripts/bootstrap.py rivals    what `bench/rivals.py` compares with, in an environment apart

What pip says goes to `.venv/bootstrap.log`; here only progress is shown, and on failure what is wrong and what to do.
Belongs here: the environment. Does not belong here: anything that runs in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("SHUYUAN_VENV", PROJECT / ".venv")).absolute()
PYTHON = VENV / "bin" / "python"
LOG = VENV / "bootstrap.log"
STAMP = VENV / "bootstrap.json"
PROFILES = {
    "run": ("requirements.txt",),
    "dev": ("requirements.txt", "requirements-dev.txt"),
    "rivals": ("requirements-rivals.txt",),
}
OURS = ("run", "dev")
"""Profiles in whose environment the project itself is installed."""
FREE_GB = float(os.environ.get("SHUYUAN_MIN_FREE_GB", "3"))  # 1.6 GB of packages, their download, a demo city

# Read from pip's log, first match wins. pip ends an unreachable index with "no matching distribution" as well, so the
# connection comes before the resolution; a try that pip was to repeat does not count, as the next may have succeeded.
PASSING = re.compile(r"Retrying \(Retry\(total=[1-9]")
DIAGNOSES = (
    (
        r"No space left on device|Errno 28\b|Disk quota exceeded",
        "the disk is full",
        "free some space (3 GB are needed) and run the same command again",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError",
        "the package index showed a certificate that this machine does not trust",
        "tell pip your organisation's certificate: export PIP_CERT=/path/to/ca.pem",
    ),
    (
        r"Failed to establish a new connection|Connection refused|Max retries exceeded|Name or service not known|"
        r"Temporary failure in name resolution|ConnectTimeoutError|Read timed out|Cannot connect to proxy",
        "the package index cannot be reached",
        "check the network and the proxy (HTTPS_PROXY), or name a mirror you reach: export PIP_INDEX_URL=https://…/simple",
    ),
    (
        r"HTTP error (40[137]|5\d\d)|\b(40[137]|5\d\d) (Client|Server) Error",
        "the package index refused or failed",
        "check the index's address and login (pip config list), or try again later",
    ),
    (
        r"ResolutionImpossible|No matching distribution found|Could not find a version|requires a different Python",
        "the package index was reached, but a pinned package is not there for this Python and machine",
        "use Python 3.11-3.13 on Linux or macOS, or an index that holds the package named above",
    ),
)


class SetupError(Exception):
    """What is wrong, and the way out."""

    def __init__(self, wrong: str, way_out: str) -> None:
        super().__init__(f"shuyuan: {wrong}.\n  Way out: {way_out}.")


def main(arguments: list[str]) -> int:
    """Bring `.venv` to the named profile. Returns the exit code; says on stderr what stops it."""
    if len(arguments) != 1 or arguments[0] not in PROFILES:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        ensure(arguments[0])
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"shuyuan: {error}\n  Way out: make {PROJECT} writable for you, with space left.", file=sys.stderr)
        return 1
    return 0


def ensure(profile: str) -> None:
    """Make the environment and install what `profile` needs, unless the stamp says it is there."""
    check_disk()
    if not works():
        make_environment()
    if stamped(profile):
        return
    begun = time.monotonic()
    LOG.write_text("", "utf-8")
    pip(["-r", PROFILES[profile][-1]], packages(PROFILES[profile][-1]))
    if profile in OURS:
        pip(["--no-deps", "-e", "."], 1)
    stamp(profile)
    print(f"  environment ready in {time.monotonic() - begun:.0f} s ({VENV})")


def check_disk() -> None:
    """Raises SetupError when the file system of the project has too little space for the packages."""
    free = shutil.disk_usage(PROJECT).free / 1e9
    if free < FREE_GB:
        wrong = f"only {free:.1f} GB free where {PROJECT} lies, {FREE_GB:g} GB are needed"
        raise SetupError(wrong, "free some space, or clone to a larger disk")


def works() -> bool:
    """Whether `.venv` runs, has pip and a Python we support, and lies where it was made: its programs know only that place."""
    question = "import sys, pip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))"
    try:
        asked = subprocess.run([str(PYTHON), "-c", question], check=False, capture_output=True)  # noqa: S603
        return asked.returncode == 0 and str(PYTHON) in (VENV / "bin" / "pip").read_text("utf-8")
    except OSError:
        return False


def make_environment() -> None:
    print(f"• making {VENV} with Python {sys.version.split()[0]}")
    try:
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(VENV)
    except subprocess.CalledProcessError as error:
        raise SetupError(f"{sys.executable} could not make {VENV} ({error})", "apt-get install python3-venv") from error


def fingerprint(profile: str) -> str:
    """One number over everything that decides what the environment holds."""
    digest = hashlib.sha256()
    for name in (*PROFILES[profile], "pyproject.toml"):
        digest.update((PROJECT / name).read_bytes())
    return digest.hexdigest()


def stamped(profile: str) -> bool:
    try:
        return bool(json.loads(STAMP.read_text("utf-8"))[profile] == fingerprint(profile))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def stamp(profile: str) -> None:
    """Write down what is installed; the development set contains the running set."""
    contained = OURS if profile == "dev" else (profile,)
    STAMP.write_text(json.dumps({name: fingerprint(name) for name in contained}), "utf-8")


def packages(requirements: str) -> int:
    lines = (PROJECT / requirements).read_text("utf-8").splitlines()
    return sum(1 for line in lines if line.strip() and not line.startswith(("#", "-")))


def pip(arguments: list[str], total: int) -> None:
    """Run `pip install` with `arguments`; progress on the terminal, everything else in the log."""
    command = [str(PYTHON), "-m", "pip", "install", "--progress-bar", "off", *arguments]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PYTHONUNBUFFERED": "1"}
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=PROJECT, env=environment, **pipe) as running:  # noqa: S603
        assert running.stdout is not None  # noqa: S101 - for the type checker: stdout is a pipe
        follow(running.stdout, " ".join(arguments), total)
    if running.returncode != 0:
        raise diagnose(LOG.read_text("utf-8", "replace"))


def follow(lines: Iterable[str], what: str, total: int) -> None:
    """Keep every line in the log, show a count of packages every ten seconds."""
    seen, shown, unpacking = 0, time.monotonic(), False
    print(f"• installing {what}: {total} package(s), what pip says is in {LOG}", flush=True)
    with LOG.open("a", encoding="utf-8") as log:
        for line in lines:
            log.write(line)
            log.flush()
            seen += line.startswith(("Collecting ", "Requirement already satisfied", "Obtaining "))
            if line.startswith("Installing collected"):
                unpacking = True
                print("  all found, unpacking …", flush=True)
            elif not unpacking and time.monotonic() - shown > 10:
                shown = time.monotonic()
                print(f"  {min(seen, total)} of {total} …", flush=True)


def diagnose(log: str) -> SetupError:
    """What the log of a failed pip means; its last words come first, as they name the package."""
    lines = [line for line in log.splitlines() if line.strip() and not PASSING.search(line)]
    told = [line for line in lines if not line.startswith(("WARNING", "Looking in"))]
    print("\n".join(f"  pip: {line}" for line in told[-8:]), file=sys.stderr)
    for pattern, wrong, way_out in DIAGNOSES:
        if re.search(pattern, "\n".join(lines)):
            return SetupError(wrong, f"{way_out}; the whole story is in {LOG}")
    return SetupError("pip failed", f"read {LOG}, then run the same command again")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
