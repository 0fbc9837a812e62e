"""What a DAG processor sees, as JSON on the last line of stdout; run by test_dags.py in a fresh interpreter: `python dag_probe.py FOLDER`."""

import json
import sys
import time
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

before = set(sys.modules)


def about(dag: Any) -> dict[str, Any]:
    """The facts of one DAG that the tests judge."""
    DagSerialization.to_dict(dag)  # what cannot be stored cannot be scheduled
    return {
        "tasks": {task.task_id: about_task(task) for task in dag.tasks},
        "order": [task.task_id for task in dag.topological_sort()],
        "doc": dag.doc_md,
        "tags": sorted(dag.tags),
        "active": dag.max_active_runs,
        "catchup": dag.catchup,
        **about_assets(getattr(dag.timetable, "asset_condition", None)),
    }


def about_assets(condition: Any) -> dict[str, Any]:
    listens = sorted(asset.name for asset in condition.objects) if condition else []
    return {"any": type(condition).__name__ == "AssetAny", "listens": listens}


def about_task(task: Any) -> dict[str, Any]:
    return {
        "owner": task.owner,
        "retries": task.retries,
        "backoff": bool(task.retry_exponential_backoff),
        "upstream": sorted(task.upstream_task_ids),
        "weight": task.priority_weight,
        "outlets": [asset.name for asset in task.outlets],
    }


if __name__ == "__main__":
    folder = sys.argv[1]
    sys.path.insert(0, folder)
    began = time.perf_counter()
    bag = DagBag(folder)
    seconds = time.perf_counter() - began
    modules = sorted(set(sys.modules) - before)
    dags = {dag_id: about(dag) for dag_id, dag in bag.dags.items()}
    print("\n@@" + json.dumps({"dags": dags, "errors": bag.import_errors, "modules": modules, "seconds": seconds}))
