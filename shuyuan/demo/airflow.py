"""Airflow for one deployment: the environment its `airflow` program runs in. Airflow itself is not imported here.

Belongs here: where Airflow keeps things, who may sign in, how it is tuned for two cores. Does not belong here: starting it (`daemons`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from pathlib import Path

from shuyuan.db import embedded, secrets
from shuyuan.settings import PROJECT

HOST = "127.0.0.1"
USERS = {
    "admin": "admin",
    "engineer": "op",
    "viewer": "viewer",
}  # who signs in to Airflow and the console, with which role
LOOK_AGAIN = "20"  # seconds after which a new YAML file is a DAG

# Worker processes are forked from a server that has these loaded: 0.3 s for a task instead of the 4 s of importing them.
_PRELOADED = (
    "airflow.executors.local_executor",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.decorators.sensor",
    "airflow.providers.common.io.assets.file",
    "airflow.api_fastapi.app",  # what the plugin of the console imports: every task loads the plugins
    "airflow.api_fastapi.core_api.security",
    "shuyuan.web",
    "shuyuan.flow",
    "shuyuan.quality.check",  # Great Expectations, which the flow leaves to the moment it is needed
    "shuyuan.quality.validation",
    "shuyuan.quality.docs",
)


class Misconfigured(RuntimeError):
    """The environment does not let Airflow run; the message says what to do."""


def port() -> int:
    """The port of Airflow's page and the console: SHUYUAN_PORT, default 8080. Raises Misconfigured when that is no port."""
    text = os.environ.get("SHUYUAN_PORT", "8080")
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Misconfigured(f"SHUYUAN_PORT={text!r} is no port; use a number from 1024 to 65535")
    return int(text)


def address(listens_on: int) -> str:
    """Where Airflow's page is."""
    return f"http://{HOST}:{listens_on}"


def executable() -> Path:
    """The `airflow` program of this virtual environment. Raises Misconfigured when it is not installed."""
    program = Path(sys.executable).parent / "airflow"
    if not program.exists():
        raise Misconfigured(f"{program} is missing; run: {sys.executable} -m pip install -r requirements.txt")
    return program


def environment(home: Path, listens_on: int) -> dict[str, str]:
    """All of the environment in which Airflow's parts run. Holds passwords: never print it."""
    options = {**_places(home), **_web(listens_on), **_keys(home), **_SPEED, **_QUIET}
    variables = {f"AIRFLOW__{name.upper().replace('.', '__')}": value for name, value in options.items()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    path = f"{executable().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    own = {"AIRFLOW_HOME": str(home / "airflow"), "SHUYUAN_HOME": str(home), "PATH": path, "PYTHONUNBUFFERED": "1"}
    return {**inherited, **variables, **own}


def write_users(home: Path) -> Path:
    """Put the generated passwords where Airflow's simple auth manager reads them (mode 0600); returns the file."""
    path = home / "airflow" / "users.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    passwords = {name: password(home, name) for name in USERS}
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(json.dumps(passwords) + "\n")
    return path


def password(home: Path, user: str) -> str:
    """The generated password of a user of Airflow and the console (kept in `secrets.json` as `web_<user>`)."""
    return secrets.password(home, f"web_{user}")


def _places(home: Path) -> dict[str, str]:
    return {
        "core.dags_folder": str(PROJECT / "dags"),
        "core.plugins_folder": str(PROJECT / "plugins"),
        "core.simple_auth_manager_passwords_file": str(home / "airflow" / "users.json"),
        "core.simple_auth_manager_users": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "database.sql_alchemy_conn": embedded.url(home, "airflow", "airflow", "psycopg2"),
        "database.sql_alchemy_conn_async": embedded.url(home, "airflow", "airflow", "asyncpg"),
        "logging.base_log_folder": str(home / "log" / "airflow"),
        "logging.dag_processor_child_process_log_directory": str(home / "log" / "airflow" / "dag_processor"),
    }


def _web(listens_on: int) -> dict[str, str]:
    return {
        "core.execution_api_server_url": f"{address(listens_on)}/execution/",
        "api.host": HOST,
        "api.port": str(listens_on),
        "api.base_url": address(listens_on),
    }


def _keys(home: Path) -> dict[str, str]:
    """Airflow's keys, each derived from a secret of the deployment, so that they outlive a restart."""

    def digest(name: str) -> bytes:
        return hashlib.sha512(secrets.password(home, name).encode()).digest()

    return {
        "core.fernet_key": base64.urlsafe_b64encode(digest("airflow_fernet_key")[:32]).decode(),
        "api.secret_key": digest("airflow_secret_key").hex(),
        "api_auth.jwt_secret": digest("airflow_jwt_secret").hex(),
    }


# Measured on two cores with 22 feeds; docs/decisions/0021.
_SPEED = {
    "core.executor": "LocalExecutor",
    "core.parallelism": "3",
    "core.execute_tasks_new_python_interpreter": "False",
    "core.mp_forkserver_preload": ",".join(_PRELOADED),
    "scheduler.mp_start_method": "forkserver",
    "scheduler.scheduler_idle_sleep_time": "0.5",
    "scheduler.max_dagruns_to_create_per_loop": "50",
    "scheduler.max_dagruns_per_loop_to_schedule": "50",
    "scheduler.enable_health_check": "False",
    "dag_processor.parsing_processes": "1",
    "dag_processor.min_file_process_interval": LOOK_AGAIN,
    "dag_processor.refresh_interval": LOOK_AGAIN,
    "dag_processor.bundle_refresh_check_interval": "5",
    "api.workers": "1",
}
_QUIET = {
    "core.load_examples": "False",
    "core.dags_are_paused_at_creation": "True",  # the demo, or an operator, decides when a feed goes live
    "core.default_timezone": "Asia/Shanghai",
    "core.hostname_callable": "socket.gethostname",  # no DNS needed
    "core.test_connection": "Disabled",
    "logging.colored_console_log": "False",
    "metrics.statsd_on": "False",
    "metrics.otel_on": "False",
    "traces.otel_on": "False",
    "api.instance_name": "数源 Shuyuan",
    "api.expose_config": "False",
}
