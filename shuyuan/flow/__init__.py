"""The straight line: receive → read → check → admit → resolve → publish. Plain functions, no Airflow; each idempotent and atomic."""

from shuyuan.flow.feed import read, receive
from shuyuan.flow.gate import admit, check
from shuyuan.flow.library import begin, end, parts, publish, resolve, resolve_part
from shuyuan.flow.step import Rejected, Unproven

__all__ = [
    "Rejected",
    "Unproven",
    "admit",
    "begin",
    "check",
    "end",
    "parts",
    "publish",
    "read",
    "receive",
    "resolve",
    "resolve_part",
]
