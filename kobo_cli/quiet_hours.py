"""The quiet hours of a stack's bulk lane, from its outputs: whether it is quiet now, and until when."""

from __future__ import annotations

from collections.abc import Mapping

import click

from kobo_sms.messages.quiet_hours import QuietHours, QuietPeriod, read_quiet_hours


def quiet_hours_of(variables: Mapping[str, str]) -> QuietHours | None:
    """Return when the bulk lane of the stack with these variables (`Connection.variables`) rests, None if never."""
    text, zone = variables.get("KOBO_BULK_QUIET_HOURS", ""), variables.get("KOBO_TIME_ZONE", "Africa/Lagos")
    return read_quiet_hours(text, zone, lambda warning: click.echo(f"kobo: {warning}", err=True))


def quiet_now(variables: Mapping[str, str], now: float) -> QuietPeriod | None:
    """Return the quiet period that lasts at `now` (epoch seconds): its `end`, and `ends_at` on the clock; else None."""
    hours = quiet_hours_of(variables)
    period = hours.period(now) if hours is not None else None
    return period if period is not None and period.begin <= now else None
