"""The drawn history: what is where, and what is left blank."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kobo_cli.reports.drawing import ASCII, BLOCKS, Pen, Point, draw, pen_for

# 23:00 in Nigeria.
NOW = 1_795_384_800.0
HOUR = 3600


def points(*values: float, every: float = HOUR) -> list[Point]:
    """Return values read each `every` seconds, the last of them now."""
    first = NOW - every * (len(values) - 1)
    return [Point(first + every * at, Decimal(value)) for at, value in enumerate(values)]


def test_a_fall_and_a_top_up() -> None:
    history = points(*range(1600, -1, -200), 1600, 1600, every=900)
    assert draw(history, NOW, BLOCKS, width=40, height=3) == [
        "1,600 │███▅▅▅▅▂▂▂▂                        █████",
        "      │███████████▇▇▇▇▅▅▅▅▂▂▂▂            █████",
        "    0 │███████████████████████▇▇▇▇▄▄▄▄▁▁▁▁█████",
        "      └────────────────────────────────────────",
        "       today 20:30 WAT                      now",
    ]
    assert draw(history, NOW, ASCII, width=40, height=3) == [
        "1,600 |###::::....                        #####",
        "      |###############::::....            #####",
        "    0 |###########################::::....#####",
        "      +----------------------------------------",
        "       today 20:30 WAT                      now",
    ]


@pytest.mark.parametrize("history", [points(5, 5, 5), points(5)])
def test_what_never_changes_is_one_row(history: list[Point]) -> None:
    assert draw(history, NOW, BLOCKS, width=20)[0] == "5 │" + "█" * 20
    assert len(draw(history, NOW, BLOCKS, width=20)) == 3


def test_where_nobody_read_for_two_hours_nothing_is_drawn() -> None:
    history = [*points(9, 8, 7, 6, 5, 4)[:2], Point(NOW, Decimal(1))]
    assert draw(history, NOW, BLOCKS, width=40, height=3)[2] == "1 │████████████████████████               ▁"


def test_a_column_shows_what_was_read_in_it_however_long_it_is() -> None:
    history = [Point(NOW - hours * HOUR, Decimal(value)) for hours, value in ((48, 9), (36, 8), (0, 7))]
    assert draw(history, NOW, BLOCKS, width=2, height=2)[1] == "7 │█▁"


def test_the_last_reading_is_the_last_column() -> None:
    assert draw(points(*[100] * 500, 0, every=60), NOW, BLOCKS, width=20, height=2)[:2] == [
        "100 │" + "█" * 19,
        "  0 │" + "█" * 19 + "▁",
    ]


@pytest.mark.parametrize(("encoding", "pen"), [("utf-8", BLOCKS), ("ascii", ASCII), ("latin-1", ASCII), (None, ASCII)])
def test_a_terminal_that_has_no_blocks_gets_ascii(encoding: str | None, pen: Pen) -> None:
    assert pen_for(encoding) == pen
    assert not any(set("".join(draw(points(3, 2, 1), NOW, ASCII))) - set(map(chr, range(32, 127))))
