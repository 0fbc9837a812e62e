"""The watcher of the inbox: runs in the triggerer and says that something has come. What it is, a task finds out.

It stands among the plugins because the triggerer looks for triggers here and not among the DAGs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent


class InboxTrigger(BaseEventTrigger):
    """Fires when the inbox looks different, and once at its start, as it may have changed while nobody looked. `every`: seconds between two looks."""

    def __init__(self, every: float = 10.0) -> None:
        super().__init__()
        self.every = every

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Where the triggerer finds this class, and with what."""
        return "shuyuan_inbox.InboxTrigger", {"every": self.every}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look for ever. Names and ages only, in a thread: the triggerer's loop serves others too."""
        from shuyuan import settings  # noqa: PLC0415  # parsing must stay light
        from shuyuan.intake.watch import picture  # noqa: PLC0415

        seen = None
        while True:
            now = await asyncio.to_thread(picture, settings.load().inbox)
            if now != seen:
                seen = now
                yield TriggerEvent({"inbox": now[:16]})
            await asyncio.sleep(self.every)
