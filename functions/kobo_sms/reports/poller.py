"""Asking for delivery reports until each recipient's state is final: one run of the poller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial

from kobo_sms.aws.item_errors import is_of_one_item
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.reports import schedule
from kobo_sms.reports.counts import Tally, recent
from kobo_sms.reports.due import DueParts
from kobo_sms.reports.limit import AdaptiveLimit, RunBreaker
from kobo_sms.reports.run import Dependencies, Run
from kobo_sms.reports.schedule import DeliveryTimes, Pace
from kobo_sms.reports.settings import ReportSettings
from kobo_sms.reports.store import ReportStore, StatsStore
from kobo_sms.reports.writer import ReportWriter
from kobo_sms.runtime import Deadline, Runtime
from kobo_sms.table import DUE_SHARDS

# Each holds a thread and a connection, together half a megabyte of the function's 512. What a gateway can take shows
# by its latency.
MOST_CALLS_AT_ONCE = 128
# Calls that write, of up to 25 parts each.
WRITES_AT_ONCE = 2
# The schedule is learned from the newest observations that make so many for a network, at most eight hours old.
ENOUGH_OBSERVATIONS = 500
_LOOK_BACK = 8 * 3600.0
# What was learned is read again after so long.
_FRESH = 300.0
# One call may take HttpTimeoutSeconds, twice if the password has changed; what it brings is then to be written.
_STOP_BEFORE_END = 20.0


class Poller:
    """Works off the parts whose reports are due.

    Parameters
    ----------
    pool
        Must run `MOST_CALLS_AT_ONCE` calls and `WRITES_AT_ONCE` writes at once, and a reading besides.
    fault
        Asked once at the start of a run: why calls of send/ fail (`gateway`, `credentials`), or None. report/ may work
        all the same: the run then begins with caution.
    most_at_once
        Calls of report/ at once, at the most.
    """

    def __init__(
        self,
        store: ReportStore,
        stats: StatsStore,
        client: KoboClient,
        settings: ReportSettings,
        runtime: Runtime,
        pool: Executor,
        fault: Callable[[], str | None],
        most_at_once: int = MOST_CALLS_AT_ONCE,
    ) -> None:
        self._store = store
        self._stats = stats
        self._client = client
        self._settings = settings
        self._pace = Pace(settings.first_after, settings.give_up_after)
        self._runtime = runtime
        self._pool = pool
        self._fault = fault
        self._most_at_once = most_at_once
        self._times: Mapping[str, DeliveryTimes] = {}
        self._times_read_at = float("-inf")

    def run(self, deadline: Deadline, shard: int = 0) -> Tally:
        """Poll until nothing is due or time runs out; what is left is due at the next run.

        An error of AWS ends the run and is kept in the tally; what is not written yet stays due.

        Parameters
        ----------
        deadline
            When this invocation has certainly ended. It begins nothing new in its last 20 seconds.
        shard
            Which of the settings' `shards` this is: its share of the due shards comes first, the others' after.
        """
        tally = Tally()
        self._ask_for_fault(tally)
        clock, token, last = self._runtime.clock, self._runtime.token(), deadline.before(_STOP_BEFORE_END)
        if last.passed:
            return tally
        due = DueParts(self._store, self._preferred(shard), clock=clock, token=token, until=deadline.lease_until)
        limit, breaker = AdaptiveLimit(highest=self._most_at_once), RunBreaker(cautious=tally.fault is not None)
        Run(self._surroundings(tally), due, limit, breaker, last, tally).go()
        self._keep(tally, token)
        return tally

    def _ask_for_fault(self, tally: Tally) -> None:
        try:
            tally.fault = self._fault()
        except Exception as error:
            if not is_of_one_item(error):
                raise
            tally.unreadable["valve"] = error

    def _surroundings(self, tally: Tally) -> Dependencies:
        runtime, learned = self._runtime, partial(self._learned, tally)
        writer = ReportWriter(self._store, self._pace, runtime)
        give_up_after = self._settings.give_up_after
        return Dependencies(self._client, writer, WRITES_AT_ONCE, give_up_after, learned, runtime.clock, self._pool)

    def _keep(self, tally: Tally, token: str) -> None:
        # After the outcomes: a run that dies before this has not counted what it found, but never counts it twice.
        if not tally.counts:
            return
        try:
            self._stats.add(tally.counts, token=token, now=self._runtime.clock())
        except Exception as error:  # noqa: BLE001 - for the caller, once the metrics are out
            tally.failure = tally.failure or error

    def _preferred(self, shard: int) -> list[list[str]]:
        own = [name for at, name in enumerate(DUE_SHARDS) if at % self._settings.shards == shard]
        return [own, [name for name in DUE_SHARDS if name not in own]]

    def _learned(self, tally: Tally) -> Mapping[str, DeliveryTimes]:
        """Return what is known of each network, read anew from time to time."""
        now = self._runtime.clock()
        if now - self._times_read_at > _FRESH:
            histograms = self._histograms(now, tally)
            self._times = {network: DeliveryTimes(bins, self._pace) for network, bins in histograms.items()}
            self._times_read_at = now
        return self._times

    def _histograms(self, now: float, tally: Tally) -> Mapping[str, list[float]]:
        try:
            return recent(self._stats.since(now - _LOOK_BACK), schedule.NETWORKS, ENOUGH_OBSERVATIONS)
        except Exception as error:
            if not is_of_one_item(error):
                raise
            tally.unreadable["statistics"] = error
            return recent((), schedule.NETWORKS, ENOUGH_OBSERVATIONS)
