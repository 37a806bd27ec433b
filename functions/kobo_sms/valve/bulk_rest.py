"""The quiet hours of the bulk lane as send_sms keeps them, whatever its event source mapping still brings.

check_credit closes the lane before they begin, but it may come late, and AWS takes up to a minute to follow. So
send_sms itself begins no call that may not be over by then: it knows the hours from its settings, which costs nothing.
Only when a message comes in quiet hours it asks now and then whether an operator has woken the lane.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.quiet_hours import QuietHours, QuietPeriod
from kobo_sms.runtime import Deadline
from kobo_sms.valve.breaker import SignalStore
from kobo_sms.valve.call_window import CallWindow
from kobo_sms.valve.state import is_woken

# What is held back comes again at least so often, in case an operator wakes the lane.
_LONGEST_WAIT = 3600.0
_LOOK_EVERY = 10.0
_NOTHING = CallWindow()


class BulkRest:
    """What one process knows of the bulk lane's rest; threads may share it."""

    def __init__(self, quiet_hours: QuietHours, store: SignalStore, clock: Callable[[], float]) -> None:
        self._quiet_hours = quiet_hours
        self._store = store
        self._clock = clock
        self._woken: dict[Lane, float] = {}
        self._looked_at = 0.0

    def wait_for(self, lane: Lane, deadline: Deadline) -> int:
        """Return how many seconds a message of `lane` is to wait, 0 when it may go ahead.

        `deadline` is when the invocation ends: KoboMobile hears nothing of it afterwards.
        """
        if lane is not Lane.BULK:
            return 0
        now = self._clock()
        quiet = self._quiet_hours.period(now)
        if quiet.begin > deadline.at or self._is_woken(quiet, now):
            return 0
        return math.ceil(min(quiet.end - now, _LONGEST_WAIT))

    def _is_woken(self, quiet: QuietPeriod, now: float) -> bool:
        if now - self._looked_at >= _LOOK_EVERY:
            try:
                # The write that counts calls is the only look at the valve that send_sms has.
                self._woken = dict(self._store.report(_NOTHING, _NOTHING, now).woken)
            except (BotoCoreError, ClientError):
                # Who does not know lets it rest.
                self._woken = {}
            self._looked_at = now
        return is_woken(self._woken, Lane.BULK, quiet)
