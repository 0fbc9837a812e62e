"""What the lines of PostgreSQL's JSON log say about one analyst's statements (PostgreSQL manual, 20.8 Error Reporting and Logging).

A statement's line comes before it runs; the session's next duration line ends it well, its next error line ends it badly.
An error without such a line (a syntax error, a refused login) speaks for itself.
Does not belong here: files, offsets, tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from shuyuan.ledger.access import Access, Outcome

PREFIX = "analyst_"
SCHEMAS = ("catalog", "claim", "history", "ledger", "library", "share", "source", "staging")
DENIED = ("42501", "28")  # insufficient_privilege; class 28, invalid authorisation
UNKNOWN = "直接 SQL：用途未申报，返回行数未知"

_STATEMENT = re.compile(r"(?:statement|execute [^:]*|fastpath function call): (?P<sql>.*)", re.DOTALL)
_DURATION = re.compile(r"duration: (?P<ms>[0-9.]+) ms")
_NOISE = re.compile(r"'(?:[^']|'')*'|\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*.*?\*/", re.DOTALL)
_RELATION = re.compile(rf'\b"?({"|".join(SCHEMAS)})"?\s*\.\s*"?([A-Za-z_][A-Za-z0-9_]*)"?', re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where a line begins."""

    file_name: str
    offset: int


@dataclass
class Sessions:
    """Statements by session: those whose end is known are in `done`, the others wait in `running`."""

    done: list[Access] = field(default_factory=list)
    running: dict[str, tuple[Access, Place, int]] = field(default_factory=dict)

    def take(self, line: bytes, place: Place) -> None:
        """One line of the log. A line that is no JSON is recorded as it is: it might have been somebody's statement."""
        try:
            entry = json.loads(line.decode("utf-8", "replace"))
        except json.JSONDecodeError:
            self.done.append(_damaged(line, place))
            return
        if str(entry.get("user", "")).startswith(PREFIX):
            self._entry(entry, place)

    def finished(self) -> list[Access]:
        """Hand over what is done."""
        done, self.done = self.done, []
        return done

    def abandoned(self, live: AbstractSet[int]) -> list[Access]:
        """Statements whose session is gone without a word about their end (the server was killed)."""
        gone = [session for session, (_, _, pid) in self.running.items() if pid not in live]
        reason = f"{UNKNOWN}；会话在语句结束前中断"
        return [replace(self.running.pop(session)[0], outcome="failed", reason=reason) for session in gone]

    def held_back(self) -> dict[str, int]:
        """Per file, where the earliest statement begins that is still running: the next harvest starts there."""
        places: dict[str, int] = {}
        for _, place, _ in self.running.values():
            places[place.file_name] = min(place.offset, places.get(place.file_name, place.offset))
        return places

    def _entry(self, entry: dict[str, Any], place: Place) -> None:
        session, message = str(entry.get("session_id", "")), str(entry.get("message", ""))
        if found := _STATEMENT.fullmatch(message):
            self._end(session, "granted", UNKNOWN)
            access = _access(entry, _with_detail(found["sql"], entry), UNKNOWN)
            self.running[session] = (access, place, int(entry.get("pid", 0)))
        elif found := _DURATION.match(message):
            self._end(session, "granted", UNKNOWN, float(found["ms"]) / 1000)
        elif entry.get("error_severity") in ("ERROR", "FATAL", "PANIC"):
            self._error(session, entry, message)

    def _error(self, session: str, entry: dict[str, Any], message: str) -> None:
        denied = str(entry.get("state_code", "")).startswith(DENIED)
        outcome: Outcome = "refused" if denied else "failed"
        reason = f"{UNKNOWN}；{entry.get('error_severity')} {entry.get('state_code', '')}: {message}"
        if session in self.running:
            self._end(session, outcome, reason)
        else:
            text = str(entry.get("statement") or "(connect)")
            self.done.append(replace(_access(entry, text, reason), outcome=outcome))

    def _end(self, session: str, outcome: Outcome, reason: str, seconds: float | None = None) -> None:
        if session in self.running:
            access, _, _ = self.running.pop(session)
            self.done.append(replace(access, outcome=outcome, reason=reason, seconds=seconds))


def relations(text: str) -> tuple[str, ...]:
    """Tables and views that a statement names with one of our schemas, sorted; literals and comments do not count.

    A name without schema is not found: analysts have no search path into the warehouse.
    """
    bare = _NOISE.sub(" ", text)
    return tuple(sorted({f"{schema}.{name}".lower() for schema, name in _RELATION.findall(bare)}))


def _access(entry: dict[str, Any], text: str, reason: str) -> Access:
    return Access(
        at=_moment(str(entry["timestamp"])),
        user_name=str(entry["user"]).removeprefix(PREFIX),
        role="analyst",
        statement=text,
        objects=relations(text),
        method="psql",
        medium=str(entry.get("application_name") or "") or None,
        outcome="granted",
        reason=reason,
        origin=f"{entry['session_id']}:{entry['line_num']}",
    )


def _with_detail(text: str, entry: dict[str, Any]) -> str:
    """The statement with what the server adds to it: the values of its parameters, or what a prepared name stands for."""
    return f"{text} -- {entry['detail']}" if entry.get("detail") else text


def _moment(text: str) -> datetime:
    """`2026-11-20 03:31:00.123 UTC`: the server logs in UTC (`log_timezone`)."""
    return datetime.strptime(text.removesuffix(" UTC"), "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)


def _damaged(line: bytes, place: Place) -> Access:
    text = line.decode("utf-8", "replace").strip().replace("\x00", "�") or "(empty line)"
    reason = f"日志行损坏，无法解析：{place.file_name} 第 {place.offset} 字节"
    origin = f"{place.file_name}:{place.offset}"
    return Access(user_name="unknown", statement=text, method="psql", outcome="failed", reason=reason, origin=origin)
