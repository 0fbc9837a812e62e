"""One resource's quality report: its batches, what was judged, what is in quarantine."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from shuyuan import settings
from shuyuan.catalog import Catalog, Resource, load_catalog
from shuyuan.web import charts
from shuyuan.web.desk import Desk, Row, desk, refuse
from shuyuan.web.export import MOST, download
from shuyuan.web.pages.asked import ViewerDep
from shuyuan.web.rendering import render
from shuyuan.web.viewer import Viewer

router = APIRouter()
BATCHES = (
    "batch_id", "business_date", "mode", "file_name", "file_sha256", "file_bytes", "control_rows", "state", "reason", "physical",
    "loaded", "quarantined", "blank", "preamble", "inserted", "updated", "deleted", "unchanged", "received_at", "changed_at",
)  # fmt: skip
QUARANTINE = ("line", "item", "value", "reason", "message", "raw", "at")


@router.get("/resource/{resource_id}")
def report(request: Request, viewer: ViewerDep, resource_id: str, batch: int | None = None) -> HTMLResponse:
    resource = _resource(resource_id)
    with desk(viewer) as ask:
        batches = ask.rows("batches", resource=resource.id, most=20)
        chosen = _chosen(batches, batch)
        judged = _judged(ask, chosen["batch_id"]) if chosen else {}
        scores = ask.rows("scores", resource=resource.id)
    return render(
        request,
        viewer,
        "resource.html",
        resource=resource,
        department=_catalog().departments[resource.department],
        labels={item.name: item for item in resource.items},
        batches=batches,
        batch=chosen,
        scores=_scores(scores),
        **(
            {"reasons": [], "evidence": [], "unmapped": [], "findings": [], "validation": None, "expectations": []}
            | judged
        ),
    )


@router.get("/resource/{resource_id}/batches.csv")
def batches_csv(viewer: ViewerDep, resource_id: str) -> Response:
    resource = _resource(resource_id)
    with desk(viewer) as ask:
        rows = ask.rows("batches", resource=resource.id, most=MOST + 1)
        ask.looked(f"batches of {resource.id}", ("ledger.batch",), BATCHES, len(rows), "csv")
    return download(f"batches_{resource.table}", BATCHES, rows)


@router.get("/resource/{resource_id}/quarantine")
def quarantine(
    request: Request, viewer: ViewerDep, resource_id: str, batch: int, reason: str | None = None
) -> HTMLResponse:
    resource = _resource(resource_id)
    rows, total = _quarantined(viewer, resource, batch, reason, 200, "html")
    labels = {item.name: item for item in resource.items}
    context: dict[str, Any] = {
        "resource": resource,
        "batch_id": batch,
        "chosen_reason": reason,
        "rows": rows,
        "total": total,
        "labels": labels,
    }
    return render(request, viewer, "quarantine.html", **context)


@router.get("/resource/{resource_id}/quarantine.csv")
def quarantine_csv(viewer: ViewerDep, resource_id: str, batch: int, reason: str | None = None) -> Response:
    resource = _resource(resource_id)
    rows, _ = _quarantined(viewer, resource, batch, reason, MOST + 1, "csv")
    return download(f"quarantine_{resource.table}_{batch}", QUARANTINE, rows)


def _quarantined(
    viewer: Viewer, resource: Resource, batch: int, reason: str | None, most: int, medium: str
) -> tuple[list[Row], int]:
    """Raw rows are personal values: only for those whose duty it is, and on record."""
    what, objects = f"quarantine of {resource.id}, batch {batch}, reason {reason or '*'}", ("ledger.quarantine",)
    if not viewer.sees_values:
        raise refuse(viewer, what, objects, "隔离区的原始行只对数据管理员和数据工程师开放")
    with desk(viewer) as ask:
        if not any(row["batch_id"] == batch for row in ask.rows("batches", resource=resource.id, most=MOST)):
            raise HTTPException(404, f"{resource.id}: no batch {batch}")
        groups = ask.rows("quarantine_reasons", batch=batch)
        rows = ask.rows("quarantine", batch=batch, reason=reason, most=most)
        ask.looked(what, objects, QUARANTINE, len(rows), medium)
    return rows, sum(group["rows"] for group in groups if reason in (None, group["reason"]))


def _judged(ask: Desk, batch: int) -> dict[str, Any]:
    validation = ask.one("validation", batch=batch)
    return {
        "reasons": ask.rows("quarantine_reasons", batch=batch),
        "evidence": ask.rows("evidence", batch=batch),
        "unmapped": ask.rows("unmapped", batch=batch),
        "findings": ask.rows("findings", batch=batch),
        "validation": validation,
        "expectations": expectations(validation["results"]) if validation else [],
    }


def expectations(document: dict[str, Any]) -> list[Row]:
    """Great Expectations' result document → one row per expectation: what it asks, of what, how severe, met or not, how many rows."""
    rows = []
    for result in document.get("results", []):
        asked = result.get("expectation_config") or {}
        kwargs, found = asked.get("kwargs") or {}, result.get("result") or {}
        subject = kwargs.get("column") or kwargs.get("item") or kwargs.get("column_A") or ""
        rows.append(
            {
                "type": asked.get("type") or asked.get("expectation_type") or "",
                "asks": asked.get("description") or "",
                "subject": subject,
                "severity": asked.get("severity") or "info",
                "met": bool(result.get("success")),
                "unexpected": found.get("unexpected_count"),
                "observed": found.get("observed_value"),
            }
        )
    return sorted(rows, key=lambda row: row["met"])


def _scores(rows: list[Row]) -> charts.Chart | None:
    series = [
        (f"{row['business_date']:%m-%d}", [("good", round(row["score"])), ("lost", round(100 - row["score"]))])
        for row in reversed(rows)
    ]
    return charts.columns(series, width=320, height=64) if len(series) > 1 else None


def _chosen(batches: list[Row], asked: int | None) -> Row | None:
    if asked is None:
        return batches[0] if batches else None
    found = next((batch for batch in batches if batch["batch_id"] == asked), None)
    if found is None:
        raise HTTPException(404, f"no batch {asked} among the last {len(batches)}")
    return found


def _resource(resource_id: str) -> Resource:
    resource = _catalog().resources.get(resource_id)
    if resource is None:
        raise HTTPException(404, f"no resource {resource_id}")
    return resource


def _catalog() -> Catalog:
    return load_catalog(settings.load().catalog)
