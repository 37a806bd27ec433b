"""The scheduled functions, invoked every few seconds in place of schedules that tick in minutes."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.clients import Clients
from local_aws.drift.expectation import Expected

_SCHEDULE = "AWS::Scheduler::Schedule"


@dataclass(frozen=True)
class Scheduled:
    """A function that a schedule of the template invokes, and with what event."""

    arn: str
    event: str

    @property
    def name(self) -> str:
        """The function's name."""
        return self.arn.rpartition(":")[2]


def take_over_schedules(clients: Clients, expected: Iterable[Expected]) -> list[Scheduled]:
    """Switch the deployed schedules off, the one place where that is done, and return what they would invoke."""
    taken = []
    for resource in expected:
        if resource.type == _SCHEDULE:
            found: dict[str, Any] = dict(clients.scheduler.get_schedule(Name=resource.physical_id))
            keep = ("Name", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
            clients.scheduler.update_schedule(**{name: found[name] for name in keep}, State="DISABLED")
            taken.append(Scheduled(found["Target"]["Arn"], found["Target"].get("Input", "{}")))
    return taken


@contextmanager
def ticking(
    clients: Clients, scheduled: Iterable[Scheduled], every: float, progress: Callable[[str], None]
) -> Iterator[list[threading.Thread]]:
    """Invoke each function every so many seconds, never twice at once, until the context is left.

    That one begins or ceases to fail is told to `progress`. Yields the threads that do it: they end once the stack
    does, which cuts short what they are waiting for.
    """
    stop = threading.Event()
    threads = [
        threading.Thread(target=_tick, args=(clients, one, every, progress, stop), name=one.name, daemon=True)
        for one in scheduled
    ]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        stop.set()


def _tick(
    clients: Clients, scheduled: Scheduled, every: float, progress: Callable[[str], None], stop: threading.Event
) -> None:
    failing = False
    while not stop.is_set():
        try:
            problem = _invoke(clients, scheduled)
        except Exception:
            if stop.is_set():
                return
            raise
        # An invocation that the end of the stack cut short is no failure.
        if stop.is_set():
            return
        if problem and not failing:
            progress(f"{scheduled.name} fails: {problem}")
        elif failing and not problem:
            progress(f"{scheduled.name} works again")
        failing = bool(problem)
        stop.wait(every)


def _invoke(clients: Clients, scheduled: Scheduled) -> str:
    """Invoke once; return what went wrong, "" for nothing."""
    try:
        answer = clients.functions.invoke(FunctionName=scheduled.name, Payload=scheduled.event)
        # The end of the stack may cut it short.
        payload = answer["Payload"].read()
    except (ClientError, BotoCoreError) as error:
        return str(error)
    return str(json.loads(payload).get("errorMessage", "?")) if answer.get("FunctionError") else ""
