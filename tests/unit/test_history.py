"""Histories kept in an item: bounded in count and bytes, nothing left out uncounted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.aws.dynamodb import decode, encode
from kobo_sms.reports.records import ROUNDS
from kobo_sms.sending.attempts import HISTORY
from kobo_sms.table import History, HistoryAttribute, cut
from kobo_sms.valve.changes import CHANGES
from tests.unit.sending.test_item_size import size

SMALL = HistoryAttribute("seen", first=3, last=4, most_bytes=10_000)
TIGHT = HistoryAttribute("seen", first=2, last=100, most_bytes=300)
MAPS = st.dictionaries(st.sampled_from(("at", "answer", "é")), st.integers(0, 10**9) | st.text(max_size=30))


def grown(attribute: HistoryAttribute, events: list[Any]) -> History:
    """Return the history of events that came one at a time, written into an item and read again each time."""
    history = History()
    for event in events:
        kept = decode(encode(attribute.attributes(attribute.extend(history, [event]))))
        history = attribute.read(kept)
    return history


@given(st.integers(0, 30))
def test_it_keeps_its_beginning_and_its_end_and_counts_the_rest(count: int) -> None:
    history = grown(SMALL, [{"at": at} for at in range(count)])
    kept = [int(event["at"]) for event in history.events]
    assert kept[:3] == list(range(min(count, 3)))
    assert kept[3:] == list(range(max(3, count - 4), count))
    assert len(kept) + history.left_out == count


@given(st.lists(MAPS, max_size=40))
def test_it_never_weighs_more_than_it_may_unless_one_event_does(events: list[Any]) -> None:
    history = grown(TIGHT, events)
    weight = size(encode({"": list(history.events)}))
    assert weight <= 3 + 300 or len(history.events) == 1
    assert len(history.events) + history.left_out == len(events)
    # The newest is there in any case.
    assert [dict(event) for event in history.events][-1:] == events[-1:]


@given(st.lists(st.integers(0, 5), max_size=12))
def test_events_that_come_together_are_kept_as_if_they_came_one_by_one(sizes: list[int]) -> None:
    together, alone, at = History(), History(), 0
    for count in sizes:
        batch = [{"at": Decimal(at + offset)} for offset in range(count)]
        at += count
        together = SMALL.extend(together, batch)
        for event in batch:
            alone = SMALL.extend(alone, [event])
    assert together == alone


@given(st.integers(0, 30))
def test_the_gap_is_where_events_are_missing(count: int) -> None:
    history = grown(SMALL, [{"at": at} for at in range(count)])
    times = [int(event["at"]) for event in history.events]
    gaps = [place for place in range(1, len(times)) if times[place] != times[place - 1] + 1]
    assert gaps == ([history.gap] if history.left_out else [])


def test_an_item_that_was_never_written_to_remembers_nothing() -> None:
    assert SMALL.read({}) == History()
    assert SMALL.attributes(History()) == {"seen": []}


def test_a_longer_history_of_an_older_release_is_bounded_once_it_grows() -> None:
    history = SMALL.read({"seen": [{"at": at} for at in range(50)]})
    assert (len(history.events), history.left_out) == (50, 0)
    longer = SMALL.extend(history, [{"at": 50}])
    assert (len(longer.events), longer.left_out) == (7, 44)


@pytest.mark.parametrize("attribute", [HISTORY, ROUNDS, CHANGES])
def test_none_can_weigh_more_than_a_few_kilobytes(attribute: HistoryAttribute) -> None:
    assert attribute.most_bytes <= 9_000
    assert attribute.first + attribute.last <= 50


@given(st.text(max_size=30), st.integers(1, 20))
def test_what_is_cut_fits_and_says_so(text: str, most: int) -> None:
    assert len(cut(text, most)) <= most
    assert cut(text, most) == text or cut(text, most).endswith("…")
