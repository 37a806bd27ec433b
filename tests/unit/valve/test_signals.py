"""Failure signals: kept as one line that another release may not read, and nobody named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import Request
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY, FailureSignal, hash_of_recipients, signal_of

NOW = 1_800_000_000.0
SIGNAL = FailureSignal(NOW, CREDIT, Lane.BULK, "0123456789ab", 4)
SYMPTOMS = st.sampled_from([CREDIT, CREDENTIALS, GATEWAY])
HASHES = st.text("0123456789abcdef", min_size=12, max_size=12)
MOMENTS = st.integers(0, 2 * 10**12).map(lambda milliseconds: milliseconds / 1000)
SIGNALS = st.builds(FailureSignal, MOMENTS, SYMPTOMS, st.sampled_from(LANES), HASHES, st.integers(0, 10**6))


def part(*to: str, pages: int = 1, id_: str = "order-1") -> Part:
    return Part(Request(id_, to, "x" * 150 * pages), NOW)


@given(SIGNALS, st.floats(0, 2e9))
def test_a_signal_reads_back(signal: FailureSignal, at: float) -> None:
    assert FailureSignal.from_text(signal.to_text()) == signal
    # What is kept of the moment is the millisecond, and writing it again changes nothing.
    text = FailureSignal(at, GATEWAY, Lane.BULK, "a").to_text()
    again = FailureSignal.from_text(text)
    assert again is not None
    assert again.to_text() == text
    assert abs(again.at - at) <= 0.0006


def test_a_signal_is_one_line_of_its_own() -> None:
    assert SIGNAL.to_text() == "1800000000.000 credit bulk 0123456789ab 4"


@pytest.mark.parametrize("kept", range(5))
def test_a_line_with_a_word_less_is_skipped(kept: int) -> None:
    assert FailureSignal.from_text(" ".join(SIGNAL.to_text().split(" ")[:kept])) is None


@pytest.mark.parametrize(
    "text", ["", "x", "v2 1800000000.000 credit bulk a 4", "1.0 credit bulk a four", "\n", "1,5 a b"]
)
def test_a_line_that_nobody_here_reads_is_skipped(text: str) -> None:
    assert FailureSignal.from_text(text) is None


def test_a_longer_line_of_another_release_stops_nothing() -> None:
    assert FailureSignal.from_text(f"{SIGNAL.to_text()} and more") in (None, SIGNAL)


@given(st.text())
def test_no_line_raises(text: str) -> None:
    FailureSignal.from_text(text)


def test_a_signal_tells_what_the_call_would_have_cost_and_names_nobody() -> None:
    signal = signal_of(CREDIT, Lane.BULK, part("2348030100001", "2348030100002", pages=2), NOW)
    assert (signal.pages, signal.lane, signal.symptom, signal.at) == (4, Lane.BULK, CREDIT, NOW)
    assert signal.recipients == hash_of_recipients(part("2348030100001", "2348030100002"))
    assert "803010" not in signal.to_text()


def test_a_hash_is_who_a_call_is_for_whatever_is_sent() -> None:
    assert hash_of_recipients(part("1", "2")) == hash_of_recipients(part("1", "2", pages=2, id_="order-2"))
    others = [("1",), ("2",), ("2", "1"), ("12",), ("1", "2", "3")]
    assert len({hash_of_recipients(part(*to)) for to in [("1", "2"), *others]}) == 6


def test_a_hash_is_short_and_has_no_space() -> None:
    # It is one word of the line, and the item holds many.
    assert [len(hash_of_recipients(part(*"123456789"[:count]))) for count in range(1, 10)] == [12] * 9
    assert hash_of_recipients(part("1")).isalnum()
