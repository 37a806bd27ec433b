"""What the alerts say, word by word: read them aloud."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from kobo_sms.credit.alerts import Alert
from kobo_sms.credit.forecast import Forecast
from kobo_sms.credit.text import Facts, Held, runs_out, write
from kobo_sms.messages.lanes import Lane

# 23:00 in Nigeria, on a Sunday.
NOW = 1_795_384_800.0
HOUR = 3600
UNKNOWN = Forecast(None, None, "watched for 4 minutes so far")
BULK = {Lane.BULK: Held("credit", NOW - HOUR, 1240)}
BOTH = {Lane.PRIORITY: Held("credentials", NOW - HOUR, 3), Lane.BULK: Held("credentials", NOW - HOUR)}
FACTS = Facts(
    "kobo-prod",
    NOW,
    Decimal(9500),
    Decimal(10_000),
    Decimal(2000),
    Forecast(Decimal("1234.5"), NOW + 10 * HOUR),
)


def sms(alert: Alert, repeated: bool = False, **facts: object) -> str:
    return write(alert, replace(FACTS, **facts), repeated=repeated).sms  # type: ignore[arg-type]


def bad(kind: str, reminder: bool = False) -> Alert:
    track = "fault" if kind in ("credentials", "gateway") else "credit"
    return Alert(kind, track, kind if reminder else "ok", NOW - 25 * HOUR if reminder else NOW, reminder)


def over(was: str) -> Alert:
    return Alert("recovered", "fault" if was in ("credentials", "gateway") else "credit", was, NOW - 3 * HOUR)


def test_low() -> None:
    text = write(bad("low"), FACTS)
    assert text.subject == "kobo-prod: KoboMobile credit is low: 9,500 left, below 10,000"
    assert text.sms == (
        "kobo-prod: KoboMobile credit is low: 9,500 left, below 10,000. "
        "Runs out tomorrow about 09:00 WAT. Using 1,234 an hour. Top up."
    )
    assert text.email == (
        "KoboMobile credit is low: 9,500 left, below 10,000 (stack kobo-prod).\n"
        "\n"
        "Balance: 9,500\n"
        "Thresholds: low 10,000, critical 2,000\n"
        "Use: 1,234 an hour\n"
        "Runs out: tomorrow about 09:00 WAT\n"
        "\n"
        "What to do: top up the KoboMobile account.\n"
        "More: kobo credit --stack kobo-prod\n"
    )


def test_a_daily_reminder_of_an_empty_account_that_may_be_a_repeat() -> None:
    facts = replace(FACTS, balance=Decimal(3000), forecast=UNKNOWN, held=BULK, critical=Decimal(0))
    text = write(bad("empty", reminder=True), facts, repeated=True)
    assert text.subject == "kobo-prod: KoboMobile credit still does not suffice: 3,000 left"
    assert text.sms == (
        "kobo-prod: KoboMobile credit still does not suffice: 3,000 left. Held: bulk (1,240 waiting). "
        "Top up; sending then goes on by itself. (May be a repeat.)"
    )
    assert text.email == (
        "KoboMobile credit still does not suffice: 3,000 left (stack kobo-prod).\n"
        "\n"
        "Balance: 3,000\n"
        "Thresholds: low 10,000, critical off\n"
        "Use: not known\n"
        "Runs out: not known: watched for 4 minutes so far\n"
        "Held: bulk since today 22:00 WAT, for lack of credit; about 1,240 messages waiting\n"
        "\n"
        "What to do: top up the KoboMobile account. What is held is sent by itself once the balance has risen.\n"
        "More: kobo credit --stack kobo-prod, kobo valve --stack kobo-prod\n"
        "\n"
        "A daily reminder: this has lasted since yesterday 22:00 WAT.\n"
        "\n"
        "This alert may have reached you before.\n"
    )


def test_credentials() -> None:
    text = write(bad("credentials"), replace(FACTS, balance=None, held=BOTH))
    assert text.sms == (
        "kobo-prod: KoboMobile refuses our user name or password. Held: priority (3 waiting), bulk. "
        "Correct the secret, or ask KoboMobile."
    )
    assert "\nBalance: not known now\n" in text.email
    assert "\nHeld: bulk since today 22:00 WAT, KoboMobile refuses the credentials\n" in text.email
    assert "aws secretsmanager put-secret-value --secret-id ARN --secret-string file://kobo.json" in text.email


@pytest.mark.parametrize(
    ("alert", "facts", "headline"),
    [
        (bad("low", reminder=True), {}, "KoboMobile credit is still low: 9,500 left, below 10,000"),
        (bad("low", True), {"balance": Decimal(10_400)},
         "KoboMobile credit is still low: 10,400 left, just above 10,000"),
        (bad("low", True), {"balance": None}, "KoboMobile credit is still low; the balance cannot be read now"),
        (bad("critical"), {"balance": Decimal("1999.5")}, "KoboMobile credit is critical: 1,999.50 left, below 2,000"),
        (bad("empty"), {"balance": Decimal(0)}, "KoboMobile credit is used up: 0 left"),
        (bad("empty"), {"balance": Decimal(-4)}, "KoboMobile credit is used up: -4 left"),
        (bad("empty", True), {"balance": Decimal(0)}, "KoboMobile credit is still used up: 0 left"),
        (bad("empty"), {"balance": None}, "KoboMobile refuses to send for lack of credit"),
        (bad("empty", True), {"balance": None}, "KoboMobile still refuses to send for lack of credit"),
        (bad("credentials", True), {}, "KoboMobile still refuses our user name or password"),
        (bad("gateway"), {}, "KoboMobile's gateway does not work"),
        (bad("gateway", True), {}, "KoboMobile's gateway still does not work"),
        (over("low"), {"balance": Decimal(50_000)}, "KoboMobile credit is fine again after 3 hours: 50,000 left"),
        (over("empty"), {"balance": Decimal(50_000)}, "KoboMobile credit is back after 3 hours: 50,000 left"),
        (over("empty"), {}, "KoboMobile credit is back after 3 hours, but still low: 9,500 left"),
        (over("empty"), {"balance": Decimal(9)}, "KoboMobile credit is back after 3 hours, but still critical: 9 left"),
        (over("critical"), {"balance": None}, "KoboMobile credit is fine again after 3 hours"),
        (over("credentials"), {}, "KoboMobile accepts our user name and password again after 3 hours"),
        (over("gateway"), {}, "KoboMobile's gateway works again after 3 hours"),
    ],
)  # fmt: skip
def test_headlines(alert: Alert, facts: dict[str, object], headline: str) -> None:
    text = write(alert, replace(FACTS, **facts))  # type: ignore[arg-type]
    assert text.subject == f"kobo-prod: {headline}"
    assert text.sms.startswith(f"kobo-prod: {headline}.")
    assert text.email.startswith(f"{headline} (stack kobo-prod).\n")


@pytest.mark.parametrize(
    ("alert", "facts", "to_do"),
    [
        (over("low"), {"balance": Decimal(50_000)}, "nothing."),
        (over("empty"), {}, "top up the KoboMobile account."),
        (over("gateway"), {"balance": None, "held": BULK}, "see why some is still held."),
        (over("gateway"), {"balance": Decimal(50_000)}, "nothing."),
    ],
)
def test_what_to_do_after_a_recovery(alert: Alert, facts: dict[str, object], to_do: str) -> None:
    assert f"\nWhat to do: {to_do}\n" in write(alert, replace(FACTS, **facts)).email  # type: ignore[arg-type]


def test_after_a_recovery_what_is_held_is_still_held() -> None:
    assert sms(over("gateway"), held=BULK) == (
        "kobo-prod: KoboMobile's gateway works again after 3 hours. Still held: bulk (1,240 waiting)."
    )


@pytest.mark.parametrize(
    ("held", "line"),
    [
        (Held("gateway", NOW, 1), "bulk since today 23:00 WAT, the gateway does not work; about 1 message waiting"),
        (Held("operator", NOW, 0), "bulk since today 23:00 WAT, closed by an operator; about 0 messages waiting"),
        (Held("something new", NOW), "bulk since today 23:00 WAT, something new"),
    ],
)
def test_what_is_held(held: Held, line: str) -> None:
    assert f"\nHeld: {line}\n" in write(bad("gateway"), replace(FACTS, held={Lane.BULK: held})).email


@pytest.mark.parametrize(
    ("forecast", "text"),
    [
        (Forecast(None, NOW + 1000, "why"), "today 23:15 WAT (why)"),
        (Forecast(Decimal(0), NOW - 60, "the balance is used up"), "by now (the balance is used up)"),
        (Forecast(Decimal(1), None, "more than 30 days"), "in more than 30 days"),
        (UNKNOWN, "not known: watched for 4 minutes so far"),
    ],
)
def test_when_it_runs_out(forecast: Forecast, text: str) -> None:
    assert runs_out(forecast, NOW) == text
    assert f"\nRuns out: {text}\n" in write(bad("low"), replace(FACTS, forecast=forecast)).email


@pytest.mark.parametrize("length", range(1, 129))
def test_a_long_stack_name_gives_way(length: int) -> None:
    headline = "KoboMobile credit is low: 9,500 left, below 10,000"
    text = write(bad("low"), replace(FACTS, stack="x" * length))
    assert text.subject.endswith(f"x: {headline}" if length < 48 else f"x...: {headline}")
    assert len(text.subject) == min(length + 2 + len(headline), 99)
    assert text.sms.startswith(f"{'x' * min(length, 24)}: {headline}. Runs out")


def test_a_headline_too_long_for_a_subject_is_cut() -> None:
    facts = replace(FACTS, balance=Decimal("999999999998.99"), critical=Decimal(999_999_999_999))
    headline = "KoboMobile credit is back after less than a minute, but still critical: 999,999,999,998.99 left"
    assert write(replace(over("empty"), since=NOW), facts).subject == f"...: {headline}"[:99]


def test_characters_of_the_extension_table_count_twice() -> None:
    forecast = "Runs out tomorrow about 09:00 WAT. Using 1,234 an hour."
    beginning = f": KoboMobile credit is low: 9,500 left, below 10,000. {forecast}"
    assert sms(bad("low"), stack="x" * 24) == "x" * 24 + beginning + " Top up."
    assert sms(bad("low"), stack="{" * 24) == "{" * 24 + beginning
