"""The EventBridge bus: takes status events, some of a call or all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kobo_sms.aws.event_bus import STATUS_CHANGED, event_source
from kobo_sms.aws.item_errors import is_of_one_item, passes_soon
from kobo_sms.errors import NotPublished, NotWritten, OutOfTime
from kobo_sms.events.status_events import StatusEvent

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef, PutEventsResultEntryTypeDef

# How often what EventBridge refused is put again within one invocation, and the first wait in seconds; each is
# twice the one before. A share of refusals (throttling) then costs its share of the time, not the batch.
_TRIES, _FIRST_WAIT = 7, 0.05
# What EventBridge will refuse for ever ("PutEventsResultEntry" in its API reference).
_MALFORMED = frozenset({"MalformedDetail", "InvalidArgument"})


class EventBus:
    """Puts status events on the default bus; `pause` waits so many seconds. Errors of AWS pass through."""

    def __init__(self, client: EventBridgeClient, stack: str, pause: Callable[[float], None]) -> None:
        self._client = client
        self._source = event_source(stack)
        self._pause = pause

    def put(self, events: Sequence[StatusEvent]) -> list[tuple[StatusEvent, str]]:
        """Put at most ten events in one call; return those that EventBridge will never take, with its reason.

        Raises
        ------
        NotPublished
            when it keeps refusing some for now.
        """
        try:
            return self._put(events)
        except Exception as error:
            if is_passing(error):
                raise
            if len(events) == 1:
                return [(events[0], type(error).__name__)]
        return [refused for event in events for refused in self.put([event])]

    def _put(self, events: Sequence[StatusEvent]) -> list[tuple[StatusEvent, str]]:
        left, malformed, wait = list(events), [], _FIRST_WAIT
        for _ in range(_TRIES):
            refused = self._call(left)
            malformed += [(event, code) for event, code in refused if code in _MALFORMED]
            left = [event for event, code in refused if code not in _MALFORMED]
            if not left:
                return malformed
            self._pause(wait)
            wait *= 2
        raise NotPublished(f"EventBridge refused {len(left)} of {len(events)} events {_TRIES} times")

    def _call(self, events: Sequence[StatusEvent]) -> Sequence[tuple[StatusEvent, str]]:
        """Return the events that one call of EventBridge did not take, with its reasons."""
        try:
            answer = self._client.put_events(Entries=[self._entry(event) for event in events])
        except Exception as error:
            if passes_soon(error):
                return [(event, type(error).__name__) for event in events]
            raise
        return _refused(events, answer["Entries"])

    def _entry(self, event: StatusEvent) -> PutEventsRequestEntryTypeDef:
        return {"Source": self._source, "DetailType": STATUS_CHANGED, "Detail": event.detail}


def is_passing(error: Exception) -> bool:
    """Tell whether trying again later may help: it does not when the content of one item is at fault."""
    return isinstance(error, (NotPublished, NotWritten, OutOfTime)) or not is_of_one_item(error)


def _refused(
    events: Sequence[StatusEvent], answers: Sequence[PutEventsResultEntryTypeDef]
) -> list[tuple[StatusEvent, str]]:
    return [
        (event, answer["ErrorCode"]) for event, answer in zip(events, answers, strict=True) if answer.get("ErrorCode")
    ]
