"""What makes up a delivery and when it counts: control files that promise more than rows, and parts."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
from contracts import Contract, contracted  # noqa: F401
from town import HEADER, MONDAY, RESIDENT, WEDNESDAY, Town, ids, person

from shuyuan.catalog import Resource
from shuyuan.flow import Rejected, read, receive
from shuyuan.flow.stragglers import stragglers
from shuyuan.intake import control
from shuyuan.intake.complete import found
from shuyuan.intake.control import BadControl, Promise
from shuyuan.intake.receive import archived
from shuyuan.ledger import parts

DAY = date(2026, 11, 18)
SHA, MD5 = "a" * 64, "b" * 32
PEOPLE = ids(12)
LINES = [person(number) for number in PEOPLE]


def resource(**delivery: object) -> Resource:
    return Resource.model_validate({
        "id": "office.one", "title": "t", "title_en": "t", "classification": "1", "key": ["a"],
        "update_cycle": "daily", "delivery": {"pattern": "x_{date}.csv", **delivery}, "items": [{"name": "a", "label": "甲"}],
    })  # fmt: skip


def lay(inbox: Path, *files: str) -> None:
    """Files of the office, `name` or `name=text`."""
    for file in files:
        name, _, text = file.partition("=")
        path = inbox / "office" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or "甲\n1\n", encoding="utf-8")


def taken(inbox: Path, contract: Resource, day: date | None = DAY) -> list[list[str]]:
    """The file names of every complete delivery."""
    return [[path.name for path, _ in lying.files] for lying in found(contract, inbox, day)]


# Control files


@pytest.mark.parametrize(
    ("text", "promise"),
    [
        ("1234", Promise(rows=1234)),
        ("\ufeff1234\r\n", Promise(rows=1234)),
        ("rows=1234", Promise(rows=1234)),
        (f"rows=1234\nsha256={SHA.upper()}\n", Promise(rows=1234, sha256=SHA)),
        (f"rows: 1234, size: 99; md5: {MD5}", Promise(rows=1234, size=99, md5=MD5)),
        ("记录数=7\n字节数=99\nsender=tax", Promise(rows=7, size=99)),
        (SHA, Promise(sha256=SHA)),
        ("1" * 32, Promise(md5="1" * 32)),
        (f"{MD5} *x_20261118.csv", Promise(md5=MD5, files=(("x_20261118.csv", Promise(md5=MD5)),))),
        (f"{SHA}  a.csv\n{SHA}  b c.csv", Promise(files=(("a.csv", Promise(sha256=SHA)), ("b c.csv", Promise(sha256=SHA))))),
        ("rows=0 nochange", Promise(rows=0, nochange=True)),
        ("nochange", Promise(nochange=True)),
        ('{"rows": 3, "size": "12", "day": "20261118"}', Promise(rows=3, size=12)),
        ('{"parts": 3, "rows": 9}', Promise(rows=9, parts=3)),
        ('{"files": ["a.csv"], "rows": 30}', Promise(rows=30, files=(("a.csv", Promise()),))),
        ('{"files": [{"file": "a", "rows": 2}, {"name": "b"}]}', Promise(files=(("a", Promise(rows=2)), ("b", Promise())))),
    ],
)  # fmt: skip
def test_a_control_file_is_understood(tmp_path: Path, text: str, promise: Promise) -> None:
    path = tmp_path / "x.ok"
    path.write_text(text, encoding="utf-8")
    assert control.read(path) == promise


@pytest.mark.parametrize(
    "text",
    ["", "OK", "rows=many", "rows=-3", "12 rows or so", "sha256=abc", f"sha256={MD5}", "{", '{"rows": [1]}', "rows=3 nochange",
     '{"files": [{"rows": 3}]}', "date=20261118", "\0\0", '{"files": 5}', '{"files": {"a.csv": 3}}', '{"files": [["a.csv"]]}', '{"files": [5]}',
     '{"rows": ' + "[" * 200_000, '{"files": ["a"], "x": ' + "[" * 9_000 + "]" * 9_000 + "}", "9" * 20, "rows=99999999999999999999",
     '{"rows": 9223372036854775808}', '{"files": [{"file": "a", "size": 99999999999999999999}]}', "1" * 5_000],
)  # fmt: skip
def test_a_control_file_that_says_nothing_clear_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv.ok"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadControl, match=r"x\.csv\.ok.*Way out"):
        control.read(path)


@pytest.mark.parametrize("text", ["\0\0", '{"files": ["\\u0000\\ud800", 5]}', '{"files": ' + "9" * 4_000 + "}"])
def test_what_is_said_of_a_control_file_can_be_written_into_the_ledger(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv.ok"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadControl) as caught:
        control.read(path)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 1_000


def test_a_control_file_of_nonsense_holds_up_no_other_delivery(town: Town) -> None:
    town.register(MONDAY, LINES)
    nonsense = town.register(WEDNESDAY, LINES)
    nonsense.with_name(nonsense.name + ".ok").write_text('{"files": 5}')
    assert receive(RESIDENT, MONDAY) is not None
    with pytest.raises(Rejected) as caught:
        receive(RESIDENT, WEDNESDAY)
    assert caught.value.reason == "bad_control"


def test_something_large_beside_a_delivery_is_no_control_file(tmp_path: Path) -> None:
    (tmp_path / "x.ok").write_bytes(b"1" * (control.LARGEST + 1))
    with pytest.raises(BadControl, match="1 MB"):
        control.read(tmp_path / "x.ok")


@pytest.mark.parametrize(
    ("promised", "code"),
    [
        ("size={less}", "truncated"),
        ("size={size}\nsha256={other}", "checksum"),
        ('{{"md5": "{other32}"}}', "checksum"),
        ("{other}  resident_20261116.csv", "checksum"),
    ],
)
def test_bytes_that_break_a_promise_are_refused_unread_and_once(town: Town, promised: str, code: str) -> None:
    path = town.register(MONDAY, LINES)
    size = path.stat().st_size
    beside = path.with_name(path.name + ".ok")
    beside.write_text(promised.format(size=size, less=size + 1, other=SHA, other32=MD5))
    with pytest.raises(Rejected, match=r"resident_20261116\.csv.*promises.*send it again") as caught:
        receive(RESIDENT, MONDAY)
    assert caught.value.reason == code
    assert town.ask("SELECT state, split_part(reason, ':', 1), physical FROM ledger.batch") == [
        ("rejected", code, None)
    ]
    assert town.ask("SELECT step, outcome FROM ledger.load") == [("receive", "refused")]
    assert receive(RESIDENT, MONDAY) is None, "the ledger knows it; nothing is refused twice"


def test_bytes_that_keep_every_promise_are_read(town: Town) -> None:
    path = town.register(MONDAY, LINES)
    content = path.read_bytes()
    promise = {"rows": 12, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
               "md5": hashlib.md5(content).hexdigest()}  # fmt: skip
    path.with_name(path.name + ".ok").write_text(json.dumps(promise))
    assert town.state(town.feed(MONDAY)) == "admitted"


def test_rows_in_words_are_held_against_the_rows(town: Town) -> None:
    path = town.register(MONDAY, LINES)
    path.with_name(path.name + ".ok").write_text("rows=13\n")
    with pytest.raises(Rejected, match="promises 13"):
        read(receive(RESIDENT, MONDAY) or 0)


def test_a_broken_delivery_holds_up_nobody(town: Town) -> None:
    bad = town.register(MONDAY, LINES[:3])
    bad.with_name(bad.name + ".ok").write_text(f"rows=3\nsha256={SHA}")
    town.register(MONDAY, LINES, suffix="_2")
    batch = receive(RESIDENT, MONDAY)
    assert town.one("SELECT file_name FROM ledger.batch WHERE batch_id = %s", batch) == "resident_20261116_2.csv"
    assert town.ask("SELECT file_name, state FROM ledger.batch ORDER BY 1") == [
        ("resident_20261116.csv", "rejected"), ("resident_20261116_2.csv", "received")]  # fmt: skip


# Parts


def test_parts_are_taken_when_all_are_there_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    contract = resource(pattern="x_{date}_part{part}.csv", parts=3)
    lay(tmp_path, "x_20261118_part1.csv", "x_20261118_part10.csv".replace("10", "3"))
    assert taken(tmp_path, contract) == []
    lay(tmp_path, "x_20261118_part02.csv")
    assert taken(tmp_path, contract) == [["x_20261118_part1.csv", "x_20261118_part02.csv", "x_20261118_part3.csv"]]
    assert taken(tmp_path, contract, None) == taken(tmp_path, contract)
    assert taken(tmp_path, contract, date(2026, 11, 19)) == []


def test_numbers_may_begin_with_nought_and_a_corrected_set_is_a_delivery_of_its_own(tmp_path: Path) -> None:
    contract = resource(pattern="x_{date}_part{part}.csv", parts=2)
    lay(tmp_path, "x_20261118_part0.csv", "x_20261118_part1.csv", "x_20261118_part0_2.csv")
    assert taken(tmp_path, contract) == [["x_20261118_part0.csv", "x_20261118_part1.csv"]]
    lay(tmp_path, "x_20261118_part1_2.csv")
    assert len(taken(tmp_path, contract)) == 2


@pytest.mark.parametrize(
    "lying", [["x_20261118_part1.csv", "x_20261118_part01.csv"], ["x_20261118_part3.csv"], ["x_20261118_part0.csv", "x_20261118_part2.csv"]]
)  # fmt: skip
def test_parts_that_cannot_make_a_delivery_are_named(tmp_path: Path, lying: list[str]) -> None:
    lay(tmp_path, *lying)
    (found_one,) = found(resource(pattern="x_{date}_part{part}.csv", parts=2), tmp_path, DAY)
    assert "2 parts are promised" in str(found_one.problem)


def test_every_part_waits_for_its_control_file(tmp_path: Path) -> None:
    contract = resource(pattern="x_{date}_p{part}.csv", parts=2, control=True)
    lay(tmp_path, "x_20261118_p1.csv", "x_20261118_p2.csv", "x_20261118_p1.csv.ok=3")
    assert taken(tmp_path, contract) == []
    lay(tmp_path, "x_20261118_p2.csv.ok=4")
    (lying,) = found(contract, tmp_path, DAY)
    assert lying.promise.rows == 7
    assert lying.name == "x_20261118_p*.csv"


def test_a_manifest_lists_the_parts(tmp_path: Path) -> None:
    contract = resource(pattern="x_{date}_p{part}.csv", manifest="x_{date}.ok")
    lay(tmp_path, "x_20261118_p1.csv", f"x_20261118.ok={SHA}  x_20261118_p1.csv\n{SHA}  x_20261118_p2.csv\nrows=5")
    assert taken(tmp_path, contract) == []
    lay(tmp_path, "x_20261118_p2.csv")
    (lying,) = found(contract, tmp_path, DAY)
    assert [(path.name, said.sha256) for path, said in lying.files] == [
        ("x_20261118_p1.csv", SHA),
        ("x_20261118_p2.csv", SHA),
    ]
    assert (lying.name, lying.promise.rows) == ("x_20261118.ok", 5)


def test_a_manifest_may_say_how_many(tmp_path: Path) -> None:
    contract = resource(pattern="x_{date}_p{part}.csv", manifest="x_{date}.ok")
    lay(
        tmp_path,
        "x_20261118.ok=parts=2",
        "x_20261118_p1.csv",
        "x_20261118_p1.csv.ok=1",
        "x_20261118_2.ok=parts=1",
        "x_20261118_p1_2.csv",
    )
    assert taken(tmp_path, contract) == [["x_20261118_p1_2.csv"]]
    lay(tmp_path, "x_20261118_p2.csv")
    assert sorted(taken(tmp_path, contract)) == [["x_20261118_p1.csv", "x_20261118_p2.csv"], ["x_20261118_p1_2.csv"]]


@pytest.mark.parametrize("name", ["../x_20261117_p1.csv", "/etc/passwd", "a/b.csv", ".hidden", "a\\b"])
def test_a_manifest_cannot_reach_outside_its_folder(tmp_path: Path, name: str) -> None:
    contract = resource(pattern="x_{date}_p{part}.csv", manifest="x_{date}.ok")
    lay(tmp_path, "x_20261118.ok=" + json.dumps({"files": [{"file": name}]}))
    (lying,) = found(contract, tmp_path, DAY)
    assert lying.files == () and "outside its own folder" in str(lying.problem)


@pytest.mark.parametrize(
    ("delivery", "words"),
    [
        ({"pattern": "x_{date}_{part}.csv"}, "needs `parts`"),
        ({"pattern": "x_{date}.csv", "manifest": "x.ok"}, "`manifest` is for deliveries in parts"),
        ({"connector": {"kind": "api", "connection": "a"}, "pattern": "x_*.json"}, "exactly one file"),
        ({"connector": {"kind": "database", "connection": "a", "table": "t", "key": []}}, "at least 1"),
        ({"connector": {"kind": "api", "connection": "a", "paging": {"by": "cursor"}}}, "needs `at`"),
        ({"connector": {"kind": "sftp", "connection": "sftp://u:secret@host"}}, "pattern"),
        ({"connector": {"kind": "carrier_pigeon", "connection": "a"}}, "carrier_pigeon"),
    ],
)  # fmt: skip
def test_a_contract_that_cannot_be_kept_is_refused(delivery: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        resource(**delivery)


@pytest.fixture
def in_parts(town: Town, contract: Contract) -> Town:
    """The town whose residents' register comes in two numbered parts."""
    contract(pattern="resident_{date}_part{part}.csv", parts=2)
    return town


def piece(town: Town, number: int, lines: list[str], day: date = MONDAY) -> Path:
    text = "".join(f"{line}\n" for line in [HEADER, *lines])
    return town.drop(f"resident_{day:%Y%m%d}_part{number}.csv", text.encode("gb18030"), len(lines))


def test_parts_are_one_batch_and_every_part_is_kept(in_parts: Town) -> None:
    pieces = [piece(in_parts, 1, LINES[:5])]
    assert receive(RESIDENT, MONDAY) is None
    pieces.append(piece(in_parts, 2, LINES[5:]))
    batch = receive(RESIDENT, MONDAY)
    assert batch is not None
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in pieces]
    assert in_parts.ask("SELECT file_name, control_rows, file_bytes FROM ledger.batch") == [
        ("resident_20261116_part*.csv", 12, sum(path.stat().st_size for path in pieces))]  # fmt: skip
    assert in_parts.ask("SELECT part, file_name, file_sha256 FROM ledger.part ORDER BY 1") == [
        (1, pieces[0].name, hashes[0]), (2, pieces[1].name, hashes[1])]  # fmt: skip
    assert [archived(digest).read_bytes() for digest in hashes] == [path.read_bytes() for path in pieces]
    whole = in_parts.one("SELECT file_sha256 FROM ledger.batch")
    assert archived(whole).read_text() == "".join(f"{digest}\n" for digest in hashes)
    assert hashlib.sha256(archived(whole).read_bytes()).hexdigest() == whole


def test_parts_are_read_and_admitted_as_one(in_parts: Town) -> None:
    piece(in_parts, 1, LINES[:5])
    piece(in_parts, 2, [*LINES[5:], LINES[0]])
    batch = in_parts.feed(MONDAY)
    assert in_parts.ask("SELECT physical, loaded, quarantined, preamble, inserted FROM ledger.batch") == [
        (15, 12, 1, 2, 12)
    ]
    place = "SELECT ledger.place(batch_id, line) FROM ledger.quarantine"
    assert in_parts.one(place) == "part 2 (resident_20261116_part2.csv) line 9"
    assert [
        lines for (lines,) in in_parts.ask("SELECT lines FROM ledger.part WHERE batch_id = %s ORDER BY part", batch)
    ] == [6, 9]


def test_members_of_one_zip_are_read_and_admitted_as_one(town: Town, contract: Contract) -> None:
    contract(pattern="resident_{date}.zip", parts=2, control=False)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number, lines in ((1, LINES[:5]), (2, LINES[5:])):
            archive.writestr(f"区{number}.csv", "".join(f"{line}\n" for line in [HEADER, *lines]).encode("gb18030"))
    town.drop("resident_20261116.zip", content.getvalue())
    batch = town.feed(MONDAY)
    assert town.ask("SELECT loaded FROM ledger.batch") == [(12,)]
    assert town.ask("SELECT file_name, file_sha256, lines FROM ledger.part WHERE batch_id = %s ORDER BY part", batch) == [
        ("区1.csv", None, 6), ("区2.csv", None, 8)]  # fmt: skip


def test_a_damaged_part_refuses_the_whole_and_names_itself(in_parts: Town) -> None:
    piece(in_parts, 1, LINES[:5])
    second = piece(in_parts, 2, LINES[5:])
    second.with_name(second.name + ".ok").write_text(f"rows=7\nsha256={SHA}")
    with pytest.raises(Rejected, match=r"part2\.csv.*SHA-256"):
        receive(RESIDENT, MONDAY)


def test_a_line_of_a_batch_in_parts_has_its_place(in_parts: Town) -> None:
    from shuyuan.db.engine import transaction

    piece(in_parts, 1, LINES[:5])
    piece(in_parts, 2, LINES[5:])
    batch = receive(RESIDENT, MONDAY) or 0
    with transaction("shuyuan_loader") as connection:
        parts.put_lines(connection, batch, [6, 8])
        assert [part.lines for part in parts.of_batch(connection, batch)] == [6, 8]
    places = [in_parts.one("SELECT ledger.place(%s, %s)", batch, number) for number in (1, 6, 7, 14, 15)]
    first, second = "part 1 (resident_20261116_part1.csv)", "part 2 (resident_20261116_part2.csv)"
    assert places == [f"{first} line 1", f"{first} line 6", f"{second} line 1", f"{second} line 8", "line 15"]


def test_a_part_that_came_again_for_another_set_is_told_from_a_straggler(in_parts: Town) -> None:
    """Every file of a batch in parts is known: the search for what came late finds none of them."""
    piece(in_parts, 1, LINES[:5])
    piece(in_parts, 2, LINES[5:])
    batch = receive(RESIDENT, MONDAY) or 0
    in_parts.ask("UPDATE ledger.batch SET state = 'rejected' WHERE batch_id = %s RETURNING 1", batch)
    assert stragglers(WEDNESDAY) == []
    for number, lines in ((1, LINES[:4]), (2, LINES[4:])):
        path = piece(in_parts, number, lines)
        path.with_name(path.name + ".ok").rename(path.with_name(path.stem + "_2.csv.ok"))
        path.rename(path.with_name(path.stem + "_2.csv"))
    assert stragglers(WEDNESDAY) == [(RESIDENT, MONDAY)]
