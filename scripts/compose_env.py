"""Makes `.env` for the compose stack from `.env.example`: every empty value gets a random one; standard library only.

python3 scripts/compose_env.py [FILE]        `.env` by default; an existing file is never touched
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def filled(line: str) -> str:
    """The line with a value, if it is an assignment without one."""
    name, equals, value = line.partition("=")
    if line.startswith("#") or not equals or value:
        return line
    if name == "AIRFLOW_FERNET_KEY":
        return f"{name}={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}"
    return f"{name}={secrets.token_hex(10 if name.endswith('ACCESS_KEY') else 24)}"


def main(arguments: list[str]) -> int:
    target = Path(arguments[0]) if arguments else PROJECT / ".env"
    text = "\n".join(filled(line) for line in (PROJECT / ".env.example").read_text("utf-8").splitlines())
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        print(f"shuyuan: {target} exists and stays as it is: a running stack knows its passwords.", file=sys.stderr)
        print("  Way out: edit it by hand, or move it away first.", file=sys.stderr)
        return 1
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    print(f"made {target} (mode 0600)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
