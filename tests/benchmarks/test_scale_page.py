"""docs/scale.md has the tables and the plot that its command makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.scale.inputs import Inputs
from benchmarks.scale.page import tables_in, with_tables
from benchmarks.scale.plot import draw
from benchmarks.scale.tables import TABLES, dollars, seconds

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "scale.md").read_text()


def test_the_page_has_each_table() -> None:
    assert sorted(tables_in(PAGE)) == sorted(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_the_command_prints(name: str) -> None:
    again = "python -m benchmarks.scale --page docs/scale.md --write docs/scale.svg"
    assert tables_in(PAGE)[name] == TABLES[name](Inputs()), again


def test_the_plot_is_what_the_command_draws() -> None:
    assert (DOCS / "scale.svg").read_text() == draw(Inputs())


def test_tables_are_put_in_place_of_the_pages_own() -> None:
    page = "a\n\n<!-- table: one -->\nold\n<!-- end -->\nb\n<!-- table: two -->\n<!-- end -->\n"
    made = with_tables(page, {"one": "| new |", "two": "| 2 |"})
    assert tables_in(made) == {"one": "| new |", "two": "| 2 |"}
    assert with_tables(made, {}) == made
    assert made.startswith("a\n\n<!-- table: one -->\n| new |\n<!-- end -->\nb\n")


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (0, "0 s"),
        (0.344, "0.34 s"),
        (12.3, "12 s"),
        (119, "119 s"),
        (780, "13.0 min"),
        (8280, "2.3 h"),
        (276_000, "3.2 days"),
    ],
)
def test_times_in_words(time: float, words: str) -> None:
    assert seconds(time) == words


@pytest.mark.parametrize(
    ("usd", "words"),
    [(0, "0"), (0.004, "0.00"), (0.0314, "0.03"), (0.706, "0.71"), (18.21, "18"), (177.2, "180"), (1772, "1,800")],
)
def test_dollars_have_two_digits(usd: float, words: str) -> None:
    assert dollars(usd) == words
