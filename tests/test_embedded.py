"""The embedded server, on real servers in temporary directories: passwords, privacy, durability, recovery, the json log."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from shuyuan import settings
from shuyuan.db import account, address, cluster, embedded, secrets


@pytest.fixture(scope="module")
def server() -> Iterator[embedded.Server]:
    """One running server for the tests that do not kill it."""
    with tempfile.TemporaryDirectory(prefix="sy-") as name:
        running = embedded.start(Path(name) / "home")
        yield running
        embedded.kill(running.home)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory of our own: pytest closes the directory above its `tmp_path` to other accounts whenever it starts."""
    with tempfile.TemporaryDirectory(prefix="sy-") as name:
        yield Path(name)


@pytest.fixture
def home(place: Path) -> Iterator[Path]:
    """The home of a server that a test makes and may break."""
    yield place / "home"
    embedded.kill(place / "home")


def connect(
    home: Path, role: str, database: str = "shuyuan", **extra: object
) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(address.conninfo(home, role, database), autocommit=True, **extra)  # type: ignore[arg-type]


def scalar(home: Path, statement: str, role: str = "shuyuan_owner") -> object:
    with connect(home, role) as connection:
        row = connection.execute(statement).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]


def logged(home: Path, role: str) -> list[dict[str, object]]:
    files = (home / "log" / "postgres").glob("*.json")
    lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return [line for line in lines if line.get("user") == role]


def wait_for_log(home: Path, role: str, words: str) -> list[dict[str, object]]:
    """The collector writes a moment after the statement: wait for it, with an end."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = logged(home, role)
        if any(words in str(line["message"]) for line in found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{words!r} not in the log of {role}: {found}")


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_each_login_role_enters_with_its_own_password(server: embedded.Server, driver: str) -> None:
    for role in cluster.LOGIN_ROLES:
        database = "airflow" if role == "airflow" else "shuyuan"
        engine = create_engine(embedded.url(server.home, role, database, driver))
        with engine.connect() as connection:
            assert connection.execute(text("SELECT current_user")).scalar_one() == role
        engine.dispose()


def test_a_wrong_or_missing_password_is_refused(server: embedded.Server) -> None:
    right = make_url(embedded.url(server.home, "shuyuan_owner")).set(drivername="postgresql")
    wrong = right.set(password="guess").render_as_string(hide_password=False)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    for role in (*cluster.LOGIN_ROLES, "postgres"):
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(host=str(server.socket_dir), user=role, dbname="shuyuan")


def test_the_group_of_analysts_cannot_sign_in(server: embedded.Server) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"password authentication failed|not permitted to log in"):
        connect(server.home, "shuyuan_analyst")


def test_only_the_roles_of_a_database_may_enter_it(server: embedded.Server) -> None:
    for role, database in [("airflow", "shuyuan"), ("shuyuan_web", "airflow"), ("shuyuan_loader", "postgres")]:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connect(server.home, role, database)


def test_every_verifier_is_scram_and_no_role_but_postgres_is_mighty(server: embedded.Server) -> None:
    with connect(server.home, "postgres", "postgres") as connection:
        rows = connection.execute(
            "SELECT rolname, rolpassword, rolsuper OR rolcreaterole OR rolcreatedb FROM pg_authid WHERE rolcanlogin"
        ).fetchall()
    assert {str(row[0]) for row in rows} >= {*cluster.LOGIN_ROLES, "postgres"}
    assert all(str(row[1]).startswith("SCRAM-SHA-256$") for row in rows)
    assert [row[0] for row in rows if row[2]] == ["postgres"]


def test_the_socket_is_private_and_there_is_no_tcp(server: embedded.Server) -> None:
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.home / secrets.FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(server.home.stat().st_mode) & 0o007 == 0
    pid = int((server.home / "pg" / "postmaster.pid").read_text().split()[0])
    listening = [c for c in psutil.Process(pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert listening == []
    assert scalar(server.home, "SHOW listen_addresses") == ""


def test_it_is_safe_in_a_power_cut_and_sorts_alike_everywhere(server: embedded.Server) -> None:
    shown = {name: scalar(server.home, f"SHOW {name}") for name in ("fsync", "full_page_writes", "data_checksums")}
    assert shown == {"fsync": "on", "full_page_writes": "on", "data_checksums": "on"}
    assert scalar(server.home, "SHOW server_version_num") >= "180000"  # type: ignore[operator]
    provider = "SELECT datlocprovider::text || '/' || datlocale FROM pg_database WHERE datname = 'shuyuan'"
    assert scalar(server.home, provider) == "b/C.UTF-8"


def test_starting_again_changes_nothing(server: embedded.Server) -> None:
    state = "SELECT string_agg(rolname || coalesce(rolpassword, ''), ',' ORDER BY rolname) FROM pg_authid"
    with connect(server.home, "postgres", "postgres") as connection:
        before = connection.execute(state).fetchone()
        assert embedded.start(server.home) == server
        assert connection.execute(state).fetchone() == before


def test_a_changed_secret_reaches_its_role_at_the_next_start(server: embedded.Server) -> None:
    file = server.home / secrets.FILE
    known = json.loads(file.read_text())
    file.write_text(json.dumps({**known, "shuyuan_auditor": "rotated-by-hand"}))
    embedded.start(server.home)
    assert scalar(server.home, "SELECT current_user", "shuyuan_auditor") == "shuyuan_auditor"
    assert "rotated-by-hand" in embedded.url(server.home, "shuyuan_auditor")


def test_an_analysts_select_is_in_the_json_log_with_values_and_duration(server: embedded.Server) -> None:
    role = embedded.create_analyst(server.home, "zhang_san")
    assert embedded.create_analyst(server.home, "zhang_san") == role == "analyst_zhang_san"
    with connect(server.home, role) as connection:
        connection.execute("SELECT 'plain select of zhang'")
        connection.execute("SELECT %s::text", ["张三"])
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM no_such_library")
    lines = wait_for_log(server.home, role, "does not exist")
    statements = {str(line["message"]): line for line in lines}
    plain = statements["statement: SELECT 'plain select of zhang'"]
    assert (plain["dbname"], plain["session_id"] != "", plain["timestamp"] != "") == ("shuyuan", True, True)
    assert any("Parameters: $1 = '张三'" in str(line.get("detail")) for line in lines)
    assert any(str(message).startswith("duration: ") for message in statements)
    failed = next(line for line in lines if line["error_severity"] == "ERROR")
    assert failed["statement"] == "SELECT * FROM no_such_library"
    assert failed["state_code"] == "42P01"


@pytest.mark.parametrize("setting", ["log_statement = 'none'", "log_duration = off", "log_min_error_statement = panic"])
def test_an_analyst_cannot_switch_the_log_off(server: embedded.Server, setting: str) -> None:
    role = embedded.create_analyst(server.home, "li")
    with connect(server.home, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"SET {setting}")  # type: ignore[arg-type]


def test_other_roles_are_not_logged_and_passwords_never_are(server: embedded.Server) -> None:
    embedded.create_analyst(server.home, "wang")
    scalar(server.home, "SELECT 'said by the owner'")
    with connect(server.home, "analyst_wang") as connection:
        connection.execute("SELECT 'after the owner'")
    wait_for_log(server.home, "analyst_wang", "after the owner")
    assert not any("said by the owner" in str(line) for line in logged(server.home, "shuyuan_owner"))
    known = json.loads((server.home / secrets.FILE).read_text())
    whole = "".join(file.read_text() for file in (server.home / "log" / "postgres").iterdir())
    assert [role for role, value in known.items() if value in whole] == []


@pytest.mark.parametrize("name", ["", "Li", "1li", "li; DROP ROLE airflow", 'li"', "l" * 32, "李", "li\n"])
def test_a_name_that_cannot_be_a_role_is_refused(server: embedded.Server, name: str) -> None:
    with pytest.raises(ValueError, match="start with a letter"):
        embedded.create_analyst(server.home, name)


def test_stop_and_start_keep_data(home: Path) -> None:
    assert embedded.status(home) == "absent"
    embedded.stop(home)
    embedded.kill(home)
    embedded.start(home)
    with connect(home, "shuyuan_owner") as connection:
        connection.execute("CREATE SCHEMA kept")
        connection.execute("CREATE TABLE kept.t AS SELECT generate_series(1, 1000) AS n")
    embedded.stop(home)
    assert embedded.status(home) == "stopped"
    embedded.stop(home)
    embedded.start(home)
    assert embedded.status(home) == "running"
    assert scalar(home, "SELECT count(*) FROM kept.t") == 1000


def test_kill_9_loses_nothing_committed_and_keeps_nothing_else(home: Path) -> None:
    embedded.start(home)
    writer = connect(home, "shuyuan_owner")
    writer.execute("CREATE SCHEMA w")
    writer.execute("CREATE TABLE w.t (n int)")
    writer.execute("INSERT INTO w.t SELECT generate_series(1, 50000)")
    writer.execute("BEGIN")
    writer.execute("INSERT INTO w.t SELECT generate_series(1, 50000)")
    embedded.kill(home)
    assert embedded.status(home) == "stopped"
    with pytest.raises(psycopg.OperationalError):
        writer.execute("COMMIT")
    embedded.start(home)
    assert scalar(home, "SELECT count(*) FROM w.t") == 50000


def test_a_pid_file_of_a_stranger_does_not_keep_the_server_down(home: Path) -> None:
    embedded.start(home)
    embedded.kill(home)
    file = home / "pg" / "postmaster.pid"
    lines = file.read_text().splitlines()
    with subprocess.Popen(["sleep", "60"], **account.account().popen()) as stranger:
        try:
            file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
            assert embedded.status(home) == "stopped"
            embedded.start(home)
        finally:
            stranger.kill()
    assert embedded.status(home) == "running"


def test_a_killed_initdb_leaves_nothing_that_looks_finished(home: Path) -> None:
    (home / "pg.new").mkdir(parents=True)
    (home / "pg.new" / "PG_VERSION").write_text("18\n")
    assert embedded.status(home) == "absent"
    embedded.start(home)
    assert embedded.status(home) == "running"
    assert not (home / "pg.new").exists()


def test_two_processes_that_start_at_once_get_one_server(home: Path) -> None:
    program = "import sys; from pathlib import Path; from shuyuan.db import embedded; embedded.start(Path(sys.argv[1]))"
    both = [subprocess.Popen([sys.executable, "-c", program, str(home)]) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert scalar(home, "SELECT 1") == 1  # the server outlived the processes that started it


def test_a_broken_setting_says_what_and_where(home: Path) -> None:
    embedded.start(home)
    embedded.stop(home)
    with (home / "pg" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(embedded.ServerError, match="no_such_setting"):
        embedded.start(home)


def test_lost_secrets_say_the_way_out(home: Path) -> None:
    embedded.start(home)
    (home / secrets.FILE).unlink()
    with pytest.raises(embedded.ServerError, match=r"restore the secrets\.json"):
        embedded.start(home)


def test_a_home_too_deep_for_a_socket_uses_a_short_private_directory(place: Path) -> None:
    deep = place / "数据" / ("d" * 80) / "home"
    socket_dir = account.socket_directory(deep.resolve())
    assert len(os.fsencode(socket_dir / ".s.PGSQL.5432")) <= account.SOCKET_PATH_LIMIT
    try:
        server = embedded.start(deep)
        assert server.socket_dir == socket_dir
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
        assert scalar(deep, "SELECT 1") == 1
    finally:
        embedded.stop(deep)
        socket_dir.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to somebody else")
def test_a_socket_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    os.chown(taken, 12345, 12345)
    with pytest.raises(PermissionError, match="belongs to user 12345"):
        account.own_socket_directory(taken, account.account())
    link = tmp_path / "link"
    link.symlink_to(taken)
    with pytest.raises(PermissionError, match="belongs to user"):
        account.own_socket_directory(link, account.account())


NOBODY: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": [], "cwd": "/"}


def interpreter_for_nobody() -> list[str]:
    """A Python of this version that `nobody` may run with this run's packages: the venv's, or the system's; [] if none."""
    paths = os.pathsep.join([str(settings.PROJECT), *(path for path in sys.path if path.endswith("site-packages"))])
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        command = ["env", f"PYTHONPATH={paths}", "PYTHONDONTWRITEBYTECODE=1", python]
        trial = subprocess.run(
            [*command, "-c", "import shuyuan.db.embedded"], check=False, capture_output=True, **NOBODY
        )
        if trial.returncode == 0:
            return command
    return []


@pytest.mark.skipif(os.geteuid() != 0, reason="this run is an ordinary user's already: every test here shows it")
def test_an_ordinary_user_runs_it_too(place: Path) -> None:
    command = interpreter_for_nobody()
    if not command:
        pytest.skip("no interpreter of this version that the account `nobody` may run")
    program = (
        "import sys; from pathlib import Path; from shuyuan.db import embedded as e; h = Path(sys.argv[1]);"
        "e.start(h); print(e.status(h)); e.kill(h); e.start(h); e.stop(h); print(e.status(h))"
    )
    place.chmod(0o777)
    arguments = [*command, "-c", program, f"{place}/home"]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, **NOBODY)
    assert done.stdout.split() == ["running", "stopped"], done.stderr
    assert (place / "home" / "pg").stat().st_uid == (place / "home").stat().st_uid != 0


def test_passwords_are_generated_once_and_differ(tmp_path: Path) -> None:
    first = embedded.password(tmp_path / "h", "a")
    assert embedded.password(tmp_path / "h", "a") == first != embedded.password(tmp_path / "h", "b")
    assert len(first) >= 32
    (tmp_path / "h" / secrets.FILE).write_text("[]")
    with pytest.raises(ValueError, match="restore it"):
        embedded.password(tmp_path / "h", "a")


def test_a_server_of_its_own_is_used_and_never_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(address.TEMPLATE, "postgresql+{driver}://{role}:{password}@db:5432/{database}")
    monkeypatch.setenv("SHUYUAN_PASSWORD_SHUYUAN_LOADER", "p@ss/word")
    home = tmp_path / "h"
    embedded.start(home)
    embedded.stop(home)
    assert embedded.status(home) == "absent"
    url = make_url(embedded.url(home, "shuyuan_loader", driver="psycopg2"))
    assert (url.drivername, url.username, url.password) == ("postgresql+psycopg2", "shuyuan_loader", "p@ss/word")
    assert (url.host, url.port, url.database) == ("db", 5432, "shuyuan")
    assert not home.exists()


def test_the_program_of_the_compose_stack_prepares_a_bare_server(server: embedded.Server) -> None:
    """`python -m shuyuan.db.cluster` against an address from the environment; here over the same server's socket."""
    template = f"postgresql+{{driver}}://{{role}}:{{password}}@/{{database}}?host={server.socket_dir}"
    roles = ("postgres", *cluster.LOGIN_ROLES)
    given = {f"SHUYUAN_PASSWORD_{role.upper()}": embedded.password(server.home, role) for role in roles}
    with connect(server.home, "postgres", "postgres") as connection:
        connection.execute("DROP DATABASE airflow")
        connection.execute("DROP ROLE airflow")
    environment = {**os.environ, **given, address.TEMPLATE: template}
    command = [sys.executable, "-m", "shuyuan.db.cluster"]
    subprocess.run(command, check=True, env=environment)
    with connect(server.home, "airflow", "airflow") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("airflow",)
    del environment["SHUYUAN_PASSWORD_SHUYUAN_WEB"]
    refused = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "not set: SHUYUAN_PASSWORD_SHUYUAN_WEB" in refused.stderr
