"""The compose stack as compose itself reads it: complete, no secret without a source, nothing that runs as it likes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLE = (PROJECT / ".env.example").read_text("utf-8")
SECRETS = re.findall(r"^([A-Z_]+)=$", EXAMPLE, re.MULTILINE)
ONE_SHOT = {"init"}
DROPS_ROOT_ITSELF = {"postgres"}  # its entry point prepares the volume as root, then becomes `postgres`


def compose_command() -> list[str]:
    """Compose v2 as a plug-in of docker, or Debian's docker-compose; [] when there is neither."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            trial = subprocess.run([*command, "version"], check=False, capture_output=True)
            if trial.returncode == 0:
                return command
    return []


COMPOSE = compose_command()
needs_compose = pytest.mark.skipif(
    not COMPOSE, reason="no docker compose here (Debian: apt-get install docker-compose)"
)


def make_env(directory: Path) -> Path:
    command = [sys.executable, str(PROJECT / "scripts" / "compose_env.py"), str(directory / ".env")]
    subprocess.run(command, check=True, capture_output=True)
    return directory / ".env"


def config(env_file: Path) -> subprocess.CompletedProcess[str]:
    """`docker compose config` with the variables of `env_file` and no others."""
    plain = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    command = [*COMPOSE, "-f", str(PROJECT / "docker-compose.yml"), "--env-file", str(env_file), "config"]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=plain, cwd=PROJECT)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The resolved stack, as compose prints it."""
    done = config(make_env(tmp_path_factory.mktemp("compose")))
    assert done.returncode == 0, done.stderr
    resolved = yaml.safe_load(done.stdout)
    assert isinstance(resolved, dict)
    return resolved


@needs_compose
def test_the_whole_stack_is_there(stack: dict[str, Any]) -> None:
    airflow = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert set(stack["services"]) == airflow | {"postgres", "redis", "object-store", "init"}
    assert stack["services"]["postgres"]["image"] == "postgis/postgis:18-3.6"
    for name in airflow:
        assert stack["services"][name]["environment"]["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
        assert stack["services"][name]["depends_on"]["init"]["condition"] == "service_completed_successfully"


@needs_compose
def test_every_lasting_part_is_watched_and_tied_down(stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        if name not in ONE_SHOT:
            assert service["healthcheck"]["test"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert ":latest" not in service["image"], name
        assert ":" in service["image"], name
        if name not in DROPS_ROOT_ITSELF:
            assert not service["user"].startswith("0"), name
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name


@needs_compose
def test_what_comes_from_the_host_cannot_be_written_and_ports_are_local(stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        for volume in service.get("volumes", []):
            source, read_only = parsed_volume(volume)
            assert read_only or not source.startswith(("/", ".")), f"{name}: {volume}"
        for port in service.get("ports", []):
            host = port["host_ip"] if isinstance(port, dict) else str(port).split(":", 1)[0]
            assert host == "127.0.0.1", f"{name}: {port}"


def parsed_volume(volume: Any) -> tuple[str, bool]:
    """Source and whether it is read-only, in the short form of 1.29 or the long form of v2."""
    if isinstance(volume, dict):
        return str(volume["source"]), bool(volume.get("read_only", False))
    parts = str(volume).split(":")
    return parts[0], parts[-1] == "ro"


@needs_compose
def test_the_superusers_password_reaches_only_who_needs_it(stack: dict[str, Any]) -> None:
    holders = {n for n, s in stack["services"].items() if "PASSWORD_POSTGRES" in " ".join(s.get("environment", {}))}
    assert holders == {"init"}
    assert "POSTGRES_PASSWORD" in stack["services"]["postgres"]["environment"]


@needs_compose
@pytest.mark.parametrize("secret", SECRETS)
def test_every_secret_is_required_and_named(secret: str, tmp_path: Path) -> None:
    env_file = make_env(tmp_path)
    lines = env_file.read_text().splitlines()
    env_file.write_text("\n".join(line for line in lines if not line.startswith(f"{secret}=")) + "\n")
    done = config(env_file)
    assert done.returncode != 0
    assert f"set {secret} in .env" in done.stderr
    env_file.write_text("\n".join(f"{secret}=" if line.startswith(f"{secret}=") else line for line in lines) + "\n")
    assert config(env_file).returncode != 0


def test_compose_asks_for_exactly_the_secrets_of_the_example() -> None:
    text = (PROJECT / "docker-compose.yml").read_text("utf-8")
    assert set(re.findall(r"\$\{([A-Z_]+):\?", text)) == set(SECRETS)
    defaults = set(re.findall(r"\$\{([A-Z_]+):-", text))
    assert not {name for name in defaults if re.search(r"PASSWORD|SECRET|KEY", name)}


def test_a_made_env_is_private_filled_fit_for_urls_and_never_overwritten(tmp_path: Path) -> None:
    env_file = make_env(tmp_path)
    values = dict(line.split("=", 1) for line in env_file.read_text().splitlines() if line and line[0] != "#")
    assert env_file.stat().st_mode & 0o777 == 0o600
    assert len({values[name] for name in SECRETS}) == len(SECRETS)
    assert all(re.fullmatch(r"[A-Za-z0-9_=-]{20,}", values[name]) for name in SECRETS)
    before = env_file.read_text()
    command = [sys.executable, str(PROJECT / "scripts" / "compose_env.py"), str(env_file)]
    again = subprocess.run(command, check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert "stays as it is" in again.stderr
    assert env_file.read_text() == before


def test_what_the_image_copies_is_let_in_and_no_secret_is() -> None:
    """The Dockerfile's sources exist and pass .dockerignore, which otherwise excludes everything."""
    copied = re.findall(r"^COPY (.+) \S+$", (PROJECT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    ignore = (PROJECT / ".dockerignore").read_text("utf-8").split("\n")
    assert ignore[1] == "*"
    assert {line[1:] for line in ignore if line.startswith("!")} == sources
    assert all((PROJECT / source).exists() for source in sources)


def test_the_celery_pins_fit_the_running_set() -> None:
    """No package is pinned twice: what runs under Celery is what the tests ran, plus Celery."""
    pins = {name: (PROJECT / f"requirements{name}.txt").read_text("utf-8").splitlines() for name in ("", "-celery")}
    names = {which: {line.split("==")[0].lower().replace("_", "-") for line in lines} for which, lines in pins.items()}
    assert {"celery", "redis", "apache-airflow-providers-celery"} <= names["-celery"]
    assert names[""].isdisjoint(names["-celery"])
    assert all("==" in line for lines in pins.values() for line in lines if line[:1] not in {"", "#"})
