"""Any order of the same deliveries, published whenever, ends in the same library, the same open discrepancies and the same past.

What is compared: every published value, every open discrepancy with its class and pattern, every source row's items, and history as of every
business day as known in the end, against deliveries that came in time and were published day by day. Not compared is what tells of the order
itself: numbers of batches, runs and lines, `recorded_at`, the day of a row's last change in the warehouse (`_as_of`), closed discrepancies.
Two deliveries of one resource for one day keep their order: the second is the department's correction of the first.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as rounds
from town import INSURED, MONDAY, RESIDENT, Town, fresh_database, ids, person

from shuyuan import settings
from shuyuan.flow.replay import replay

MARRIAGE = "civil_affairs.marriage"
ANCHOR, *FEW = ids(5)
DAYS = [MONDAY + timedelta(days=n) for n in range(4)]
HEADER = "登记证字号,男方身份证件号,男方姓名,女方身份证件号,女方姓名,婚姻登记类别,登记日期,登记机关,操作类型"
COMPARED = {
    "library": "SELECT to_jsonb(population) - '{_run,_as_of}'::text[] FROM library.population",
    "open": "SELECT entity, item, source_ref, source_value, claim_ref, claim_value, class, pattern FROM ledger.discrepancy WHERE closed_run IS NULL",
    RESIDENT: "SELECT to_jsonb(r) - '{_batch,_line,_as_of,_raw,_verdicts}'::text[] FROM source.public_security__resident AS r",
    INSURED: "SELECT to_jsonb(i) - '{_batch,_line,_as_of,_raw,_verdicts}'::text[] FROM source.hrss__insured AS i",
    MARRIAGE: "SELECT to_jsonb(m) - '{_batch,_line,_as_of,_raw,_verdicts}'::text[] FROM source.civil_affairs__marriage AS m",
}
AS_OF = (
    "SELECT to_jsonb(was) - '{_op,_run,valid_from,recorded_at}'::text[] FROM history.population_as_of(%s, %s) AS was"
)


@dataclass(frozen=True)
class Told:
    """One delivery: what a resource says of a day. `number` tells it from any other."""

    number: int
    resource: str
    day: date
    lines: Sequence[Any]

    def drop(self, town: Town) -> None:
        """Into the inbox; one line in each is nobody else's, so that no two deliveries are the same bytes."""
        if self.resource == RESIDENT:
            own = person(ANCHOR, phone=f"138001380{self.number:02d}")
            town.register(self.day, [own, *(person(FEW[who], name, marital=status) for who, name, status in self.lines)],
                          suffix=f"_{self.number:02d}")  # fmt: skip
        elif self.resource == INSURED:
            town.insured(
                self.day,
                [pension(0, "安", str(self.number), "U", who=ANCHOR), *(pension(*line) for line in self.lines)],
            )
        else:
            body = [
                f"证0,{ANCHOR},安,{FEW[0]},戊,结婚,2020-01-{self.number + 1:02d},局,U",
                *(wedding(*line) for line in self.lines),
            ]
            text = "".join(f"{line}\n" for line in (HEADER, *body))
            town.drop(
                f"marriage_{self.day:%Y%m%d}.csv", text.encode("utf-8-sig"), len(body), department="civil_affairs"
            )


def pension(place: int, name: str, number: str, op: str, *, who: str = "") -> dict[str, str | None]:
    return {"社会保障号": who or FEW[place], "姓名": name, "个人编码": number, "养老参保状态": "1", "opt_type": op}


def wedding(cert: int, man: int, woman: int, status: str, day: int, op: str) -> str:
    return f"证{cert},{FEW[man]},甲,{FEW[woman]},乙,{status},2020-11-{day:02d},局,{op}"


PLACE, NAMES = st.integers(0, 3), st.sampled_from(["王一", "王二"])
REGISTER = st.lists(st.tuples(PLACE, NAMES, st.sampled_from(["10", "20"])), max_size=4, unique_by=lambda line: line[0])
PENSIONS = st.lists(st.tuples(PLACE, NAMES, st.sampled_from(["8", "9"]), st.sampled_from("IUD")), max_size=4)
WEDDINGS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 1), st.integers(2, 3), st.sampled_from(["结婚", "离婚"]), st.integers(1, 4), st.sampled_from("IUD")),
    max_size=2,
)  # fmt: skip
TOLD = st.one_of(
    st.tuples(st.just(RESIDENT), st.sampled_from(DAYS), REGISTER),
    st.tuples(st.just(RESIDENT), st.sampled_from(DAYS), REGISTER),
    st.tuples(st.just(INSURED), st.sampled_from(DAYS), PENSIONS),
    st.tuples(st.just(MARRIAGE), st.sampled_from(DAYS), WEDDINGS),
)
WORLD = st.lists(TOLD, min_size=3, max_size=6)
EXAMPLES = int(os.environ.get("SHUYUAN_EXAMPLES", "3"))
"""Every example is two lives of a line, a dozen deliveries and as many publications; more of them for a longer search."""


@pytest.fixture(scope="module")
def quiet(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose suites let everything in but the worst: what they think of such a small world is not the question here."""
    suites = tmp_path_factory.mktemp("suites")
    lost = "{type: expect_rows_conserved, severity: critical, meta: {dimension: 完整性, note: 行数守恒}}"
    key = "{type: expect_column_values_to_not_be_null, column: $key, severity: critical, meta: {dimension: 完整性, note: 主键}}"
    for name, rule in (("_default", lost), ("_library", key)):
        (suites / f"{name}.yml").write_text(f"suite: {name}\nexpectations:\n  - {rule}\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHUYUAN_HOME", str(home))
        patch.setenv("SHUYUAN_EXPECTATIONS", str(suites))
        settings.load.cache_clear()
        yield Town(home)
    settings.load.cache_clear()


class Life:
    """A line that lives through deliveries in some order, and remembers what history said on the way."""

    def __init__(self, town: Town) -> None:
        self.town, self.known = town, []  # type: tuple[Town, list[tuple[Any, dict[date, list[str]]]]]
        fresh_database(town.home)
        town.clear()

    def hear(self, told: Told) -> None:
        told.drop(self.town)
        self.town.feed(told.day, told.resource)

    def publish(self) -> None:
        self.town.publish()
        moment = self.town.one("SELECT clock_timestamp()")
        self.known.append((moment, self.past(moment)))

    def past(self, known: object = None) -> dict[date, list[str]]:
        """History as of every day, as known at a moment."""
        return {day: self.rows(AS_OF, day, known) for day in DAYS}

    def rows(self, query: str, *values: object) -> list[str]:
        return sorted(map(repr, self.town.ask(query, *values)))

    def state(self) -> dict[Any, list[str]]:
        return {name: self.rows(query) for name, query in COMPARED.items()} | self.past()


def in_some_order(told: list[Told], dice: random.Random) -> list[Told]:
    """The same deliveries, those of one resource for one day in their order."""
    mixed = dice.sample(told, len(told))
    waiting: defaultdict[tuple[str, date], list[Told]] = defaultdict(list)
    for one in told:
        waiting[one.resource, one.day].append(one)
    return [waiting[one.resource, one.day].pop(0) for one in mixed]


@given(world=WORLD, seed=st.integers(0, 2**32))
@pytest.mark.timeout(1200)
@rounds(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_any_order_of_the_same_deliveries_ends_in_the_same_state(
    quiet: Town, world: list[tuple[Any, ...]], seed: int
) -> None:
    told = [Told(number, *one) for number, one in enumerate(world, 1)]
    in_time = Life(quiet)
    for day in DAYS:
        for one in told:
            if one.day == day:
                in_time.hear(one)
        if any(one.day <= day for one in told):
            in_time.publish()
    expected = in_time.state()

    dice = random.Random(seed)
    mixed = Life(quiet)
    for one in in_some_order(told, dice):
        mixed.hear(one)
        if dice.random() < 0.5:
            mixed.publish()
    mixed.publish()
    found = mixed.state()
    assert found == expected
    for moment, was in mixed.known:
        assert mixed.past(moment) == was, "what was known before stays readable"
    for day in DAYS:
        assert replay("population", day).compared.same, "history of a day is the day resolved again"
