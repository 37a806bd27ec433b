"""A page that shows a campaign before it is sent: texts as phones show them, and what they will cost.

All in one file, so that it can be mailed to whoever has to agree. It loads nothing and runs nothing: whatever the
campaign's file holds is text there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import jinja2

from kobo_cli.bulk.checking import Checked
from kobo_cli.bulk.output import whole_file
from kobo_cli.bulk.plain import price
from kobo_cli.bulk.price import Cost
from kobo_cli.bulk.report import bad_in_words, in_words
from kobo_cli.bulk.workspace import Recipient
from kobo_sms.credit.wording import amount, plural

_PHONES = 6
_TEMPLATE = "preview.html"


@dataclass(frozen=True)
class Phone:
    """A text on the phone of its recipient: in `runs`, each with whether its characters make the text dear."""

    number: str
    line: int
    about: str
    runs: Sequence[tuple[str, bool]]


def write_preview(path: Path, checked: Checked, cost: Cost, now: float) -> None:
    """Write the page. Raises CliError if it cannot be written."""
    with whole_file("--preview", path, encoding="utf-8") as file:
        file.write(render(checked, cost, now))


def render(checked: Checked, cost: Cost, now: float) -> str:
    """Return the page as HTML."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template(_TEMPLATE).render(_content(checked, cost, now))


def _content(checked: Checked, cost: Cost, now: float) -> dict[str, Any]:
    workspace, campaign = checked.workspace, checked.campaign
    first, dearest = workspace.first(_PHONES), workspace.dearest(2 * _PHONES)
    seen = {recipient.number for recipient in first}
    dear = [each for each in dearest if each.pages > 1 and each.number not in seen]
    pages = workspace.pages()
    return {
        "file": checked.table.path.name,
        "sender": campaign.sender if campaign else None,
        "tiles": list(_tiles(checked, cost)),
        "facts": _joined(in_words(checked, cost, now)),
        "too_little": cost.left is not None and cost.left < 0,
        "pages": [(plural(each, "page"), texts, texts / max(pages.values())) for each, texts in pages.items()],
        "bad": list(bad_in_words(checked)),
        "groups": [("The first rows", _phones(first)), ("Other dear texts", _phones(islice(dear, _PHONES)))],
    }


def _tiles(checked: Checked, cost: Cost) -> Iterator[tuple[str, str]]:
    """Yield the figures that are looked for first."""
    yield "recipients", f"{checked.findings.recipients:,}"
    yield "pages", f"{cost.pages:,}"
    yield "cost", "not known yet" if cost.total is None else amount(cost.total)
    if cost.left is not None:
        yield ("left after it", amount(cost.left)) if cost.left >= 0 else ("too little by", amount(-cost.left))
    if checked.findings.bad:
        yield "bad rows", f"{checked.findings.bad:,}"


def _joined(facts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """Yield each label once, with all that is said under it."""
    found: list[tuple[str, list[str]]] = []
    for label, text in facts:
        if found and label in ("", found[-1][0]):
            found[-1][1].append(text)
        else:
            found.append((label, [text]))
    return iter(found)


def _phones(recipients: Iterable[Recipient]) -> list[Phone]:
    return [_phone(recipient) for recipient in recipients]


def _phone(recipient: Recipient) -> Phone:
    text = recipient.text
    dear = set(price(text, plain=False).dear)
    runs = [("".join(chars), is_dear) for is_dear, chars in groupby(text, key=dear.__contains__)]
    about = f"{plural(recipient.pages, 'page')}, {plural(len(text), 'character')}"
    return Phone(f"+{recipient.number}", recipient.line, about, runs)
