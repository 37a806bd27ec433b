"""Whether this machine's clock is right: it says when a request expires, and when a campaign begins."""

from __future__ import annotations

from collections.abc import Iterator

from kobo_cli.doctor.findings import Finding, fail, ok, warn
from kobo_cli.doctor.patient import Patient

CHECK = "clock"
# AWS says the time in whole seconds, and refuses calls that are signed five minutes off.
_ODD, _WRONG = 5.0, 60.0


def look_at_clock(patient: Patient) -> Iterator[Finding]:
    """Compare it with AWS's."""
    if patient.skew is None:
        yield warn(CHECK, "AWS did not say what time it is", "compare it with another clock")
        return
    off = abs(patient.skew)
    told = f"this machine's is {off:.0f} s {'ahead of' if patient.skew > 0 else 'behind'} AWS's"
    if off < _ODD:
        yield ok(CHECK, "agrees with AWS's")
    else:
        level = fail if off >= _WRONG else warn
        yield level(CHECK, told, "set it (NTP): --expires-in and --at go by it")
