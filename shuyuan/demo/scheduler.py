"""A client of Airflow's REST API: is it well, set DAGs free, start runs, see how they fare. Uses httpx, which comes with Airflow.

Belongs here: requests and their answers as plain data. Does not belong here: waiting, drawing, deciding (`line`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

PAGE = 100  # Airflow's own limit
LONGEST = 1500  # characters of one complaint
ENDED = frozenset({"success", "failed"})


class Refused(RuntimeError):
    """Airflow did not accept a request or did not answer; the message holds what it said."""


@dataclass(frozen=True)
class DagRun:
    """One run of one DAG: `state` is queued, running, success or failed."""

    dag_id: str
    run_id: str
    state: str


@dataclass(frozen=True)
class TaskState:
    """One task of a run; `state` is None while it waits for those before it."""

    dag_id: str
    run_id: str
    task_id: str
    state: str | None
    try_number: int


class Scheduler:
    """A session with the API server at `address`. Signs in again when its token has expired."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self._user = {"username": user, "password": password}
        self._http = httpx.Client(base_url=address, timeout=60, trust_env=False)  # a proxy is not the way to ourselves

    def health(self) -> dict[str, str | None]:
        """State of metadatabase, scheduler and dag_processor; empty while the server does not answer."""
        try:
            answer = self._http.get("/api/v2/monitor/health", timeout=5)
            return {part: words["status"] for part, words in answer.json().items()}
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return {}

    def dags(self) -> dict[str, bool]:
        """Every DAG that Airflow knows, and whether it is paused."""
        return {dag["dag_id"]: dag["is_paused"] for dag in self._pages("GET", "/dags", "dags")}

    def import_errors(self) -> list[str]:
        """What kept a DAG file from being read: `file: what`."""
        found = self._pages("GET", "/importErrors", "import_errors")
        return [f"{error['filename']}: {error['stack_trace'][-LONGEST:]}" for error in found]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a DAG."""
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, str]) -> bool:
        """Start a run, or do nothing when a run of that id exists (False)."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        return self._call("POST", f"/dags/{dag_id}/dagRuns", json=body, accepted=(200, 201, 409)).status_code != 409

    def retry(self, dag_id: str, run_id: str) -> None:
        """Let the failed tasks of a run, and those that wait for them, run again."""
        body = {"dry_run": False, "only_failed": True}
        self._call("POST", f"/dags/{dag_id}/dagRuns/{run_id}/clear", json=body)

    def runs(self, dag_ids: Iterable[str]) -> list[DagRun]:
        """Every run of these DAGs, oldest first."""
        body = {"dag_ids": sorted(dag_ids), "order_by": "id"}
        found = self._pages("POST", "/dags/~/dagRuns/list", "dag_runs", body)
        return [DagRun(run["dag_id"], run["dag_run_id"], run["state"]) for run in found]

    def tasks(self, run: DagRun) -> list[TaskState]:
        """The tasks of one run."""
        return self._tasks(f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances")

    def retrying(self) -> list[TaskState]:
        """Every task that has failed and will be tried again."""
        return self._tasks("/dags/~/dagRuns/~/taskInstances", state="up_for_retry")

    def announced(self, dag_id: str) -> int:
        """How many announcements of assets wait to start the DAG."""
        answer = self._call("GET", f"/dags/{dag_id}/assets/queuedEvents", accepted=(200, 404))
        return 0 if answer.status_code == 404 else int(answer.json()["total_entries"])

    def _tasks(self, path: str, **only: str) -> list[TaskState]:
        return [
            TaskState(task["dag_id"], task["dag_run_id"], task["task_id"], task["state"], task["try_number"])
            for task in self._pages("GET", path, "task_instances", only)
        ]

    def _pages(self, method: str, path: str, key: str, asked: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            if method == "GET":
                how: dict[str, Any] = {"params": {**(asked or {}), "limit": PAGE, "offset": len(found)}}
            else:
                how = {"json": {**(asked or {}), "page_limit": PAGE, "page_offset": len(found)}}
            answer = self._call(method, path, **how).json()
            found += answer[key]
            if not answer[key] or len(found) >= answer["total_entries"]:
                return found

    def _call(self, method: str, path: str, *, accepted: tuple[int, ...] = (200, 201), **how: Any) -> httpx.Response:
        if "Authorization" not in self._http.headers:
            self._sign_in()
        answer = self._request(method, f"/api/v2{path}", **how)
        if answer.status_code == 401:
            self._sign_in()
            answer = self._request(method, f"/api/v2{path}", **how)
        if answer.status_code not in accepted:
            raise Refused(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:500]}")
        return answer

    def _request(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **how)
        except httpx.TransportError as error:
            where = self._http.base_url
            raise Refused(
                f"Airflow does not answer at {where}: {error}; see `shuyuan demo status`, then: make demo"
            ) from error

    def _sign_in(self) -> None:
        answer = self._request("POST", "/auth/token", json=self._user)
        if answer.status_code != 201:
            raise Refused(
                f"Airflow refused the password of {self._user['username']} ({answer.status_code}); "
                "another deployment may listen on this port, or secrets.json was replaced: make down; make demo"
            )
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
