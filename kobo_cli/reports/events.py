"""How a status event looks in a terminal: one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape

from kobo_cli.reports.tables import coloured, summarise
from kobo_cli.terminal import on_one_line

# Reasons quote answers of KoboMobile's, and a reference is the producer's own words.
_MOST_REASONS = 3


def line_of(document: Mapping[str, Any]) -> str:
    """Return one line of rich markup: when, which request, who is in which state, why, and the reference."""
    recipients = document["recipients"]
    request = document["id"] if document["part"] == "0" else f"{document['id']} part {document['part']}"
    shown = f"{_plain(document['at'])}  {_plain(request)}  {_states(recipients)}"
    reasons = list(dict.fromkeys(each["reason"] for each in recipients if each["reason"]))[:_MOST_REASONS]
    if reasons:
        shown += f": {_plain('; '.join(reasons))}"
    return f"{shown}  ({_plain(document['reference'])})" if document["reference"] else shown


def _states(recipients: Sequence[Mapping[str, Any]]) -> str:
    if len(recipients) == 1:
        return f"{_plain(recipients[0]['to'])} {coloured(_plain(recipients[0]['state']))}"
    return summarise(Counter(_plain(each["state"]) for each in recipients))


def _plain(text: str) -> str:
    """Return text from outside on one line, without anything that a terminal or rich would act upon."""
    return escape(on_one_line(text))
