"""Whatever is known or not: a subject that SNS takes, an SMS of one page, an e-mail that names what it must."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.credit.alerts import Alert
from kobo_sms.credit.forecast import Forecast
from kobo_sms.credit.text import Facts, Held, write
from kobo_sms.credit.wording import amount
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.pages import NORMAL, count_pages, outside_gsm

NOW = 1_795_384_800.0
AMOUNTS = st.one_of(st.decimals(-1000, 10**6, places=2), st.decimals(-(10**30), 10**30, places=2))
MOMENTS = st.floats(NOW - 40 * 86_400, NOW)
STACKS = st.one_of(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,127}", fullmatch=True), st.text(min_size=1, max_size=200))
CAUSES = st.sampled_from(["credit", "credentials", "gateway", "operator", "another"])
BAD = ["low", "critical", "empty", "credentials", "gateway"]

alerts = st.one_of(
    st.builds(Alert, st.sampled_from(BAD), st.just("any"), st.just("ok"), MOMENTS, st.booleans()),
    st.builds(Alert, st.just("recovered"), st.just("any"), st.sampled_from(BAD), MOMENTS),
)
forecasts = st.builds(
    Forecast,
    st.none() | st.decimals(0, 10**20, places=4),
    st.none() | st.floats(NOW - 86_400, NOW + 30 * 86_400),
    st.sampled_from(["", "more than 30 days", "watched for 4 minutes so far"]),
)
held = st.dictionaries(
    st.sampled_from(Lane),
    st.builds(Held, CAUSES, MOMENTS, st.none() | st.integers(0, 10**9)),
    max_size=3,
)
facts = st.builds(
    Facts, STACKS, st.just(NOW), st.none() | AMOUNTS, st.just(Decimal(0)) | AMOUNTS, AMOUNTS, forecasts, held
)


@given(alerts, facts, st.booleans())
def test_the_subject_is_one_that_sns_takes(alert: Alert, known: Facts, repeated: bool) -> None:
    subject = write(alert, known, repeated=repeated).subject
    assert subject.isascii()
    assert subject.isprintable()
    assert 0 < len(subject) < 100
    assert "KoboMobile" in subject


@given(alerts, facts, st.booleans())
def test_an_sms_is_one_page(alert: Alert, known: Facts, repeated: bool) -> None:
    sms = write(alert, known, repeated=repeated).sms
    assert outside_gsm(sms) == []
    assert count_pages(sms, NORMAL) == 1
    assert "KoboMobile" in sms


@given(alerts, facts, st.booleans())
def test_an_e_mail_says_what_guarantee_5_asks_for(alert: Alert, known: Facts, repeated: bool) -> None:
    email = write(alert, known, repeated=repeated).email
    for line in ("Balance: ", "Thresholds: ", "Use: ", "Runs out: ", "What to do: ", "More: kobo credit --stack "):
        assert f"\n{line}" in email
    assert email.count("\nHeld: ") >= len(known.held)
    assert known.balance is None or f"\nBalance: {amount(known.balance)}\n" in email
    assert ("A daily reminder" in email) == alert.reminder
    assert ("may have reached you before" in email) == repeated
    assert "None" not in email.replace(known.stack, "")
