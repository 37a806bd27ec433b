from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.reports import schedule
from kobo_sms.reports.counts import MOST_SENDERS, OTHER_SENDER, Counts, End, quarter, recent
from kobo_sms.reports.rounds import Ended
from kobo_sms.reports.schedule import BINS

SENDERS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=16)
ENDS = st.builds(
    Ended,
    st.sampled_from(["delivered", "expired"]),
    st.sampled_from([None, "absent"]),
    st.sampled_from(schedule.NETWORKS),
    SENDERS,
    st.floats(0, 100),
    st.floats(100, 1e6),
)


def delivered(seconds: float, count: int = 1, sender: str = "Shop") -> Counts:
    counts = Counts()
    counts.add([Ended("delivered", None, "MTN", sender, seconds, seconds)] * count)
    return counts


@given(st.lists(ENDS, max_size=MOST_SENDERS), st.integers(0, 10**9))
def test_what_is_written_is_read_again(ended: list[Ended], pages: int) -> None:
    counts, read = Counts(), Counts()
    counts.add(ended)
    counts.pages = pages
    read.take_item(counts.attributes() | {"id": "~stats", "part": "x", "expires": Decimal(5), "runs": {"a"}})
    assert (read.ends, read.pages) == (counts.ends, pages)
    assert bool(counts) == bool(ended or pages)
    for network in schedule.NETWORKS:
        assert read.finals(network) == pytest.approx(counts.finals(network), abs=0.001)


def test_items_add_up() -> None:
    counts = Counts()
    for _ in range(3):
        counts.take_item(dict(delivered(5, 2).attributes()))
    assert counts.ends == {End("delivered", "", "MTN", "Shop"): 6}
    assert sum(counts.finals("MTN")) == 6


def test_only_the_most_frequent_sender_ids_are_told_apart() -> None:
    counts = Counts()
    for at in range(MOST_SENDERS + 5):
        counts.add([Ended("delivered", None, "MTN", f"S{at}", 1, 2)] * (at + 1))
    kept = counts.bounded()
    assert len(kept) == MOST_SENDERS + 1
    assert kept[End("delivered", "", "MTN", OTHER_SENDER)] == 1 + 2 + 3 + 4 + 5
    assert kept.total() == counts.ends.total()


def test_what_never_became_final_has_no_time() -> None:
    counts = Counts()
    counts.add([Ended("unknown", "no_report", "MTN", "Shop")])
    assert counts.ends.total() == 1
    assert sum(counts.finals("MTN")) == 0


def test_the_newest_observations_count_until_they_are_enough() -> None:
    newest, older, oldest = (dict(delivered(seconds, 300).attributes()) for seconds in (10, 100, 1000))
    found = recent([newest, older, oldest], ["MTN", "Glo"], enough=500)
    assert sum(found["MTN"]) == 600
    assert found["MTN"] == pytest.approx(
        [sum(each) for each in zip(delivered(10, 300).finals("MTN"), delivered(100, 300).finals("MTN"), strict=True)]
    )
    assert found["Glo"] == [0.0] * BINS


@given(st.floats(0, 4e9), st.floats(0, 1e6))
def test_quarters_are_in_the_order_of_time(now: float, later: float) -> None:
    assert quarter(now) <= quarter(now + later)


def test_a_quarter_of_an_hour() -> None:
    assert quarter(1_795_385_606.4) == "2026-11-22T22:00"
    assert quarter(1_795_385_700.0) == "2026-11-22T22:15"
