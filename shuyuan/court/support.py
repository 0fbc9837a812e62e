"""Of two explanations of the same claims, which is the likelier: how well one explains them if every source may also copy from another.

Belongs here: the log-probability of all claims under what is believed of values and sources. That a crowd is right, or that it copies one who is
wrong, may explain each claim equally well; it does not explain all of them equally well.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from shuyuan.court.claims import Claims, Floats, Ints, total
from shuyuan.court.copying import RATE, SUSPICION, pairs

WRONG_VALUES: Final = 20
"""How many wrong values a source may choose from. One number for all explanations, or that which sees all the wrong agree would look cheap."""


def support(claims: Claims, probability: Floats, reliability: Floats) -> float:
    """Log-probability of the claims: each told by its source's reliability, or copied where that explains a source better than itself does."""
    told = np.clip(reliability.reshape(-1)[claims.slot], 1e-6, 1 - 1e-6)
    right = probability[claims.group]
    own = claims.weight * (right * np.log(told) + (1 - right) * np.log((1 - told) / WRONG_VALUES))
    return float(own.sum()) + _forest(_gains(claims, probability, told))


def _gains(claims: Claims, probability: Floats, told: Floats) -> Floats:
    """By how much it explains two sources better that one of them copies the other; symmetric."""
    size = len(claims.sources)
    gains = np.zeros(size * size)
    for one, other in pairs(claims.cell):
        gains += total(
            _gain(claims, probability, told, one, other), claims.source[one] * size + claims.source[other], size * size
        )
    between = gains.reshape(size, size)
    return np.asarray((between + between.T) / 2 + np.log(SUSPICION / (1 - SUSPICION)))


def _gain(claims: Claims, probability: Floats, told: Floats, one: Ints, other: Ints) -> Floats:
    """The same for two claims about one cell: how probable the second is given the first, against how probable it is by itself."""
    group = claims.group[one]
    itself = np.where(probability[group] > 0.5, told[other], (1 - told[other]) / WRONG_VALUES)
    copied = np.log(RATE + (1 - RATE) * itself) - np.log(itself)
    return np.asarray(claims.weight[one] * np.where(group == claims.group[other], copied, np.log(1 - RATE)))


def _forest(gains: Floats) -> float:
    """Sum of the best gains of which each source has one at most and that close no circle (Prim's greatest spanning forest)."""
    gains = np.maximum(gains, 0.0)
    np.fill_diagonal(gains, 0.0)
    best, left, found = np.zeros(len(gains)), np.ones(len(gains), np.bool_), 0.0
    for _ in range(len(gains)):
        following = int(np.argmax(np.where(left, best, -1.0)))
        found, left[following] = found + float(best[following]), False
        best = np.maximum(best, gains[following])
    return found
