"""All checks, one after the other: what one cannot find out keeps no other from being made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from kobo_cli.doctor import account, clock, concurrency, notifications, valve
from kobo_cli.doctor.findings import Finding, fail, ok
from kobo_cli.doctor.patient import Patient

Look = Callable[[Patient], Iterable[Finding]]
_ALLOW = "allow it to whoever asks (docs/operating.md, kobo doctor)"


def examine(patient: Patient, *, offline: bool) -> Iterator[Finding]:
    """Yield what each check finds; `offline`: KoboMobile is not asked."""
    looks: dict[str, Look] = {
        account.SECRET: account.look_at_secret,
        account.KOBOMOBILE: _leave_out if offline else account.look_at_kobomobile,
        valve.MAPPINGS: valve.look_at_mappings,
        valve.CHECKS: partial(valve.look_at_checks, now=time.time()),
        concurrency.CHECK: concurrency.look_at_concurrency,
        notifications.ALARMS: notifications.look_at_alarms,
        notifications.SUBSCRIBERS: notifications.look_at_subscribers,
        clock.CHECK: clock.look_at_clock,
    }
    for check, look in looks.items():
        yield from _found(check, look, patient)


def _found(check: str, look: Look, patient: Patient) -> list[Finding]:
    try:
        return list(look(patient))
    except (BotoCoreError, ClientError) as error:
        return [fail(check, f"cannot be told: {error}", _ALLOW if _is_denied(error) else "try again")]
    except KeyError as error:
        # A release before this one had no such resource or output, or somebody has taken it away.
        return [fail(check, f"the stack has no {error}", "deploy this release")]


def _is_denied(error: Exception) -> bool:
    return isinstance(error, ClientError) and "AccessDenied" in error.response["Error"]["Code"]


def _leave_out(_: Patient) -> Iterator[Finding]:
    yield ok(account.KOBOMOBILE, "not asked")
