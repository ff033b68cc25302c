"""Flame graphs: one box for each function, as wide as its part of the time, above the one that called it."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

WIDTH: Final = 1200
ROW: Final = 17
_MARGIN: Final = 10
_TITLE: Final = 26
_LEAST_PART: Final = 0.004
_TRUNK: Final = 0.95
_LETTER: Final = 6.2
_STYLE: Final = "text { font: 11px ui-monospace, monospace; fill: #222 } rect { stroke: #fff; stroke-width: 0.5 }"
_COLOURS: Final = {
    "waqiti/services": "#f4a259",
    "waqiti": "#f6d186",
    "asyncpg": "#8cb4d8",
    "uvicorn": "#b9a7d6",
    "": "#cfd8dc",
}
"""By the beginning of a frame's path, the first that fits."""


class Frame:
    """One function in one place of the stack: how many samples saw it, and what it called."""

    __slots__ = ("called", "name", "samples")

    def __init__(self, name: str) -> None:
        self.name = name
        self.samples = 0
        self.called: dict[str, Frame] = {}


def read(lines: Iterable[str]) -> Frame:
    """Return the root of stacks in py-spy's raw form, ``caller;called;... samples``.

    It is where they part: what comes before is the same in nearly all of them.
    """
    root = Frame("")
    for line in lines:
        stack, _, count = line.rstrip().rpartition(" ")
        samples, at = int(count), root
        at.samples += samples
        for name in map(_without_line, stack.split(";")):
            at = at.called.setdefault(name, Frame(name))
            at.samples += samples
    while root.called:
        dearest = max(root.called.values(), key=lambda one: one.samples)
        if dearest.samples < _TRUNK * root.samples:
            break
        root = dearest
    return root


def drawn(root: Frame, title: str) -> str:
    """Return an SVG document; functions under 0.4 % of the time are left out."""
    boxes = list(_boxes(root, root.samples, 0.0, 0))
    rows = 1 + max(depth for _, _, depth, _ in boxes)
    height = _TITLE + rows * ROW + _MARGIN
    drawing = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{_MARGIN}" y="17">{escape(title)}</text>',
        *(_box(part, left, height - _MARGIN - (depth + 1) * ROW, name) for part, left, depth, name in boxes),
        "</svg>\n",
    ]
    return "\n".join(drawing)


def _without_line(name: str) -> str:
    return name.rpartition(":")[0] + ")" if name.endswith(")") and ":" in name else name


def _boxes(frame: Frame, whole: int, left: float, depth: int) -> Iterator[tuple[float, float, int, str]]:
    """Yield part of the whole, where it begins, row and name, callers first, the dearest left."""
    yield frame.samples / whole, left, depth, frame.name
    for called in sorted(frame.called.values(), key=lambda one: -one.samples):
        if called.samples / whole >= _LEAST_PART:
            yield from _boxes(called, whole, left, depth + 1)
        left += called.samples / whole


def _box(part: float, left: float, top: float, name: str) -> str:
    inner = WIDTH - 2 * _MARGIN
    x, width = _MARGIN + left * inner, part * inner
    letters = int((width - 6) / _LETTER)
    short = name.partition(" (")[0]
    text = short if len(short) <= letters else short[: max(letters - 1, 0)] + "…" if letters > 3 else ""
    label = f'<text x="{x + 3:.1f}" y="{top + 12.5:.1f}">{escape(text)}</text>' if text else ""
    return (
        f'<g><title>{escape(name)}: {part:.1%}</title><rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" '
        f'height="{ROW - 1}" rx="2" fill="{_colour(name)}"/>{label}</g>'
    )


def _colour(name: str) -> str:
    path = name.rpartition("(")[2]
    return next(colour for beginning, colour in _COLOURS.items() if path.startswith(beginning))
