"""The straight line: receive → read → check → admit → resolve → publish. Plain functions, no Airflow; each idempotent and atomic."""

from shuyuan.flow.step import Rejected, Unproven

__all__ = ["Rejected", "Unproven"]
