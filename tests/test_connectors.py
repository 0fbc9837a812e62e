"""Fetching deliveries: a real SFTP server on this machine; what goes wrong there loses and overwrites nothing here."""

from __future__ import annotations

import hashlib
import os
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts import Contract, contracted  # noqa: F401
from servers import LOGIN, PASSWORD, Sftp, sftp_server
from terminal import program  # noqa: F401
from town import HEADER, MONDAY, RESIDENT, TUESDAY, WEDNESDAY, Town, ids, person

from shuyuan.flow import Rejected, admit, check, read, receive
from shuyuan.flow.collect import collect
from shuyuan.flow.stragglers import stragglers
from shuyuan.intake.collect import Unreachable

PEOPLE = ids(12)
NAME = "resident_20261116.csv"
SFTP = {"kind": "sftp", "connection": "registry", "folder": "out", "settle": 0}


def register(people: list[str] = PEOPLE) -> bytes:
    return "".join(f"{line}\n" for line in [HEADER, *map(person, people)]).encode("gb18030")


def fetched(town: Town) -> list[str]:
    return sorted(path.name for path in (town.home / "inbox" / "public_security").iterdir())


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sftp]:
    (tmp_path / "remote" / "out").mkdir(parents=True)
    with sftp_server(tmp_path / "remote") as running:
        monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", running.url)
        yield running


def put(server: Sftp, name: str = NAME, content: bytes | None = None, rows: int | None = 12) -> Path:
    path = server.folder / "out" / name
    path.write_bytes(register() if content is None else content)
    if rows is not None:
        path.with_name(name + ".ok").write_text(str(rows))
    return path


# SFTP


def test_a_file_on_sftp_becomes_a_delivery_and_is_fetched_once(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP)
    put(server)
    put(server, "somebody_else_20261116.csv")
    (path,) = (path for path in collect(RESIDENT, MONDAY) if path.suffix == ".csv")
    assert path.read_bytes() == register()
    assert fetched(town) == [NAME, f"{NAME}.ok"]
    batch = admit(check(read(receive(RESIDENT, MONDAY) or 0)))
    assert town.one("SELECT inserted FROM ledger.batch WHERE batch_id = %s", batch) == 12
    audit = town.ask(
        "SELECT file_name, file_sha256, outcome FROM ledger.load WHERE step = 'collect' AND file_name = %s", NAME
    )
    assert audit == [(NAME, hashlib.sha256(register()).hexdigest(), "ok")]
    server.opened.clear()
    assert collect(RESIDENT, MONDAY) == []
    assert server.opened == [], "known by name, size and age: not a byte is asked for"


def test_a_file_waits_for_its_control_file_and_for_its_day(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP)
    path = put(server, rows=None)
    put(server, "resident_20261117.csv")
    put(server, "resident_20260901.csv")
    assert collect(RESIDENT, MONDAY) == []
    path.with_name(NAME + ".ok").write_text("12")
    assert [path.name for path in collect(RESIDENT, MONDAY)] == [f"{NAME}.ok", NAME]


def test_a_file_that_may_still_grow_is_left_for_later(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP | {"settle": 60}, control=False)
    path = put(server, rows=None)
    assert collect(RESIDENT, MONDAY) == []
    os.utime(path, (time.time() - 61,) * 2)
    assert [path.name for path in collect(RESIDENT, MONDAY)] == [NAME]


def test_a_corrected_file_under_the_same_name_is_a_second_delivery(
    town: Town, contract: Contract, server: Sftp
) -> None:
    contract(connector=SFTP)
    first = put(server)
    for earlier in (
        first,
        first.with_name(f"{NAME}.ok"),
    ):  # servers tell seconds: within one, "12" and "11" are the same file
        os.utime(earlier, (time.time() - 60,) * 2)
    collect(RESIDENT, MONDAY)
    town.feed(MONDAY)
    put(server, content=register(PEOPLE[:11]), rows=11)
    assert [path.name for path in collect(RESIDENT, MONDAY)] == [
        "resident_20261116_2.csv.ok",
        "resident_20261116_2.csv",
    ]
    assert (town.home / "inbox" / "public_security" / NAME).read_bytes() == register(), "nothing is overwritten"
    assert stragglers(WEDNESDAY) == [(RESIDENT, MONDAY)]
    batch = town.feed(MONDAY)
    assert town.one("SELECT deleted FROM ledger.batch WHERE batch_id = %s", batch) == 1
    assert town.ask("SELECT state FROM ledger.batch ORDER BY batch_id") == [("superseded",), ("admitted",)]


def test_a_late_file_of_an_earlier_day_is_fetched_with_a_later_one(
    town: Town, contract: Contract, server: Sftp
) -> None:
    contract(connector=SFTP)
    put(server, "resident_20261117.csv")
    collect(RESIDENT, TUESDAY)
    town.feed(TUESDAY)
    put(server, content=register(PEOPLE[:11]), rows=11)
    assert NAME in [path.name for path in collect(RESIDENT, WEDNESDAY)]
    assert town.state(town.feed(MONDAY)) == "outdated"


def test_what_lies_in_the_inbox_under_that_name_stays(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP)
    town.drop(NAME, b"dropped by hand", rows=1)
    put(server)
    collect(RESIDENT, MONDAY)
    assert (town.home / "inbox" / "public_security" / NAME).read_bytes() == b"dropped by hand"
    assert (town.home / "inbox" / "public_security" / "resident_20261116_2.csv").read_bytes() == register()


def test_the_same_bytes_again_under_the_same_name_are_no_second_delivery(
    town: Town, contract: Contract, server: Sftp
) -> None:
    contract(connector=SFTP)
    path = put(server)
    collect(RESIDENT, MONDAY)
    os.utime(path, (1_000_000_000,) * 2)
    assert collect(RESIDENT, MONDAY) == []
    assert fetched(town) == [NAME, f"{NAME}.ok"]


def test_names_that_lead_out_of_the_inbox_are_refused_and_hold_up_nobody(
    town: Town, contract: Contract, server: Sftp
) -> None:
    contract(connector=SFTP, pattern="*resident_{date}.csv", control=False)
    put(server, rows=None)
    server.extra = ["../../resident_20261116.csv"]
    with pytest.raises(Rejected, match=r"\.\./\.\./resident") as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == "unsafe_name"
    assert fetched(town) == [NAME]
    assert not list(town.home.parent.glob("resident*")) and not list(town.home.glob("resident*"))
    assert town.ask("SELECT outcome FROM ledger.load WHERE step = 'collect' ORDER BY load_id") == [
        ("ok",),
        ("refused",),
    ]


def test_links_are_not_followed(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP, control=False)
    (server.folder / "secret").write_text("root:x:0:0")
    (server.folder / "out" / NAME).symlink_to("../secret")
    assert collect(RESIDENT, MONDAY) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the client's own, reading ahead
def test_a_transfer_that_breaks_off_leaves_nothing_and_is_tried_again(
    town: Town, contract: Contract, server: Sftp
) -> None:
    contract(connector=SFTP)
    content = register() + b"\n" * 3_000_000
    put(server, content=content)
    server.break_after = 1_000_000
    collect(RESIDENT, MONDAY)
    assert server.break_after is None, "it did hang up"
    assert fetched(town) == [NAME, f"{NAME}.ok"]
    assert (town.home / "inbox" / "public_security" / NAME).read_bytes() == content


def test_a_file_over_the_limit_is_refused_before_it_is_fetched(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP | {"limit": 1})
    put(server, content=b"x" * 1_000_001)
    with pytest.raises(Rejected, match="more than 1 MB") as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == "too_large"
    assert NAME not in server.opened and not (town.home / "inbox" / "public_security" / NAME).exists()


@pytest.mark.parametrize("wrong", ["password", "host_key"])
def test_who_is_not_let_in_is_told_without_the_password(
    town: Town, contract: Contract, server: Sftp, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    contract(connector=SFTP)
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Y8Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z2Z"
    secret = "wrong-secret" if wrong == "password" else "p%40ss%2Fword"
    url = f"sftp://{LOGIN}:{secret}@127.0.0.1:{server.port}?host_key={server.host_key if wrong == 'password' else key}"
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", url)
    with pytest.raises(Rejected) as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == "access_refused"
    assert "wrong-secret" not in str(caught.value) and PASSWORD not in str(caught.value)
    assert "wrong-secret" not in str(town.ask("SELECT message FROM ledger.load"))


@pytest.mark.parametrize("kind", ["sftp", "http"])
@pytest.mark.parametrize(
    "rest",
    [
        "user:s3cret/w0rd@127.0.0.1",
        "user:12#s3cret@127.0.0.1",
        "user:12/s3cret@127.0.0.1",
        "user:12?s3cret@127.0.0.1",
        "user:12@s3cret@127.0.0.1",
        "user:12@s3cret/w0rd@127.0.0.1",
        "user:12@s3cret?w0rd@127.0.0.1",
        "user:12@s3cret#w0rd@127.0.0.1",
        "user:[s3cret@127.0.0.1",
        "user:12@127.0.0.1:s3cret",
        "user:12@127.0.0.1:99999",
    ],
)  # fmt: skip
def test_a_url_cut_within_its_password_is_refused_and_none_of_it_is_told(
    town: Town, contract: Contract, monkeypatch: pytest.MonkeyPatch, kind: str, rest: str
) -> None:
    contract(connector=SFTP | {"kind": kind})
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", f"{'https' if kind == 'http' else kind}://{rest}")
    with pytest.raises(Rejected, match=r"REGISTRY.*percent-encode the password") as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == "no_connection"
    told = str(town.ask("SELECT * FROM ledger.load")) + "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in told and "w0rd" not in told


def test_a_name_that_is_not_utf_8_is_told(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP)
    put(server)
    (server.folder / "out" / os.fsdecode("居民.csv".encode("gbk"))).touch()
    with pytest.raises(Rejected, match=r"not UTF-8.*xbe.*Way out") as caught:
        collect(RESIDENT, MONDAY)
    assert caught.value.reason == "bad_reply"
    assert town.ask("SELECT step, outcome FROM ledger.load") == [("collect", "refused")]


def test_a_server_that_is_down_is_recorded_and_may_be_tried_again(
    town: Town, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract(connector=SFTP)
    monkeypatch.setenv("SHUYUAN_CONNECTION_REGISTRY", "sftp://a:b@127.0.0.1:1")
    with pytest.raises(Unreachable):
        collect(RESIDENT, MONDAY)
    assert town.ask("SELECT step, outcome FROM ledger.load") == [("collect", "failed")]


def test_a_connection_that_nobody_has_set_up_names_its_variable(town: Town, contract: Contract) -> None:
    contract(connector=SFTP)
    with pytest.raises(Rejected, match="SHUYUAN_CONNECTION_REGISTRY is not set"):
        collect(RESIDENT, MONDAY)


def test_the_word_that_nothing_changed_is_fetched_too(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP)
    put(server)
    collect(RESIDENT, MONDAY)
    town.feed(MONDAY)
    (server.folder / "out" / "resident_20261117.nochange").touch()
    assert len(collect(RESIDENT, TUESDAY)) == 1
    assert town.state(town.feed(TUESDAY)) == "admitted"


def test_parts_and_their_manifest_are_fetched(town: Town, contract: Contract, server: Sftp) -> None:
    contract(connector=SFTP, pattern="resident_{date}_p{part}.csv", manifest="resident_{date}.ok", control=False)
    names = [f"resident_20261116_p{number}.csv" for number in (1, 2)]
    sums = "".join(f"{hashlib.sha256(register()).hexdigest()}  {name}\n" for name in names)
    for name in names:
        put(server, name, rows=None)
    (server.folder / "out" / "resident_20261116.ok").write_text(sums)
    assert len(collect(RESIDENT, MONDAY)) == 3
    batch = receive(RESIDENT, MONDAY)
    assert town.one("SELECT count(*) FROM ledger.part WHERE batch_id = %s", batch) == 2
