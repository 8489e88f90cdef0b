"""The colours of the stylesheet against each other, by the formula of WCAG 2.2 (1.4.3, 1.4.11); `-s` prints them."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "archive/static/archive.css").read_text()
ROOTS = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
TEXT, SHAPE = 4.5, 3.0
FIELD = "#8b8578"  # the border of fields and buttons
PAIRS = [  # what, on what, at least
    *((name, "paper", TEXT) for name in ("ink", "soft", "link", "seen", "good", "wait")),
    *((name, "tint", TEXT) for name in ("ink", "soft", "link", "seen")),
    *((name, "mark", TEXT) for name in ("ink", "link", "seen")),
    *((name, "paper", SHAPE) for name in ("focus", FIELD)),
    ("paper", "link", TEXT),  # the main button
]


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6}|#[0-9a-f]{3})\b", block))


def _light(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    high, low = sorted((_light(one), _light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula() -> None:
    assert round(contrast("#000", "#ffffff"), 2) == 21
    assert round(contrast("#767676", "#fff"), 2) == 4.54


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(scheme: str) -> None:
    light = _colours(ROOTS[0])
    colours = light if scheme == "light" else light | _colours(ROOTS[1])
    short = []
    for what, ground, least in PAIRS:
        ratio = contrast(colours.get(what, what), colours[ground])
        print(f"{scheme:5} {what:8} on {ground:6} {ratio:5.1f}")
        if ratio < least:
            short.append(f"{what} on {ground}: {ratio:.2f}, not {least}")
    assert short == []
