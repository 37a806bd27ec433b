"""The largest item that a request can come to, through its whole life: DynamoDB takes 400 kB."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from kobo_sms.kobomobile.answers import Report
from kobo_sms.kobomobile.report_codes import REASONS
from kobo_sms.kobomobile.tokens import explain
from kobo_sms.messages.fields import MAX_REFERENCE, MAX_TEXT
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.numbers import normalise
from kobo_sms.messages.parts import MAX_NUMBERS, Part
from kobo_sms.messages.request import MAX_BAD_NUMBERS, Request, parse
from kobo_sms.reports.records import ReportWrite
from kobo_sms.reports.rounds import Answered, Round
from kobo_sms.reports.schedule import NETWORKS, DeliveryTimes, Pace
from kobo_sms.reports.store import ReportStore
from kobo_sms.reports.writer import ReportWriter
from kobo_sms.runtime import Runtime
from kobo_sms.sending import records
from kobo_sms.sending.attempts import HISTORY, Claim, Lease
from kobo_sms.sending.decisions import Decision, Next, Outcome
from kobo_sms.sending.part_items import Fingerprints, PartItems
from kobo_sms.sending.store import Store
from kobo_sms.table import Item
from tests.robustness.simulation.dynamodb import FakeDynamoDB, calm

pytestmark = pytest.mark.slow

LIMIT = 400 * 1024
CLEARLY = 0.8 * LIMIT
SMILE = "\U0001f600"
NOW, GIVE_UP = 1_800_000_000.123, 72 * 3600.0
NUMBERS = [f"234803{at:07d}" for at in range(MAX_NUMBERS)]
# Its reason is the longest of those in numbers.py.
BAD_NUMBER = "+2348030100"
# KoboMobile's longest message id, longest words and codes.
MSGID, WORD, CODE = 64, 31, "1a2b3c4d"


def size(wire: dict[str, Any]) -> int:
    """Return the bytes of an item or a map as DynamoDB counts them (its guide, "Item sizes and formats")."""
    return sum(len(name.encode()) + _size_of(value) for name, value in wire.items())


def _size_of(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "M":
        return 3 + len(content) + size(content)
    if kind == "L":
        return 3 + len(content) + sum(map(_size_of, content))
    if kind in ("SS", "NS"):
        return sum(len(each.encode()) for each in content)
    if kind == "N":
        return min(len(content) // 2 + 3, 21)
    return len(content.encode()) if kind == "S" else len(content) if kind == "B" else 1


class Largest:
    """A table that remembers how large its largest item ever was.

    A write replaces what it changes, so what is the same object as before has its size from before.
    """

    def __init__(self) -> None:
        self.size = 0
        self._sizes: dict[str, tuple[Any, int]] = {}
        client = cast("Any", FakeDynamoDB(calm(), self._watch))
        self.items = client.items
        self.store = Store(
            client, "messages", PartItems(keep_seconds=1e8, default_sender="Kobo", fingerprints=Fingerprints("key"))
        )
        self.reports = ReportStore(client, "messages", keep_seconds=1e8)

    def _watch(self, old: Item, new: Item) -> None:
        for name, value in new.items():
            if name not in self._sizes or self._sizes[name][0] is not value:
                self._sizes[name] = value, size({name: value})
        self.size = max(self.size, sum(self._sizes[name][1] for name in new))


def bad_numbers(char: str) -> list[str]:
    """Return as many numbers as a request may hold that are none, one of them with the longest reason."""
    found = [f"{at:04d}{char * 60}" for at in range(MAX_BAD_NUMBERS - 1)]
    with pytest.raises(ValueError, match="not the length of a mobile number"):
        normalise(BAD_NUMBER, "NG")
    return [BAD_NUMBER, *found]


def worst_request(char: str, numbers: list[str] = NUMBERS) -> Request:
    fields = {
        "id": 128 * "x",
        "to": [*numbers, *bad_numbers(char)],
        "msg": MAX_TEXT * SMILE,
        "from": "Kobo Mobile",
        "reference": MAX_REFERENCE * SMILE,
        "promotional": True,
        "campaign": 100 * "x",
    }
    request = parse(json.dumps(fields), region="NG", default_id="")
    longest = max((bad.reason for bad in request.bad), key=len)
    assert (len(request.to), len(request.bad)) == (len(numbers), MAX_BAD_NUMBERS)
    return replace(request, bad=tuple(replace(bad, reason=longest) for bad in request.bad))


def claim(table: Largest, part: Part, token: str, at: float) -> Claim:
    found = table.store.claim(part, token=token.ljust(32, "x"), now=at, until=at)
    assert isinstance(found, Claim)
    return found


def send(table: Largest, part: Part, msgids: str) -> None:
    """Let it be claimed and die, fail with the longest words, and be sent."""
    claim(table, part, "died", NOW)
    # As many attempts as there may be, each as dear as this one.
    item = table.items[part.request.id, part.name]
    leases = [Lease(f"died-{attempt}".ljust(32, "x"), NOW, Lane.PRIORITY, probe=True) for attempt in range(100)]
    item["leases"] = {"SS": [lease.to_text() for lease in leases]}
    for attempt in range(HISTORY.first + 2):
        at = NOW + 1000 + attempt
        taken = claim(table, part, f"held-{attempt}", at)
        if attempt == HISTORY.first:
            newest = taken.history.events[-1:]
            taken = replace(taken, history=HISTORY.extend(taken.history, HISTORY.last * newest))
        reason = f"given up after 100 attempts: {explain('error_user')}, one of them with its answer lost: " + 50 * "x"
        decision = Decision("sending", Next.RETRY, reason, 100, in_doubt=True)
        table.store.record(taken, decision, now=at, label=64 * "x", due=None)
    taken = claim(table, part, "sent", NOW + 2000)
    outcomes = {number: Outcome(msgid=msgids) for number in part.request.to}
    decision = Decision("sent", Next.DONE, attempts=100, in_doubt=True, outcomes=outcomes)
    due = records.due_shard(part), NOW + 2000
    table.store.record(taken, decision, now=NOW + 2000, label="ids", due=due)


def report(table: Largest, part: Part) -> None:
    """Let the part be put off, end with the longest words, and hear the contrary from whoever had read it before."""
    pace = Pace(120.0, GIVE_UP)
    writer = ReportWriter(table.reports, pace, Runtime(lambda: NOW + 3000, lambda low, _high: low, str))
    times = dict.fromkeys(NETWORKS, DeliveryTimes([0.0] * 37, pace))
    key = part.request.id, part.name
    assert table.reports.put_off(key, now=NOW + 3000, until=NOW + 3000, times=10)
    (item,) = table.reports.get_many([key])
    for first in ("UNDELIV", "EXPIRED"):
        each = Round(item, GIVE_UP)
        each.answers = {number: Answered(Report(first, CODE), NOW + 3000) for number in part.request.to}
        assert writer.write([each], times).failure is None
    (ended,) = table.reports.get_many([key])
    # The longest words in place of these.
    reason, raw = max(map(len, REASONS.values())) * "x", f"{WORD * 'X'} err:{CODE}"
    for number in part.request.to:
        assert ended["recipients"][number].keys() == {"state", "msgid", "report", "reason", "later_report", "at"}
        ended["recipients"][number] |= {"reason": reason, "later_report": raw, "report": raw, "state": "do_not_disturb"}
    table.reports.record_reports(ReportWrite(ended, ended["recipients"], NOW + 3000, None))


@pytest.mark.parametrize("char", ["x", "é", SMILE])
def test_the_worst_request_stays_clearly_below_the_limit(char: str) -> None:
    table, part = Largest(), Part(worst_request(char), NOW)
    send(table, part, MSGID * "x")
    report(table, part)
    assert 0.5 * LIMIT < table.size < CLEARLY


def test_it_stays_below_the_limit_with_message_ids_of_the_longest_characters() -> None:
    table, part = Largest(), Part(worst_request(SMILE), NOW)
    send(table, part, MSGID * SMILE)
    report(table, part)
    assert table.size < LIMIT


def test_a_request_that_is_split_stays_below_the_limit_too() -> None:
    """A message of 1 MiB holds at most so many numbers; they are kept packed."""
    table, numbers = Largest(), [f"2348{at:09d}" for at in range(30_000_000, 30_000_000 + 55_000 * 16, 16)]
    part = Part(worst_request(SMILE, numbers), NOW)
    table.store.split_root(part, now=NOW)
    assert table.size < LIMIT
