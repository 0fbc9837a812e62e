"""Filters of the console's tables: what came in the address → a WHERE clause of fixed fragments and bound values."""

from __future__ import annotations

from collections.abc import Mapping

from shuyuan.db.sql import SQL, Composable, join

# Every condition a table may be searched by; the value is bound under the same name. Never text of the user.
DISCREPANCY = {
    "library": "library = %(library)s",
    "item": "item = %(item)s",
    "class": "class = %(class)s",
    "department": "(split_part(source_ref, '.', 1) = %(department)s OR split_part(claim_ref, '.', 1) = %(department)s)",
    "entity": "entity = %(entity)s",
    "before": "discrepancy_id < %(before)s",
}
STATE = {"open": "closed_run IS NULL", "closed": "closed_run IS NOT NULL"}
ACCESS = {
    "user": "user_name = %(user)s",
    "method": "method = %(method)s",
    "outcome": "outcome = %(outcome)s",
    "purpose": "purpose = %(purpose)s",
    "object": "%(object)s = ANY(objects)",
    "text": "strpos(lower(statement), lower(%(text)s)) > 0",
    "since": "at >= %(since)s::date",
    "until": "at < %(until)s::date + 1",
    "viewer": "user_name = %(viewer)s",
}
LOAD = {
    "user": "actor = %(user)s",
    "outcome": "outcome = %(outcome)s",
    "object": "%(object)s IN (resource, library)",
    "text": "strpos(lower(coalesce(message, '') || ' ' || coalesce(file_name, '')), lower(%(text)s)) > 0",
    "since": "at >= %(since)s::date",
    "until": "at < %(until)s::date + 1",
}


def where(known: Mapping[str, str], given: Mapping[str, object], *more: str) -> dict[str, Composable]:
    """`{"filters": …}` for a statement: the known conditions whose value was given, and `more`, all of them."""
    conditions = [known[name] for name, value in given.items() if name in known and value not in (None, "")]
    return {"filters": join([SQL(text) for text in (*conditions, *more)] or [SQL("true")], " AND ")}
