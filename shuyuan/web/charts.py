"""Small charts as geometry: Python computes the bars, the template draws them as inline SVG (no script, no style attribute)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A rectangle in chart units; `kind` is its CSS class, `title` its tooltip."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True)
class Chart:
    """Bars in a box of `width` × `height` units, and labels below it at their x."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    labels: tuple[tuple[float, str], ...] = ()


def columns(series: Sequence[tuple[str, Sequence[tuple[str, int]]]], width: int = 560, height: int = 96) -> Chart:
    """One stacked column per (label, [(kind, count), …]); the tallest reaches the top. Every third label is written."""
    tallest = max((sum(count for _, count in parts) for _, parts in series), default=0) or 1
    step = width / max(len(series), 1)
    bars: list[Bar] = []
    for i, (label, parts) in enumerate(series):
        bottom = float(height)
        for kind, count in parts:
            tall = height * count / tallest
            bottom -= tall
            if count:
                bars.append(
                    Bar(
                        round(i * step + step * 0.14, 1),
                        round(bottom, 1),
                        round(step * 0.72, 1),
                        round(tall, 1),
                        kind,
                        f"{label}: {count}",
                    )
                )
    labels = tuple(
        (round((i + 0.5) * step, 1), label) for i, (label, _) in enumerate(series) if (len(series) - 1 - i) % 3 == 0
    )
    return Chart(width, height, tuple(bars), labels)


def strip(parts: Sequence[tuple[str, int]], width: int = 120, height: int = 10) -> Chart:
    """One horizontal bar split by the counts of [(kind, count), …]."""
    total = sum(count for _, count in parts)
    bars: list[Bar] = []
    left = 0.0
    for kind, count in parts:
        wide = width * count / total if total else 0.0
        if count:
            bars.append(Bar(round(left, 1), 0, round(max(wide - 1, 1), 1), height, kind, str(count)))
        left += wide
    return Chart(width, height, tuple(bars))
