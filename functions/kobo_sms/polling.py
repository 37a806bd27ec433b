"""Asking for delivery reports until each recipient's state is final (DESIGN.md, contract 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from kobo_sms import states
from kobo_sms.answers import Refused, Report, ReportAnswer
from kobo_sms.client import KoboClient
from kobo_sms.records import DUE_SHARDS, Item, moment
from kobo_sms.reports import judge
from kobo_sms.settings import ReportSettings
from kobo_sms.store import Store

_LONGEST_WAIT = 3600.0
# Right after sending, an id may not have reached the reports yet; later, KoboMobile has forgotten it.
_ID_SETTLES_AFTER = 3600.0
_PAGE = 25


@dataclass
class Tally:
    """What one run of the poller did: parts and calls, and recipients by the state they came to."""

    parts: int = 0
    calls: int = 0
    unanswered: int = 0
    reached: dict[str, int] = field(default_factory=dict)
    seconds_to_report: list[float] = field(default_factory=list)


class Poller:
    """Works off the parts whose reports are due."""

    def __init__(
        self,
        store: Store,
        client: KoboClient,
        settings: ReportSettings,
        clock: Callable[[], float],
        pool: ThreadPoolExecutor,
    ) -> None:
        self._store = store
        self._client = client
        self._settings = settings
        self._clock = clock
        self._pool = pool

    def run(self, deadline: float) -> Tally:
        """Poll until nothing is due or `deadline` (epoch seconds); what is left is due at the next run."""
        tally = Tally()
        for key in self._due_keys(deadline):
            item = self._store.get(key)
            if item is not None and "due_at" in item:
                self._poll(item, deadline, tally)
        return tally

    def _due_keys(self, deadline: float) -> Iterator[tuple[str, str]]:
        for shard in DUE_SHARDS:
            seen: set[tuple[str, str]] = set()
            while self._clock() < deadline:
                # The index trails the table: a part just written may still be listed as due.
                keys = [key for key in self._store.due(shard, now=self._clock(), limit=_PAGE) if key not in seen]
                if not keys:
                    break
                seen.update(keys)
                for key in keys:
                    if self._clock() >= deadline:
                        return
                    yield key

    def _poll(self, item: Item, deadline: float, tally: Tally) -> None:
        recipients: dict[str, Item] = {number: dict(known) for number, known in item["recipients"].items()}
        age = self._clock() - float(item["sent_at"])
        pending = [number for number, known in recipients.items() if _is_pending(known)]
        ask = partial(self._ask, deadline)
        answers = self._pool.map(ask, [recipients[number]["msgid"] for number in pending])
        asked = {number: answer for number, answer in zip(pending, answers, strict=True) if answer is not None}
        now = self._clock()
        for number, answer in asked.items():
            self._take_in(recipients[number], answer, age, now)
        left = [number for number in pending if _is_pending(recipients[number])]
        next_due = now + self._wait(age) if left else None
        tally.calls += len(asked)
        if self._store.record_reports(item, recipients, now=now, next_due=next_due):
            tally.parts += 1
            _count(tally, [recipients[number] for number in asked], asked.values(), age)

    def _ask(self, deadline: float, msgid: str) -> ReportAnswer | None:
        # Once time is up, what was learned must still be written: else a slow KoboMobile has every run start over.
        return self._client.report(msgid) if self._clock() < deadline else None

    def _take_in(self, known: Item, answer: ReportAnswer, age: float, now: float) -> None:
        if isinstance(answer, Report) and answer.word:
            known["report"] = answer.raw
        verdict = judge(answer) if isinstance(answer, Report) else None
        if verdict is not None:
            _settle(known, verdict.state, verdict.reason, now)
        elif isinstance(answer, Refused) and answer.token == "error_msgid" and age > _ID_SETTLES_AFTER:  # noqa: S105
            _settle(known, states.UNKNOWN, "KoboMobile does not know the message id (any more)", now)
        elif age >= self._settings.give_up_after:
            hours = self._settings.give_up_after / 3600
            _settle(known, states.UNKNOWN, f"no final report within {hours:g} hours", now)

    def _wait(self, age: float) -> float:
        """Return seconds until the next question: half the part's age, so that the young are asked about often."""
        return min(max(age / 2, self._settings.first_after / 2, 1.0), _LONGEST_WAIT)


def _is_pending(known: Item) -> bool:
    return "msgid" in known and "state" not in known


def _settle(known: Item, state: str, reason: str | None, now: float) -> None:
    known |= {"state": state, "at": moment(now)}
    if reason is not None:
        known["reason"] = reason


def _count(tally: Tally, recipients: list[Item], answers: Iterable[ReportAnswer], age: float) -> None:
    tally.unanswered += sum(not isinstance(answer, Report) for answer in answers)
    for known in recipients:
        if "state" in known:
            tally.reached[known["state"]] = tally.reached.get(known["state"], 0) + 1
            if known["state"] == states.DELIVERED:
                tally.seconds_to_report.append(age)
