"""Signs: kept as one line, nobody named, and which of them still tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.parts import Part
from kobo_sms.request import Request
from kobo_sms.signs import ACCEPTED, CREDENTIALS, CREDIT, FRESH_FOR, GATEWAY, LANES, Sign, run_of, sign_of, witness

NOW = 1_800_000_000.0
MOMENTS = st.integers(-400, 0).map(lambda seconds: NOW + seconds)
KINDS = st.sampled_from([CREDIT, CREDENTIALS, GATEWAY, ACCEPTED])
SIGNS = st.builds(Sign, MOMENTS, KINDS, st.sampled_from(LANES), st.sampled_from(["a", "b", "c"]), st.integers(0, 9))


def part(*to: str, pages: int = 1, id_: str = "order-1") -> Part:
    return Part(Request(id_, to, "x" * 150 * pages), NOW)


def gateway(*seconds: float, lane: str = "bulk") -> list[Sign]:
    return [Sign(NOW + each, GATEWAY, lane) for each in seconds]


@given(SIGNS, st.floats(0, 2e9))
def test_a_sign_reads_back(sign: Sign, at: float) -> None:
    assert Sign.from_text(sign.to_text()) == sign
    # What is kept of the moment is the millisecond, and writing it again changes nothing.
    text = Sign(at, GATEWAY, "bulk").to_text()
    assert Sign.from_text(text).to_text() == text


def test_a_sign_tells_what_the_call_would_have_cost_and_names_nobody() -> None:
    sign = sign_of(CREDIT, "bulk", part("2348030100001", "2348030100002", pages=2), NOW)
    assert (sign.pages, sign.lane, sign.kind, sign.at) == (4, "bulk", CREDIT, NOW)
    assert "803010" not in sign.to_text()


def test_a_witness_is_who_it_is_for_whatever_is_sent() -> None:
    assert witness(part("1", "2")) == witness(part("1", "2", pages=2, id_="order-2"))
    assert witness(part("1", "2")) != witness(part("1"))


@pytest.mark.parametrize("lane", LANES)
def test_gateway_and_credentials_are_of_both_lanes(lane: str) -> None:
    for symptom in (GATEWAY, CREDENTIALS):
        signs = [Sign(NOW - 2, symptom, "priority"), Sign(NOW - 1, symptom, "bulk")]
        assert run_of(signs, symptom, lane, NOW) == signs
        assert run_of([*signs, Sign(NOW, ACCEPTED, "priority")], symptom, lane, NOW) == []


def test_credit_is_of_one_lane() -> None:
    signs = [Sign(NOW - 3, CREDIT, "priority"), Sign(NOW - 2, CREDIT, "bulk"), Sign(NOW - 1, ACCEPTED, "priority")]
    assert run_of(signs, CREDIT, "priority", NOW) == []
    assert run_of(signs, CREDIT, "bulk", NOW) == signs[1:2]


def test_a_run_is_what_came_after_the_success_oldest_first() -> None:
    signs = [*gateway(-1, -9, -5), Sign(NOW - 5, ACCEPTED, "bulk")]
    assert run_of(signs, GATEWAY, "bulk", NOW) == gateway(-1)
    assert run_of(gateway(-1, -9, -5), GATEWAY, "bulk", NOW) == gateway(-9, -5, -1)


def test_what_is_older_than_five_minutes_tells_nothing() -> None:
    assert FRESH_FOR == 300
    assert run_of(gateway(-300, -299), GATEWAY, "bulk", NOW) == gateway(-299)


@given(st.frozensets(SIGNS), st.sampled_from([CREDIT, CREDENTIALS, GATEWAY]), st.sampled_from(LANES))
def test_a_run_holds_nothing_but_its_symptom_with_no_success_after_it(
    signs: frozenset[Sign], symptom: str, lane: str
) -> None:
    run = run_of(signs, symptom, lane, NOW)
    assert all(sign.kind == symptom and sign in signs for sign in run)
    heard = {sign for sign in signs if symptom != CREDIT or sign.lane == lane}
    assert not any(each.kind == ACCEPTED and each.at >= run[0].at for each in heard) if run else True
    left_out = {sign for sign in heard if sign.kind == symptom} - set(run)
    ends = [sign.at for sign in heard if sign.kind == ACCEPTED]
    assert all(sign.at <= NOW - FRESH_FOR or any(sign.at <= end for end in ends) for sign in left_out)
