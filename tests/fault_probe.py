"""One step that dies in the middle: `main("worker" or "server", module, function, "before" or "after", step, argument)`.

Called in a process of its own, killed by the kernel: nothing is cleaned up, no transaction is rolled back by us, as when a machine loses power.
`server` kills PostgreSQL instead and lets the worker meet the broken connection.
"""

from __future__ import annotations

import importlib
import os
import signal
from datetime import date
from typing import Any


def main(victim: str, module: str, function: str, when: str, step: str, argument: str) -> None:
    home_module = importlib.import_module(module)
    holder, name = home_module, function
    if "." in function:
        owner, name = function.split(".")
        holder = getattr(home_module, owner)
    original = getattr(holder, name)

    def dying(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            strike(victim)
        result = original(*args, **kwargs)
        strike(victim)
        return result

    setattr(holder, name, dying)
    walk(step, argument)


def strike(victim: str) -> None:
    if victim == "worker":
        os.kill(os.getpid(), signal.SIGKILL)
    from shuyuan import settings
    from shuyuan.db import embedded

    embedded.kill(settings.load().home)


def walk(step: str, argument: str) -> None:
    from shuyuan import flow

    if step == "receive":
        flow.receive("public_security.resident", date.fromisoformat(argument))
    elif step == "resolve":
        flow.resolve(argument)
    else:
        {"read": flow.read, "check": flow.check, "admit": flow.admit, "publish": flow.publish}[step](int(argument))
