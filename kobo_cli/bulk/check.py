"""Whether a row of a campaign's file can be sent: its number, the values that the text needs, the text's length.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kobo_cli.bulk.cells import clean, excel_error
from kobo_cli.bulk.numbers import read_number
from kobo_cli.bulk.plain import Priced, price
from kobo_cli.bulk.table import Row
from kobo_cli.bulk.template import Template
from kobo_sms.messages.fields import MAX_TEXT
from kobo_sms.messages.numbers import InvalidNumber, compact

# Texts that come again and again are priced once.
_KNOWN_TEXTS = 4096


@dataclass(frozen=True)
class Good:
    """A row that can be sent; `mended` is what was wrong with its number."""

    row: Row
    number: str
    priced: Priced
    mended: str | None


@dataclass(frozen=True)
class Bad:
    """A row that cannot be sent: why, and the column at fault, None if it is the row as a whole."""

    row: Row
    column: str | None
    reason: str


class Checker:
    """Checks the rows of one table.

    Parameters
    ----------
    columns
        The names of the table's columns.
    to
        The place of the column with the numbers.
    region
        Whose national form the numbers may have (ISO 3166-1 alpha-2).
    plain
        Whether plain characters are to be taken where that makes a text cheaper.
    """

    def __init__(self, columns: Sequence[str], to: int, template: Template, *, region: str, plain: bool) -> None:
        self._columns = columns
        self._to = to
        self._template = template
        self._needed = template.columns
        self._region = region
        self._price = lru_cache(_KNOWN_TEXTS)(lambda text: price(text, plain=plain))

    def check(self, row: Row) -> Good | Bad:
        """Return what is to be sent for a row, or all that is wrong with it, the number first."""
        if row.fault:
            return Bad(row, None, row.fault)
        values = list(map(clean, row.cells))
        try:
            number, mended = self._number(values[self._to])
            wrong: list[tuple[str | None, str]] = []
        except InvalidNumber as error:
            wrong = [(self._columns[self._to], str(error))]
        wrong += self._problems(values)
        if not wrong:
            priced = self._price(self._template.render(values))
            wrong += _problems_of_text(priced.text)
        if wrong:
            return self._bad(row, wrong)
        return Good(row, number, priced, mended)

    def written(self, row: Row) -> list[str]:
        """Return what of a row makes the campaign, as it is in the file: its number and the values that the text needs.

        No rule of numbering has a say in it.
        """
        return [compact(row.cells[self._to]), *(row.cells[at] for at in self._needed)]

    def _number(self, value: str) -> tuple[str, str | None]:
        problem = _problem_of_value(value)
        if problem:
            raise InvalidNumber(problem)
        return read_number(value, self._region)

    def _problems(self, values: Sequence[str]) -> Iterator[tuple[str, str]]:
        for at in self._needed:
            problem = _problem_of_value(values[at])
            if problem and at != self._to:
                yield self._columns[at], problem

    def _bad(self, row: Row, wrong: Sequence[tuple[str | None, str]]) -> Bad:
        (column, reason), *more = wrong
        return Bad(row, column, "; ".join([reason, *(f"{name}: {why}" for name, why in more)]))


def _problem_of_value(value: str) -> str | None:
    return excel_error(value) if value else "is empty"


def _problems_of_text(text: str) -> Iterator[tuple[None, str]]:
    if len(text) > MAX_TEXT:
        yield None, f"the text has {len(text)} characters, {MAX_TEXT} is the most"
    elif not text.strip():
        yield None, "the text is empty"
