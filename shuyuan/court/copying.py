"""Who copies from whom: sources that share what is false far more often than chance are one voice, not several.

Belongs here: the probability that two sources depend on each other, and what their words are then worth. Agreeing on what is true proves
nothing: all good sources do. The chance of two independent sources being wrong in the same way is taken from how the others are
wrong in that cell, so that a popular mistake is no proof either (after Dong, Berti-Équille, Srivastava, VLDB 2009).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from shuyuan.court.claims import Claims, Floats, Ints, total

RATE: Final = 0.8
"""What share of its values a copier copies."""
SUSPICION: Final = 0.05
"""How probable dependence is before the claims are compared."""
CHANCE: Final = 0.5
"""How probably two wrong claims coincide in a cell about which nobody else is wrong; weighs as much as one wrong claim."""
PIECE: Final = 2_000_000
"""Pairs of claims that are held in memory at once."""


def dependence(claims: Claims, probability: Floats) -> Floats:
    """For every two sources, how probably their claims are not independent. Symmetric, zero on the diagonal."""
    size = len(claims.sources)
    evidence = np.zeros(size * size)
    for one, other in pairs(claims.cell):
        between = claims.source[one] * size + claims.source[other]
        evidence += total(_evidence(claims, probability, one, other), between, size * size)
    odds = np.log(SUSPICION / (1 - SUSPICION)) + evidence.reshape(size, size)
    found = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
    np.fill_diagonal(found, 0.0)
    return np.asarray(found)


def _evidence(claims: Claims, probability: Floats, one: Ints, other: Ints) -> Floats:
    """Log-likelihood of copying against independence, one number per pair of claims about the same cell."""
    wrong = 1 - probability
    votes = np.bincount(claims.group, minlength=claims.groups) * wrong
    in_cell = total(votes, claims.cell_of_group, claims.cells)
    group = claims.group[one]
    both = wrong[group]
    popular = (np.maximum(votes[group] - 2 * both, 0) + CHANCE) / (
        np.maximum(in_cell[claims.cell[one]] - 2 * both, 0) + 1
    )
    same = both * np.log((RATE + (1 - RATE) * popular) / popular)
    either = np.maximum(wrong[claims.group[one]], wrong[claims.group[other]])
    told = np.where(group == claims.group[other], same, either * np.log(1 - RATE))
    return np.asarray(claims.weight[one] * told)


def independence(claims: Claims, copies: Floats) -> Floats:
    """How much of an own word every claim is: 1 alone, 1/n for n perfect copies that say the same."""
    size = len(claims.sources)
    company = np.ones(len(claims.cell))
    for one, other in pairs(claims.group):
        depends = copies.reshape(-1)[claims.source[one] * size + claims.source[other]]
        company += total(depends, one, len(company))
    return np.asarray(1 / company)


def pairs(key: Ints) -> Iterator[tuple[Ints, Ints]]:
    """All ordered pairs of different positions with the same key, in pieces of bounded size."""
    order = np.argsort(key, kind="stable").astype(np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0]) if len(key) else np.empty(0, np.int64)
    sizes = np.diff(np.r_[starts, len(key)])
    return (_of_piece(order, starts[part], sizes[part]) for part in _pieces(sizes**2))


def _pieces(costs: Ints) -> list[slice]:
    """Runs of neighbours whose costs stay below the bound; one that is above it alone stands alone."""
    edges = np.flatnonzero(np.diff(np.cumsum(costs) // PIECE)) + 1
    bounds = [0, *edges.tolist(), len(costs)]
    return [slice(a, b) for a, b in pairwise(bounds) if a < b]


def _of_piece(order: Ints, starts: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    squares = sizes**2
    within = np.arange(squares.sum()) - np.repeat(np.cumsum(squares) - squares, squares)
    base, size = np.repeat(starts, squares), np.repeat(sizes, squares)
    one, other = order[base + within // size], order[base + within % size]
    apart = one != other
    return one[apart], other[apart]
