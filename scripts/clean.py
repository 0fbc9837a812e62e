"""Removes the state of this deployment (SHUYUAN_HOME, `.shuyuan` by default) after `make down`; standard library only.

A directory that is not a deployment's home is refused: SHUYUAN_HOME may be mistyped.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def main() -> int:
    home = Path(os.environ.get("SHUYUAN_HOME", PROJECT / ".shuyuan")).resolve()
    if not home.exists():
        print(f"nothing to remove: {home} does not exist")
        return 0
    if home.name != ".shuyuan" and not (home / "secrets.json").exists():
        print(f"shuyuan: {home} does not look like a deployment (no secrets.json); nothing removed.", file=sys.stderr)
        print("  Way out: correct SHUYUAN_HOME, or remove the directory by hand.", file=sys.stderr)
        return 1
    shutil.rmtree(home)
    print(f"removed {home}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
