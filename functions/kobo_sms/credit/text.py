"""What an alert says: as the subject and the text of an e-mail, and as an SMS of one page.

Nothing of it is a secret or a customer's number.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from kobo_sms.credit.alerts import CRITICAL, EMPTY, LOW, OK, RECOVERED, Alert
from kobo_sms.credit.forecast import BEYOND_HORIZON, Forecast
from kobo_sms.credit.wording import Amounts, amount, headline, moment_ahead, moment_in_words, per_hour, plural
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.pages import NORMAL, count_pages, outside_gsm
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY

# SNS wants less than a hundred characters in a subject.
SUBJECT_LENGTH = 99
_STACK_IN_SMS = 24
CAUSES = {
    CREDIT: "for lack of credit",
    CREDENTIALS: "KoboMobile refuses the credentials",
    GATEWAY: "the gateway does not work",
    "operator": "closed by an operator",
    "quiet_hours": "quiet hours",
}
_TO_DO = {
    LOW: "top up the KoboMobile account.",
    CRITICAL: "top up the KoboMobile account now. When the credit is used up, sending stops.",
    EMPTY: "top up the KoboMobile account. What is held is sent by itself once the balance has risen.",
    CREDENTIALS: (
        "ask KoboMobile whether the account is suspended, or put the right user and password into the secret: "
        "aws secretsmanager put-secret-value --secret-id ARN --secret-string file://kobo.json "
        "(the ARN is the stack's output KoboSecretArn). Sending then goes on by itself."
    ),
    GATEWAY: "nothing yet: it is tried again and again, and sending goes on by itself. If it lasts, ask KoboMobile.",
}
_IN_SHORT = {
    LOW: "Top up.",
    CRITICAL: "Top up now.",
    EMPTY: "Top up; sending then goes on by itself.",
    CREDENTIALS: "Correct the secret, or ask KoboMobile.",
    GATEWAY: "It is tried again by itself.",
}


@dataclass(frozen=True)
class Held:
    """A lane that is closed: why, since when (epoch seconds), how many messages wait on its queue, if known, and what
    was counted (`31 of 40 calls failed in the last 30 seconds`)."""

    cause: str
    since: float
    waiting: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Facts:
    """What is known when an alert is written; a threshold of 0 is switched off, `held` maps lanes."""

    stack: str
    now: float
    balance: Decimal | None
    low: Decimal
    critical: Decimal
    forecast: Forecast
    held: Mapping[Lane, Held] = field(default_factory=dict)


@dataclass(frozen=True)
class AlertText:
    """An alert in words: `subject` ASCII in one line of less than 100 characters, `sms` one page of GSM 03.38."""

    subject: str
    sms: str
    email: str


def write(alert: Alert, facts: Facts, *, repeated: bool = False) -> AlertText:
    """Return the words of `alert`; `repeated` when it may have been sent before."""
    title = headline(alert, _amounts(facts), facts.now)
    return AlertText(
        _one_line(f"{facts.stack}: {title}", title),
        _one_page(f"{facts.stack[:_STACK_IN_SMS]}: {title}.", _sentences(alert, facts, repeated)),
        "\n".join(_lines(alert, facts, title, repeated)) + "\n",
    )


def runs_out(forecast: Forecast, now: float) -> str:
    """Return when the credit runs out: `today 23:40 WAT`, `in more than 30 days`, `not known: why`."""
    if forecast.runs_out_at is not None:
        note = f" ({forecast.note})" if forecast.note else ""
        return moment_ahead(forecast.runs_out_at, now) + note
    return f"in {forecast.note}" if forecast.note == BEYOND_HORIZON else f"not known: {forecast.note}"


def waiting(held: Held) -> str:
    """Return how much waits, `about 1,240 messages waiting`; nothing when that is not known."""
    return "" if held.waiting is None else f"about {plural(held.waiting, 'message')} waiting"


def _amounts(facts: Facts) -> Amounts:
    return Amounts(facts.balance, facts.low, facts.critical)


def _sentences(alert: Alert, facts: Facts, repeated: bool) -> Iterable[str]:
    """Yield what an SMS says after its headline, the most important first."""
    of_credit = alert.kind in (LOW, CRITICAL)
    if facts.held:
        still = "Still held" if alert.kind == RECOVERED else "Held"
        yield f"{still}: {', '.join(_in_brackets(lane, held) for lane, held in facts.held.items())}."
    if of_credit and facts.forecast.runs_out_at is not None:
        yield f"Runs out {moment_ahead(facts.forecast.runs_out_at, facts.now)}."
    if of_credit and facts.forecast.rate:
        yield f"Using {per_hour(facts.forecast.rate)} an hour."
    if alert.kind in _IN_SHORT:
        yield _IN_SHORT[alert.kind]
    if repeated:
        yield "(May be a repeat.)"


def _in_brackets(lane: str, held: Held) -> str:
    return lane if held.waiting is None else f"{lane} ({held.waiting:,} waiting)"


def _lines(alert: Alert, facts: Facts, title: str, repeated: bool) -> Iterable[str]:
    yield from (f"{title} (stack {facts.stack}).", "")
    yield f"Balance: {'not known now' if facts.balance is None else amount(facts.balance)}"
    yield f"Thresholds: low {_threshold(facts.low)}, critical {_threshold(facts.critical)}"
    rate = facts.forecast.rate
    yield f"Use: {'not known' if rate is None else f'{per_hour(rate)} an hour'}"
    yield f"Runs out: {runs_out(facts.forecast, facts.now)}"
    for lane, held in facts.held.items():
        since = moment_in_words(held.since, facts.now)
        why = CAUSES.get(held.cause, held.cause)
        yield "; ".join(filter(None, (f"Held: {lane} since {since}, {why}", held.detail, waiting(held))))
    yield from ("", f"What to do: {_to_do(alert, facts)}")
    yield f"More: kobo credit --stack {facts.stack}" + (f", kobo valve --stack {facts.stack}" if facts.held else "")
    yield from _footer(alert, facts, repeated)


def _to_do(alert: Alert, facts: Facts) -> str:
    if alert.kind != RECOVERED:
        return _TO_DO.get(alert.kind, "the release that raised this was put back: deploy it again to be told more.")
    level = _amounts(facts).level
    if level != OK:
        return _TO_DO[level]
    return "see why some is still held." if facts.held else "nothing."


def _footer(alert: Alert, facts: Facts, repeated: bool) -> Iterable[str]:
    if alert.reminder:
        yield from ("", f"A daily reminder: this has lasted since {moment_in_words(alert.since, facts.now)}.")
    if repeated:
        yield from ("", "This alert may have reached you before.")


def _threshold(value: Decimal) -> str:
    return amount(value) if value else "off"


def _one_line(text: str, rest: str) -> str:
    """Return an ASCII line that fits a subject; what is too long is cut out of the stack's name, not the rest."""
    if len(text) > SUBJECT_LENGTH:
        text = f"{text[: max(0, SUBJECT_LENGTH - len(rest) - 5)]}...: {rest}"
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text)[:SUBJECT_LENGTH]


def _one_page(text: str, sentences: Iterable[str]) -> str:
    """Return `text` with as many of the `sentences` as one page takes, each left out that does not fit."""
    for sentence in sentences:
        longer = f"{text} {sentence}"
        if count_pages(longer, NORMAL) == 1:
            text = longer
    return "".join("?" if outside_gsm(char) or not char.isprintable() else char for char in text)
