"""What a new user meets before anything runs: finding Python, making the environment, and the messages when that fails."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).resolve().parent.parent
SH = shutil.which("sh") or "/bin/sh"

# A build backend without needs: it lets the whole installation run with no index at all.
BACKEND = """
import zipfile
NAME = "tiny-1.0.dist-info"
def build_editable(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{directory}/tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{NAME}/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
        wheel.writestr(f"{NAME}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{NAME}/RECORD", "")
    return "tiny-1.0-py3-none-any.whl"
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def stub(directory: Path, name: str, body: str) -> None:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"#!{SH}\n{body}\n")
    (directory / name).chmod(0o755)


def find_python(path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path), **variables}
    script = str(PROJECT / "scripts" / "find_python.sh")
    return subprocess.run([SH, script], check=False, capture_output=True, text=True, env=environment)


def test_an_old_python_is_named_with_its_version_and_the_way_out(tmp_path: Path) -> None:
    stub(tmp_path, "python3", 'case "$2" in *version_info*) echo 3.9;; *) exit 1;; esac')
    done = find_python(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert f"{tmp_path}/python3 (3.9)" in done.stderr
    assert "Way out" in done.stderr


def test_no_python_and_one_that_does_not_run_are_told_alike(tmp_path: Path) -> None:
    assert "no Python that runs" in find_python(tmp_path / "empty").stderr
    stub(tmp_path / "shims", "python3", 'echo "pyenv: python3: command not found" >&2; exit 127')
    assert "no Python that runs" in find_python(tmp_path / "shims").stderr


def test_a_python_without_venv_is_told_apart(tmp_path: Path) -> None:
    stub(tmp_path, "python3", 'case "$2" in *version_info*) echo 3.12;; *) exit 1;; esac')
    assert "apt-get install python3-venv" in find_python(tmp_path).stderr


def test_the_first_that_runs_is_taken(tmp_path: Path) -> None:
    stub(tmp_path, "python3", "exit 127")
    stub(tmp_path, "python3.13", 'case "$2" in *version_info*) echo 3.14;; *) exit 0;; esac')
    stub(tmp_path, "python3.12", 'case "$2" in *version_info*) echo 3.12;; *) exit 0;; esac')
    assert find_python(tmp_path).stdout.strip() == f"{tmp_path}/python3.12"
    named = find_python(tmp_path, SHUYUAN_PYTHON=sys.executable)
    assert named.stdout.strip() == sys.executable


def test_make_stops_at_a_missing_python(tmp_path: Path) -> None:
    stub(tmp_path, "python3", "exit 127")
    for tool in ("sh", "make"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    done = subprocess.run(
        ["make", "-C", str(PROJECT), "venv"], check=False, capture_output=True, text=True, env={"PATH": str(tmp_path)}
    )
    assert done.returncode != 0
    assert "no Python that runs" in done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that is small and needs no index, with our own scripts."""
    shutil.copytree(PROJECT / "scripts", tmp_path / "p" / "scripts")
    for name, content in {
        "requirements.txt": "",
        "requirements-dev.txt": "",
        "pyproject.toml": PYPROJECT,
        "backend.py": BACKEND,
    }.items():
        (tmp_path / "p" / name).write_text(content)
    return tmp_path / "p"


def bootstrap(project: Path, profile: str = "run", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the bootstrap of `project` with pip's settings of this machine out of the way."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "SHUYUAN_"))}
    environment = {**plain, "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "1", **variables}
    command = [sys.executable, str(project / "scripts" / "bootstrap.py"), profile]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_it_installs_once_and_again_only_when_pins_change(project: Path) -> None:
    first = bootstrap(project, PIP_NO_INDEX="1")
    assert first.returncode == 0, first.stderr
    assert "environment ready" in first.stdout
    log = project / ".venv" / "bootstrap.log"
    assert "Successfully installed tiny-1.0" in log.read_text()
    log.unlink()
    second = bootstrap(project, PIP_NO_INDEX="1")
    assert (second.returncode, second.stdout, log.exists()) == (0, "", False)
    (project / "requirements-dev.txt").write_text("# changed\n")
    assert bootstrap(project, PIP_NO_INDEX="1").stdout == ""
    assert "environment ready" in bootstrap(project, "dev", PIP_NO_INDEX="1").stdout
    (project / "requirements.txt").write_text("# changed\n")
    assert "environment ready" in bootstrap(project, PIP_NO_INDEX="1").stdout


def test_the_rivals_environment_is_apart(project: Path) -> None:
    """It holds the rivals' pins, not the project, and leaves `.venv` alone."""
    (project / "requirements-rivals.txt").write_text("")
    apart = project / ".venv-rivals"
    first = bootstrap(project, "rivals", PIP_NO_INDEX="1", SHUYUAN_VENV=str(apart))
    assert first.returncode == 0, first.stderr
    assert "tiny" not in (apart / "bootstrap.log").read_text()
    assert not (project / ".venv").exists()
    assert bootstrap(project, "rivals", PIP_NO_INDEX="1", SHUYUAN_VENV=str(apart)).stdout == ""
    (project / "requirements-rivals.txt").write_text("surely-not-installed==1.0\n")
    absent = bootstrap(project, "rivals", PIP_NO_INDEX="1", SHUYUAN_VENV=str(apart))
    assert absent.returncode == 1
    assert "surely-not-installed" in absent.stderr


def test_an_environment_copied_from_elsewhere_is_made_anew(project: Path, tmp_path: Path) -> None:
    assert bootstrap(project, PIP_NO_INDEX="1").returncode == 0
    moved = project.rename(tmp_path / "moved")
    done = bootstrap(moved, PIP_NO_INDEX="1")
    assert "• making" in done.stdout
    assert done.returncode == 0


def test_an_unreachable_index_is_told_from_a_package_that_is_not_there(project: Path) -> None:
    (project / "requirements.txt").write_text("surely-not-installed==1.0\n")
    with socket.socket() as closed:  # bound but never listening: a connection is refused
        closed.bind(("127.0.0.1", 0))
        index = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        unreachable = bootstrap(project, PIP_INDEX_URL=index)
    assert unreachable.returncode == 1
    assert "the package index cannot be reached" in unreachable.stderr
    assert "PIP_INDEX_URL" in unreachable.stderr
    assert "WARNING" not in unreachable.stdout + unreachable.stderr
    assert "Retrying" in (project / ".venv" / "bootstrap.log").read_text()
    absent = bootstrap(project, PIP_NO_INDEX="1")
    assert absent.returncode == 1
    assert "index was reached" in absent.stderr
    assert "surely-not-installed==1.0" in absent.stderr


def test_too_little_disk_is_told_before_anything_is_written(project: Path) -> None:
    done = bootstrap(project, SHUYUAN_MIN_FREE_GB="1000000")
    assert done.returncode == 1
    assert "GB free" in done.stderr
    assert "1e+06 GB are needed" in done.stderr
    assert not (project / ".venv").exists()


@pytest.mark.parametrize(
    ("log", "wrong"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ssl.SSLCertVerificationError: certificate verify failed", "certificate"),
        ("ERROR: 403 Client Error: Forbidden for url: https://host.example/package/", "refused or failed"),
        (
            "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'Failed to establish a new connection'\n"
            "ERROR: ResolutionImpossible: conflicting dependencies",
            "the package index was reached",
        ),
        ("error: subprocess-exited-with-error", "pip failed"),
    ],
)
def test_words_of_pip_that_a_test_cannot_provoke(log: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))
    import bootstrap as module

    assert wrong in str(module.diagnose(log))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program of this machine listens on."""
    program = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); time.sleep(60)"
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    with subprocess.Popen([python, "-c", program], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        yield int(other.stdout.readline())
        other.kill()


def console_port(port: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "scripts" / "console_port.py")]
    environment = {**os.environ, "SHUYUAN_PORT": port}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_a_taken_port_names_the_holder_and_another_port(taken: int) -> None:
    done = console_port(str(taken))
    assert done.returncode == 1
    assert f"port {taken}, where the console is to listen, is taken by python3" in done.stderr
    assert "make demo SHUYUAN_PORT=" in done.stderr
    suggested = done.stderr.rstrip().rsplit("=", 1)[1]
    assert console_port(suggested).returncode == 0


def test_the_console_that_is_already_up_does_not_take_its_own_port(taken: int, tmp_path: Path) -> None:
    holder = next(
        c.pid for c in psutil.net_connections("tcp") if c.laddr.port == taken and c.status == psutil.CONN_LISTEN
    )
    note = tmp_path / "airflow" / "parts" / "api-server.json"
    note.parent.mkdir(parents=True)
    note.write_text(json.dumps({"pid": holder, "started": psutil.Process(holder).create_time(), "port": taken}))
    command = [sys.executable, str(PROJECT / "scripts" / "console_port.py")]
    environment = {**os.environ, "SHUYUAN_HOME": str(tmp_path), "SHUYUAN_PORT": str(taken)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("port", ["", "http", "0", "65536"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    assert "is not a port" in console_port(port).stderr


def clean(home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "scripts" / "clean.py")]
    environment = {**os.environ, "SHUYUAN_HOME": str(home)}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_clean_removes_a_deployment_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    refused = clean(tmp_path / "mine")
    assert refused.returncode == 1
    assert "does not look like a deployment" in refused.stderr
    assert (tmp_path / "mine" / "letter.txt").exists()
    (tmp_path / "mine" / "secrets.json").write_text("{}")
    assert clean(tmp_path / "mine").returncode == 0
    assert not (tmp_path / "mine").exists()
    assert clean(tmp_path / "mine").returncode == 0
