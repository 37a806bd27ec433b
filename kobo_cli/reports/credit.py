"""What there is to say of the credit, from what check_credit keeps of it in the table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from kobo_cli.reports.drawing import Point
from kobo_sms.credit.alerts import Track, level
from kobo_sms.credit.forecast import HOUR, Forecast, forecast
from kobo_sms.credit.store import Account
from kobo_sms.table import iso

Report = dict[str, Any]


def build(account: Account, history: Sequence[Point], now: float) -> Report:
    """Return what is known; moments in ISO 8601, amounts as numbers, None for what is not known.

    Parameters
    ----------
    account
        what check_credit keeps, new before the first check
    history
        the readings to look for top-ups in, oldest first
    """
    usage, checked = account.usage, account.version > 0
    # Between two checks a reading may be newer than the account.
    last = history[-1] if history else Point(usage.last.at, usage.last.balance) if usage.last else None
    expected = forecast(usage, now)
    return {
        "balance": float(last.value) if last else None,
        "read_at": iso(last.at) if last else None,
        "checked_at": iso(account.checked_at) if checked else None,
        "answer": account.answer if checked else None,
        "level": level(last.value, account.low, account.critical) if last else None,
        "thresholds": {"low": float(account.low), "critical": float(account.critical)},
        **_outlook(expected, last, now),
        "top_ups": top_ups(history),
        "alerts": {"credit": _track(account.alerts.credit), "fault": _track(account.alerts.fault)},
        "history": [{"at": iso(point.at), "balance": float(point.value)} for point in history],
    }


def top_ups(history: Sequence[Point]) -> list[Report]:
    """Return the rises of the balance: when each was seen, and by how much at least."""
    return [
        {"at": iso(after.at), "amount": float(after.value - before.value)}
        for before, after in pairwise(history)
        if after.value > before.value
    ]


def _outlook(expected: Forecast, last: Point | None, now: float) -> Report:
    rate, runs_out_at = expected.rate, expected.runs_out_at
    return {
        "rate_per_hour": None if rate is None else float(rate),
        "hours_left_at_this_rate": float(last.value / rate) if last and rate and last.value > 0 else None,
        "runs_out_at": None if runs_out_at is None else iso(runs_out_at),
        "hours_left": None if runs_out_at is None else max(0.0, runs_out_at - now) / HOUR,
        "note": expected.note or None,
    }


def _track(track: Track) -> Report:
    return {"state": track.state, "since": None if track.since is None else iso(track.since)}
