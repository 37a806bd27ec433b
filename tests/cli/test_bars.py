"""Counts as bars: what is small is seen, what is not all is not called all, and lines stay within the terminal."""

from __future__ import annotations

import pytest
from rich.text import Text

from kobo_cli.reports.bars import bars
from kobo_cli.reports.drawing import ASCII, BLOCKS, Pen


def drawn(counts: dict[str, int], whole: int, *, width: int = 80, pen: Pen = BLOCKS) -> list[str]:
    return [Text.from_markup(line).plain for line in bars(counts, whole, width=width, pen=pen)]


def test_a_bar_is_as_long_as_its_share() -> None:
    assert drawn({"queued": 50, "sent": 25, "delivered": 25}, 100) == [
        f"  queued     50   50 %  {20 * '█'}",
        f"  sent       25   25 %  {10 * '█'}",
        f"  delivered  25   25 %  {10 * '█'}",
    ]


def test_one_of_a_million_is_seen_and_all_but_one_are_not_all() -> None:
    first, second = drawn({"sent": 999_999, "failed": 1}, 1_000_000)
    assert first.split()[:3] == ["sent", "999,999", ">99"]
    assert second == "  failed        1   <1 %  ▏"


def test_parts_of_a_character_are_drawn_in_eighths() -> None:
    assert [line.split()[-1] for line in drawn({"sent": 5, "failed": 3}, 320)] == ["▋", "▍"]


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn({}, 10) == []
    assert drawn({"sent": 0}, 0) == ["  sent  0    0 %"]


@pytest.mark.parametrize("pen", [BLOCKS, ASCII], ids=["blocks", "ascii"])
@pytest.mark.parametrize("width", [30, 80, 100, 300])
def test_lines_stay_within_the_terminal(width: int, pen: Pen) -> None:
    lines = drawn({"do_not_disturb": 1_234_567, "not queued yet": 1}, 1_234_568, width=width, pen=pen)
    assert all(len(line) <= max(width, 38) for line in lines)
    assert all(line[-1] in "█▏#" for line in lines)
    assert pen is BLOCKS or "".join(lines).isascii()
