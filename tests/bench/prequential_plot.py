"""Draws a prequential run as SVG, with nothing but text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, TOP, GAP = 420, 260, 48, 44, 70
SHARE, RIGHT, TARGET = "#2563eb", "#15803d", "#b91c1c"


class Block(NamedTuple):
    """Some remarks in a row.

    Attributes:
        seen: remarks up to its end, `size` of them its own.
        sure: those that would be linked without a person, were none audited.
        linked, right: linked without a person, and rightly.
        least: the certified threshold at its end; None for none.
    """

    seen: int
    size: int
    sure: int
    linked: int
    right: int
    least: float | None

    @property
    def share(self) -> float:
        """Of its remarks, those linked without a person."""
        return self.linked / self.size

    @property
    def precision(self) -> float:
        """Of its links, the right ones; one where there is none."""
        return self.right / self.linked if self.linked else 1.0


def drawn(runs: Mapping[str, Sequence[Block]], target: float) -> str:
    """One panel a set: the share linked without a person, its precision, and what was promised."""
    wide = LEFT + len(runs) * (WIDTH + GAP)
    panels = [
        line
        for place, (name, blocks) in enumerate(runs.items())
        for line in _panel(LEFT + place * (WIDTH + GAP), name, blocks, target)
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {HEIGHT + 130}"'
        ' font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *panels, "</svg>\n"])


def _panel(left: int, name: str, blocks: Sequence[Block], target: float) -> list[str]:
    last = blocks[-1].seen
    shares = [(left + WIDTH * block.seen / last, _y(block.share)) for block in blocks]
    right = [
        (left + WIDTH * block.seen / last, _y(block.precision)) for block in blocks if block.linked
    ]
    across = [(left, _y(target)), (left + WIDTH, _y(target))]
    return [
        _text(left, TOP - 20, name, "font-weight='bold'"),
        *(line for tick in range(0, 11, 2) for line in _tick(left, tick / 10)),
        *(
            _text(left + WIDTH * at // 6 - 12, TOP + HEIGHT + 18, f"{last * at // 6:,}")
            for at in range(7)
        ),
        _text(left, TOP + HEIGHT + 36, "remarks seen"),
        _line(across, TARGET, "stroke-dasharray='6 4'"),
        _line(shares, SHARE),
        _line(right, RIGHT),
        _text(left, TOP + HEIGHT + 58, "linked without a person", f"fill='{SHARE}'"),
        _text(left + 150, TOP + HEIGHT + 58, "right of these", f"fill='{RIGHT}'"),
        _text(left + 250, TOP + HEIGHT + 58, f"promised: {target:g}", f"fill='{TARGET}'"),
    ]


def _tick(left: int, at: float) -> list[str]:
    rule = _line([(left, _y(at)), (left + WIDTH, _y(at))], "#d4d4d4", "stroke-width='1'")
    return [rule, _text(left - 28, int(_y(at)) + 4, f"{at:.1f}")]


def _y(share: float) -> float:
    return TOP + HEIGHT * (1 - share)


def _line(points: Sequence[tuple[float, float]], colour: str, more: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    width = "" if "stroke-width" in more else "stroke-width='2' "
    return f"<polyline fill='none' stroke='{colour}' {width}{more} points='{path}'/>"


def _text(x: int, y: int, words: str, more: str = "") -> str:
    return f"<text x='{x}' y='{y}' {more}>{escape(words)}</text>"
