from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.messages import states
from kobo_sms.messages.progress import campaign_shard, describe_progress, open_prefixes, read_progress
from kobo_sms.messages.states import State

STATES = st.sampled_from([state.value for state in states.ALL])
REASONS = st.none() | st.text(max_size=300) | st.sampled_from(["the phone was switched off", "", "a  b\nc"])
KNOWN = st.fixed_dictionaries({}, optional={"state": STATES, "reason": REASONS})
RECIPIENTS = st.lists(KNOWN, max_size=30).map(lambda known: {str(at): each for at, each in enumerate(known)})


@given(state=STATES, reason=REASONS, recipients=RECIPIENTS)
def test_every_recipient_is_counted_in_its_state(state: str, reason: str | None, recipients: dict[str, Any]) -> None:
    text = describe_progress(state, reason, recipients)
    counted: Counter[str] = Counter()
    for (of, _), count in read_progress(text).items():
        counted[of] += count
    assert counted == Counter(known.get("state", state) for known in recipients.values())
    assert len(text.encode()) <= 1024


@given(state=STATES, reason=REASONS, recipients=RECIPIENTS)
def test_a_part_with_anything_open_begins_with_it(state: str, reason: str | None, recipients: dict[str, Any]) -> None:
    text = describe_progress(state, reason, recipients)
    anything = any(known.get("state", state) in states.OPEN for known in recipients.values())
    if recipients:
        assert any(text.startswith(prefix) for prefix in open_prefixes()) is anything


def test_reasons_are_kept_on_one_line() -> None:
    assert describe_progress("rejected", " a \n b ", {"1": {}}) == "rejected 1 a b"


def test_the_most_frequent_reasons_are_kept_and_all_is_counted() -> None:
    recipients = {f"{at}-{n}": {"state": "rejected", "reason": f"r{at}"} for at in range(12) for n in range(12 - at)}
    found = read_progress(describe_progress("sent", None, recipients))
    assert found["rejected", "r0"] == 12
    assert found["rejected", ""] == 4 + 3 + 2 + 1
    assert found.total() == len(recipients)


def test_of_a_split_part_only_what_has_ended_is_left() -> None:
    assert describe_progress(State.SPLIT, None, {"1": {}, "x": {"state": "rejected", "reason": "bad"}}) == (
        "rejected 1 bad"
    )
    assert read_progress(describe_progress(State.SPLIT, None, {"1": {}})) == Counter()


@pytest.mark.parametrize("campaign", ["a", "b"])
def test_parts_are_spread_over_eight_partitions(campaign: str) -> None:
    shards = Counter(campaign_shard(campaign, f"{campaign}:{n}", "0") for n in range(8000))
    assert len(shards) == 8
    assert all(800 <= count <= 1200 for count in shards.values())
