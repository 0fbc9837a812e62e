"""Expectation and maximisation: how probable every claimed value is, and how reliable every source is about every item.

Belongs here: the model. A source is as reliable as its claims are probable; a value is as probable as those who claim it are
reliable. First each source has one reliability over all its items, then each item may differ from it: what a source is worth where
everybody agrees on the answer informs us where nobody does. How many ways there are of being wrong is learned per item: where the wrong agree
with each other, agreement is worth less. Copies are recognised in between (`copying.py`). Nothing is random, nobody tells the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from shuyuan.court.claims import Bools, Claims, Floats, Ints, total
from shuyuan.court.copying import dependence, independence
from shuyuan.court.support import support

TRUST: Final = 0.8
"""How often a source about which nothing is known is right."""
SOURCE_STRENGTH: Final = 4.0
"""How many claims the prior of a source is worth."""
ITEM_STRENGTH: Final = 10.0
"""How many claims a source's overall reliability is worth when one of its items is judged."""
BOUNDS: Final = (0.001, 0.999)
"""Nobody is believed or disbelieved beyond any number of others."""
ROUNDS: Final = 200
NEWTON: Final = 12
RECOGNISED: Final = 2
"""How often copies are looked for again with what was learned meanwhile."""
ENOUGH: Final = 1e-6
"""Learning ends when no probability moves by more than this."""


@dataclass(frozen=True)
class Prior:
    """What is held before any claim is read. `trust` (sources): how often right. `authority` (sources × items): added to the log-odds.
    `fixed` (sources): what is held of them is not learned. `weight`: how much what is held of a contested cell counts beside what is learned of
    it: where only two contradict each other nothing can be learned, and without it the smallest hint elsewhere would decide all."""

    trust: Floats
    authority: Floats
    fixed: Bools
    weight: float = 0.0

    @classmethod
    def equal(cls, claims: Claims) -> Prior:
        """Nobody is known and nobody is the register."""
        shape = (len(claims.sources), len(claims.items))
        return cls(np.full(shape[0], TRUST), np.zeros(shape), np.zeros(shape[0], np.bool_))


@dataclass(frozen=True)
class Judgement:
    """`probability` per value group; `reliability` (sources × items); `copies` (sources × sources): how probably one depends on the other;
    `wrong_ways` per item: how many equally likely wrong values there seem to be; `rounds` of learning."""

    claims: Claims
    probability: Floats
    reliability: Floats
    copies: Floats
    wrong_ways: Floats
    rounds: int

    def best(self) -> Ints:
        """The number of the most probable group of every cell; of equals, the one claimed first."""
        return best(self.claims, self.probability)


def learn(claims: Claims, prior: Prior | None = None) -> Judgement:
    """Judge all claims together. Deterministic; the order of sources does not matter, that of claims only between equals.

    Two explanations are tried, one that begins with everybody speaking for himself and one that begins by suspecting copies; the
    likelier one is kept.
    """
    prior = prior or Prior.equal(claims)
    believed = _started(claims, prior)
    trusting = _State(believed, prior, np.ones(len(claims.cell)), _held(claims, believed, prior))
    wary = replace(trusting, voice=independence(claims, dependence(claims, _shares_of_votes(claims, prior))))
    found = [_explained(claims, state) for state in (trusting, wary)]
    supports = [support(claims, one.probability, one.reliability) for one in found]
    return found[int(np.argmax(supports))]


def _explained(claims: Claims, state: _State) -> Judgement:
    """Learn to the end from where a state begins: first per source, then with its copies recognised, then per item."""
    rounds = state.settle(claims, per_item=False)
    for _ in range(RECOGNISED):
        copies = dependence(claims, state.probability)
        state.voice = independence(claims, copies)
        rounds += state.settle(claims, per_item=False)
    rounds += state.settle(claims, per_item=True)
    return Judgement(claims, state.probability, state.reliability, copies, state.wrong_ways, rounds)


@dataclass
class _State:
    """What is believed so far. `voice`: how much of an own word every claim is (copies share one)."""

    probability: Floats
    prior: Prior
    voice: Floats
    held: tuple[Floats, Floats]
    reliability: Floats = field(default_factory=lambda: np.empty(0))
    wrong_ways: Floats = field(default_factory=lambda: np.empty(0))

    def settle(self, claims: Claims, per_item: bool) -> int:
        """Repeat until nothing moves. → rounds."""
        rounds = 0
        while rounds < ROUNDS:
            rounds, before = rounds + 1, self.probability
            self.wrong_ways = wrong_ways(claims, before, self.voice)
            self.reliability = _reliability(claims, before, self.prior, per_item, self.held)
            self.probability = _probability(claims, self.reliability, self.wrong_ways, self.voice)
            if np.abs(self.probability - before).max(initial=0) < ENOUGH:
                break
        return rounds


def _votes(claims: Claims, prior: Prior) -> Floats:
    odds = _logit(prior.trust)[:, None] + prior.authority
    return total(odds.reshape(-1)[claims.slot], claims.group, claims.groups)


def _started(claims: Claims, prior: Prior) -> Floats:
    return shares(claims, _votes(claims, prior))


def _shares_of_votes(claims: Claims, prior: Prior) -> Floats:
    """Who is how far from unanimous, before anybody is believed more than others: it takes little to doubt what a crowd says."""
    votes = np.maximum(_votes(claims, prior), 0.0)
    return np.asarray(votes / np.maximum(total(votes, claims.cell_of_group, claims.cells), 1e-9)[claims.cell_of_group])


def _held(claims: Claims, probability: Floats, prior: Prior) -> tuple[Floats, Floats]:
    """(claims made, claims right) per source and item that the prior opinion of contested cells stands for."""
    contested = np.bincount(claims.cell_of_group, minlength=claims.cells)[claims.cell] > 1
    return _counted(claims, claims.weight * contested * prior.weight, probability)


def _counted(claims: Claims, weight: Floats, probability: Floats) -> tuple[Floats, Floats]:
    shape = (len(claims.sources), len(claims.items))
    right = weight * probability[claims.group]
    made, good = (total(w, claims.slot, shape[0] * shape[1]).reshape(shape) for w in (weight, right))
    return made, good


def _reliability(
    claims: Claims, probability: Floats, prior: Prior, per_item: bool, held: tuple[Floats, Floats]
) -> Floats:
    """Expected share of right claims, drawn towards the prior by its strength."""
    made, good = _counted(claims, claims.weight, probability)
    made, good = made + held[0], good + held[1]
    expected = _share(_overall(made, good, prior)[:, None] + prior.authority)
    if not per_item:
        return expected
    learned = np.clip((good + ITEM_STRENGTH * expected) / (made + ITEM_STRENGTH), *BOUNDS)
    return np.where(prior.fixed[:, None], expected, learned)


def _overall(made: Floats, good: Floats, prior: Prior) -> Floats:
    """Log-odds of every source over all its items, such that with its authority it is expected to be right as often as it is."""
    held = _logit(prior.trust)
    made = np.column_stack([made, np.full(len(held), SOURCE_STRENGTH)])
    lift = np.column_stack([prior.authority, np.zeros(len(held))])
    sought = good.sum(1) + SOURCE_STRENGTH * prior.trust
    odds = _logit(sought / made.sum(1))
    for _ in range(NEWTON):
        share = _share(odds[:, None] + lift)
        slope = (made * share * (1 - share)).sum(1)
        step = (sought - (made * share).sum(1)) / np.maximum(slope, 1e-12)
        odds = np.clip(odds + np.clip(step, -1, 1), *_logit(np.array(BOUNDS)))
    return np.where(prior.fixed, held, odds)


def _probability(claims: Claims, reliability: Floats, ways: Floats, voice: Floats) -> Floats:
    votes = np.log(ways)[claims.item] + _logit(reliability).reshape(-1)[claims.slot]
    return shares(claims, total(voice * votes, claims.group, claims.groups))


def wrong_ways(claims: Claims, probability: Floats, voice: Floats) -> Floats:
    """Per item, the number of equally likely wrong values that would make two wrong claims coincide as often as they do here."""
    wrong = total(voice, claims.group, claims.groups) * (1 - probability)
    stands_for = np.zeros(claims.cells)
    stands_for[claims.cell] = claims.weight
    all_wrong = total(wrong, claims.cell_of_group, claims.cells)
    items = len(claims.items)
    pairs = total(stands_for * all_wrong**2, claims.item_of_cell, items)
    group_cell = claims.cell_of_group
    same = total(stands_for[group_cell] * wrong**2, claims.item_of_cell[group_cell], items)
    return np.asarray(np.maximum(1.0, pairs / np.maximum(same, 1e-9)))


def shares(claims: Claims, scores: Floats) -> Floats:
    """Log scores of groups → probabilities within their cell."""
    top = np.full(claims.cells, -np.inf)
    np.maximum.at(top, claims.cell_of_group, scores)
    raised = np.exp(scores - top[claims.cell_of_group])
    return np.asarray(raised / total(raised, claims.cell_of_group, claims.cells)[claims.cell_of_group])


def best(claims: Claims, scores: Floats) -> Ints:
    """The group of every cell with the highest score; of equals, the one claimed first."""
    order = np.lexsort((np.arange(claims.groups), -scores, claims.cell_of_group))
    first = np.unique(claims.cell_of_group[order], return_index=True)[1]
    return np.asarray(order[first], np.int64)


def majority(claims: Claims) -> Ints:
    """The group of every cell that most sources claim: what the court has to beat."""
    return best(claims, np.bincount(claims.group, minlength=claims.groups).astype(np.float64))


def _logit(share: Floats) -> Floats:
    held = np.clip(share, *BOUNDS)
    return np.asarray(np.log(held / (1 - held)))


def _share(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))
