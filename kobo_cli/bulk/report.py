"""What a check tells: as JSON (the shape that `kobo bulk --dry-run --json` prints) and in words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from kobo_cli.bulk import separators
from kobo_cli.bulk.checking import Checked
from kobo_cli.bulk.findings import Findings
from kobo_cli.bulk.plain import plain_form
from kobo_cli.bulk.price import LEAST_PAGES, Cost
from kobo_sms.credit.wording import amount, moment_in_words, plural

_BAD_SHOWN, _REASONS_SHOWN, _REPEATED_SHOWN, _DEAR_SHOWN = 20, 5, 5, 10


def as_json(checked: Checked, cost: Cost) -> dict[str, Any]:
    """Return everything that a check has found, None for what is not known."""
    findings, workspace = checked.findings, checked.workspace
    dear = findings.dear.most_common()
    return {
        "campaign": checked.campaign.id if checked.campaign else None,
        "rows": findings.rows,
        "recipients": findings.recipients,
        "duplicates": findings.duplicates,
        "bad": [{"line": bad.line, "column": bad.column, "reason": bad.reason} for bad in workspace.bad()],
        "pages": {str(pages): texts for pages, texts in workspace.pages().items()},
        "dear": [{"char": char, "plain": plain_form(char), "texts": texts} for char, texts in dear],
        "requests": workspace.requests(),
        "cost": {
            "pages": cost.pages,
            "page_price": _number(cost.funds.page_price),
            "total": _number(cost.total),
        },
        "balance": _number(cost.funds.balance),
    }


def in_words(checked: Checked, cost: Cost, now: float) -> Iterator[tuple[str, str]]:
    """Yield what a person reads but for the bad rows: labels (empty: that of the line before) and what is so."""
    table, findings = checked.table, checked.findings
    written = f"{table.encoding.name}, cells separated by {separators.NAMES[table.separator]}"
    yield "file", f"{plural(findings.rows, 'row')}; {written}; numbers in the column {checked.to!r}"
    if checked.campaign is not None:
        yield "campaign", checked.campaign.id
    yield "recipients", f"{findings.recipients:,}, in {plural(checked.workspace.requests(), 'request')}"
    for how, count in findings.mended.most_common():
        yield "mended", f"{plural(count, 'number')}: {how}"
    if findings.duplicates:
        yield "left out", _repeated(checked)
    pages = checked.workspace.pages()
    if pages:
        yield "pages", ", ".join(f"{plural(texts, 'text')} of {plural(each, 'page')}" for each, texts in pages.items())
    yield from dear_in_words(findings)
    yield "cost", _cost(cost)
    yield "balance", _balance(cost, now)


def bad_in_words(checked: Checked) -> Iterator[str]:
    """Yield the first bad rows, and of many the most frequent reasons."""
    count = checked.findings.bad
    for row in islice(checked.workspace.bad(), _BAD_SHOWN):
        yield f"line {row.line}: {_at_fault(row.column, row.reason)}"
    if count > _BAD_SHOWN:
        yield f"... and {count - _BAD_SHOWN:,} more. The most frequent reasons:"
        for column, reason, rows in checked.workspace.reasons(_REASONS_SHOWN):
            yield f"{plural(rows, 'row')}: {_at_fault(column, reason)}"


def dear_in_words(findings: Findings) -> Iterator[tuple[str, str]]:
    """Yield the characters that make texts dear, the most frequent first, and what plain ones would save."""
    for char, texts in findings.dear.most_common(_DEAR_SHOWN):
        yield "dear", f"{shown(char)} in {plural(texts, 'text')}; {_instead(plain_form(char))}"
    if findings.saved_if_plain:
        yield "", f"--plain saves {plural(findings.saved_if_plain, 'page')}"


def shown(char: str) -> str:
    """Return a character by itself, if it can be seen so, and by its name."""
    name = f"U+{ord(char):04X} {unicodedata.name(char, '').lower()}".rstrip()
    seen = char.isprintable() and not char.isspace() and not unicodedata.combining(char)
    return f"{char} ({name})" if seen else name


def _instead(form: str | None) -> str:
    if form is None:
        return "nothing plain says the same"
    if not form.strip():
        return "can be replaced by a space" if form else "can be left out"
    return f"plain is {form}"


def _repeated(checked: Checked) -> str:
    count = checked.findings.duplicates
    rows = checked.workspace.repeated(_REPEATED_SHOWN)
    lines = [f"{row.line} (as {row.first_line}{', another text' * row.other_text})" for row in rows]
    more = " ..." if count > len(rows) else ""
    which = "line" if count == 1 else "lines"
    return f"{plural(count, 'row')} with a number of a row before: {which} {', '.join(lines)}{more}"


def _cost(cost: Cost) -> str:
    price, pages = cost.funds.page_price, plural(cost.pages, "page")
    if price is None or cost.total is None:
        learned = f"it is learned from the balance once {LEAST_PAGES} pages were sent"
        return f"{pages}; what one costs is not known yet: {learned}"
    return f"{amount(cost.total)}: {pages} at {price.normalize():f}"


def _balance(cost: Cost, now: float) -> str:
    balance, read_at = cost.funds.balance, cost.funds.read_at
    if balance is None or read_at is None:
        return "not known"
    known = f"{amount(balance)}, read {moment_in_words(read_at, now)}"
    if cost.left is None:
        return known
    return f"{known}; {amount(abs(cost.left))} {'will be left' if cost.left >= 0 else 'TOO LITTLE'}"


def _at_fault(column: str | None, reason: str) -> str:
    return reason if column is None else f"{column}: {reason}"


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
