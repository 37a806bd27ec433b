"""What a terminal shows, as an SVG file that loads nothing; what a browser shows, as a PNG file."""

from __future__ import annotations

import io
from itertools import groupby
from pathlib import Path

import pyte
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

# Of a dark terminal: background, text, and the eight colours, plain and bright.
_PLAIN = [(40, 44, 52), (255, 120, 120), (80, 200, 140), (230, 190, 90), (110, 170, 255), (215, 140, 240)]
_PLAIN += [(90, 205, 215), (215, 220, 228)]
_THEME = TerminalTheme((20, 24, 28), (215, 220, 228), _PLAIN, _PLAIN)
_NAMES = {"brown": "yellow"}
# As rich's own, without a font from elsewhere.
_FORMAT = """<svg class="{unique_id}" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>.{unique_id}-matrix {{ font: {char_height}px/{line_height}px "DejaVu Sans Mono", Menlo, Consolas, monospace; }}
.{unique_id}-title {{ font: 15px system-ui, "Noto Sans", sans-serif; }}
{styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def take(shown: str, path: Path, *, columns: int, lines: int, title: str) -> None:
    """Write a picture of what a terminal of this size shows after it was sent the text `shown`."""
    screen = pyte.Screen(columns, lines)
    # pyte drops the rest of a line after a character without width.
    pyte.Stream(screen).feed(shown.replace("\ufeff", ""))
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, highlight=False)
    rows = [_row(screen, at) for at in range(lines)]
    while rows and not rows[-1].plain.strip():
        rows.pop()
    for row in rows:
        console.print(row, overflow="crop", no_wrap=True)
    name = path.stem.replace(".", "-")
    picture = console.export_svg(title=title, theme=_THEME, code_format=_FORMAT, unique_id=name)
    # Whatever the font, bars are to have no gaps.
    path.write_text(picture.replace(" textLength=", ' lengthAdjust="spacingAndGlyphs" textLength='))


def take_page(page: Path, path: Path, *, width: int, height: int) -> None:
    """Write a picture of an HTML file, as Debian's chromium shows it in a window of this size."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        window = browser.new_page(viewport={"width": width, "height": height})
        window.goto(page.resolve().as_uri())
        window.screenshot(path=path)
        browser.close()


def _row(screen: pyte.Screen, at: int) -> Text:
    text = Text()
    for style, chars in groupby((screen.buffer[at][column] for column in range(screen.columns)), key=_style):
        text.append("".join(char.data for char in chars), style)
    text.rstrip()
    return text


def _style(char: pyte.screens.Char) -> Style:
    colour = _NAMES.get(char.fg, char.fg) if char.fg != "default" else None
    return Style(color=colour, bold=char.bold)
