"""The court's model on made-up claims: what it must learn, what it must not be misled by, and that it never rolls dice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuyuan.court import copying
from shuyuan.court.claims import Claims, encode
from shuyuan.court.learn import Prior, learn, majority

ITEMS = ("height", "weight", "colour")
Said = dict[str, Any]


def table(rows: list[Said]) -> pa.Table:
    names = ["object", "item", "source", "value", *(["weight"] if rows and "weight" in rows[0] else [])]
    return pa.table({name: [row[name] for row in rows] for name in names})


def world(cells: int, accuracies: dict[str, float], seed: int = 1, wrong: int = 20, item: str = "height") -> list[Said]:
    """Independent sources, each right as often as it says; the true value of every cell is `true`, and the wrong ones differ."""
    rng = np.random.default_rng(seed)
    rows: list[Said] = []
    for source, accuracy in accuracies.items():
        right, other = rng.random(cells) < accuracy, rng.integers(0, wrong, cells)
        values = ["true" if fine else f"wrong {n}" for fine, n in zip(right, other, strict=True)]
        rows += [{"object": str(n), "item": item, "source": source, "value": value} for n, value in enumerate(values)]
    return rows


def right(claims: Claims, chosen: Any) -> float:
    return float(np.mean([value == "true" for value in claims.values.take(pa.array(chosen)).to_pylist()]))


def test_reliability_is_learned_without_any_truth() -> None:
    accuracies = {"good": 0.95, "fair": 0.8, "poor": 0.5, "bad": 0.3}
    judged = learn(encode(table(world(2000, accuracies))))
    learned = dict(zip(judged.claims.sources, judged.reliability[:, 0], strict=True))
    assert learned == pytest.approx(accuracies, abs=0.06)


def test_the_most_probable_value_beats_the_majority() -> None:
    claims = encode(table(world(1000, {"good": 0.95, "a": 0.4, "b": 0.4, "c": 0.4}, wrong=3)))
    judged = learn(claims)
    assert right(claims, judged.best()) > right(claims, majority(claims)) + 0.1
    assert right(claims, judged.best()) > 0.93


@pytest.mark.parametrize(
    ("good", "knows", "accuracy", "copies"), [(8, 0.4, 0.85, 2), (8, 0.4, 0.85, 3), (10, 0.3, 0.9, 4)]
)
def test_copies_are_one_voice(good: int, knows: float, accuracy: float, copies: int) -> None:
    """A bad source and its copies outvote good sources that know less; recognised, they do not."""
    rng = np.random.default_rng(5)
    rows = world(400, {f"good {n}": accuracy for n in range(good)}, wrong=50)
    rows = [row for row in rows if rng.random() < knows]
    original = world(400, {"original": 0.5}, seed=6, wrong=50)
    rows += [*original, *(row | {"source": f"copy {n}"} for n in range(copies) for row in original)]
    claims = encode(table(rows))
    judged = learn(claims)
    at = claims.sources.index
    assert judged.copies[at("original"), at("copy 0")] > 0.99
    assert judged.copies[at("good 0"), at("good 1")] < 0.1
    assert right(claims, majority(claims)) < 0.75
    assert right(claims, judged.best()) > 0.9


def test_suspecting_copies_first_does_no_harm_where_there_are_none() -> None:
    for seed in range(5):
        claims = encode(table(world(200, {"a": 0.9, "b": 0.85, "c": 0.7, "d": 0.6, "e": 0.5}, seed=seed, wrong=5)))
        judged = learn(claims)
        assert judged.copies.max() < 0.1
        assert right(claims, judged.best()) > 0.9


def test_good_sources_that_always_agree_copy_nobody() -> None:
    judged = learn(encode(table(world(300, {"a": 0.99, "b": 0.99, "c": 0.7, "d": 0.6}))))
    at = judged.claims.sources.index
    assert judged.copies[at("a"), at("b")] < 0.1


def test_a_source_known_from_other_items_is_believed_where_nobody_agrees() -> None:
    accuracies = {"good": 0.98, "a": 0.6, "b": 0.6, "c": 0.6}
    rows = world(400, accuracies) + world(40, {"good": 1.0, "a": 0.0}, item="colour")
    judged = learn(encode(table(rows)))
    claims = judged.claims
    colour = claims.items.index("colour")
    said = claims.values.take(pa.array(judged.best()[claims.item_of_cell == colour])).to_pylist()
    assert said.count("true") == 40


def test_where_only_two_contradict_each_other_authority_decides_and_stays_modest() -> None:
    rows = [{"object": str(n), "item": "height", "source": s, "value": v, "weight": 100.0} for n in range(9)
            for s, v in (("register", "a"), ("copier", "a" if n else "b"))]  # fmt: skip
    claims = encode(table(rows))
    prior = Prior(np.array([0.9, 0.9]), np.array([[np.log(9.0)], [0.0]]), np.zeros(2, np.bool_), weight=1.0)
    probability = learn(claims, prior).probability[:2]
    assert 0.75 < probability[0] < 0.97
    assert probability[0] + probability[1] == pytest.approx(1)


def test_a_weight_is_a_repetition() -> None:
    once = [row | {"weight": 3.0} for row in world(60, {"a": 0.9, "b": 0.7, "c": 0.5})]
    thrice = [row | {"object": f"{row['object']} {n}", "weight": 1.0} for n in range(3) for row in once]
    one, three = learn(encode(table(once))), learn(encode(table(thrice)))
    assert np.allclose(one.reliability, three.reliability, atol=1e-4)
    assert np.allclose(one.copies, three.copies, atol=1e-4)


claims_of = st.lists(
    st.tuples(*(st.integers(0, 5) for _ in range(2)), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=60
)


@given(claims_of, st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_claims_changes_nothing(drawn: list[tuple[int, int, int, int]], random: Any) -> None:
    """One word per source and cell; then shuffled claims give the same probabilities, and every cell's sum to one."""
    words = {(o, i % 3, s): v for o, i, s, v in drawn}
    rows = [{"object": str(o), "item": ITEMS[i], "source": f"s{s}", "value": str(v)} for (o, i, s), v in words.items()]
    shuffled = random.sample(rows, len(rows))
    first, second = (probabilities(encode(table(some))) for some in (rows, shuffled))
    assert first.keys() == second.keys()
    assert all(first[key] == pytest.approx(second[key], abs=1e-4) for key in first)


def probabilities(claims: Claims) -> dict[tuple[str, str, str], float]:
    judged = learn(claims)
    sums = np.bincount(claims.cell_of_group, judged.probability)
    assert np.allclose(sums, 1)
    assert np.all((judged.reliability > 0) & (judged.reliability < 1))
    cells = list(zip(claims.objects.to_pylist(), [claims.items[n] for n in claims.item_of_cell], strict=True))
    named = [(*cells[cell], value) for cell, value in zip(claims.cell_of_group, claims.values.to_pylist(), strict=True)]
    return dict(zip(named, judged.probability.tolist(), strict=True))


def test_the_same_claims_give_the_same_bits() -> None:
    claims = encode(table(world(200, {"a": 0.9, "b": 0.7, "c": 0.5})))
    assert learn(claims).probability.tobytes() == learn(claims).probability.tobytes()


def test_pairs_are_the_same_in_pieces_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    claims = encode(table(world(50, {"a": 0.9, "b": 0.7, "c": 0.5, "d": 0.4}, wrong=3)))
    whole = copying.dependence(claims, np.full(claims.groups, 0.5))
    monkeypatch.setattr(copying, "PIECE", 7)
    assert np.allclose(copying.dependence(claims, np.full(claims.groups, 0.5)), whole)


def test_nulls_claim_nothing_and_a_source_has_one_word_per_cell() -> None:
    rows = [
        {"object": "x", "item": "height", "source": "a", "value": None},
        {"object": "x", "item": "height", "source": "b", "value": "1"},
        {"object": "x", "item": "height", "source": "b", "value": "2"},
    ]
    claims = encode(table(rows))
    assert (claims.cells, claims.groups, claims.values.to_pylist()) == (1, 1, ["1"])
    assert learn(claims).probability.tolist() == [1.0]


def test_nothing_is_judged_from_nothing() -> None:
    empty = pa.table({name: pa.array([], pa.string()) for name in ("object", "item", "source", "value")})
    judged = learn(encode(empty))
    assert len(judged.probability) == 0
    assert len(judged.best()) == 0


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match=r"\['source'\]"):
        encode(pa.table({"object": ["x"], "item": ["y"], "value": ["z"]}))
