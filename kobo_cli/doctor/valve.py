"""Whether what is queued is consumed as the valve says, and whether somebody sets the valve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kobo_cli import valve_orders
from kobo_cli.doctor.findings import Finding, fail, ok, warn
from kobo_cli.doctor.patient import Patient
from kobo_sms.credit.wording import length
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.store import ValveSnapshot

MAPPINGS, CHECKS = "mappings", "checks"
_CHANGING = frozenset({"Creating", "Updating", "Enabling", "Disabling"})
# A check a minute is usual; an hour of silence rings an alarm.
_LATE, _SILENT = 600.0, 3600.0


def look_at_mappings(patient: Patient) -> Iterator[Finding]:
    """Compare the event source mappings with what the valve says."""
    closed = valve_orders.read(patient.connection).valve.closed
    found = [_of_lane(patient, lane, open_=lane not in closed) for lane in LANES]
    # The local stack works the stream off by itself, and has its mapping disabled.
    found += [] if patient.local else [_of_stream(patient)]
    wrong = [each for each in found if each is not None]
    yield from wrong
    if not wrong:
        yield ok(
            MAPPINGS, "as the valve says: " + ", ".join(f"{x} {'closed' if x in closed else 'open'}" for x in LANES)
        )


def _of_lane(patient: Patient, lane: Lane, *, open_: bool) -> Finding | None:
    mapping = _mapping(patient, f"SendSms{lane.title()}")
    state, wanted = mapping["State"], "Enabled" if open_ else "Disabled"
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
        told = f"{lane}: a message that fails takes its whole batch with it"
        return fail(MAPPINGS, told, "somebody changed it: deploy the stack anew")
    if state == wanted:
        return None
    told = f"{lane} is {state}, and should be {wanted}"
    if state in _CHANGING:
        return warn(MAPPINGS, told, "AWS is at it; look again in a minute")
    return fail(
        MAPPINGS, told, "check_credit puts it right within a minute; if not: docs/operating.md, CreditErrorsAlarm"
    )


def _of_stream(patient: Patient) -> Finding | None:
    mapping = _mapping(patient, "PublishStatusChanges")
    if mapping["State"] in ("Enabled", *_CHANGING):
        return None
    told = f"status events are not published: the table's stream is {mapping['State']}"
    return fail(MAPPINGS, told, "enable it; what changed more than 24 hours ago is lost to it")


def _mapping(patient: Patient, name: str) -> dict[str, Any]:
    found: dict[str, Any] = patient.client("lambda").get_event_source_mapping(UUID=patient.resources[name])
    return found


def look_at_checks(patient: Patient, now: float) -> Iterator[Finding]:
    """See when check_credit has last set the valve."""
    at = _checked_at(valve_orders.read(patient.connection))
    advice = "docs/operating.md, CreditSilentAlarm"
    if at is None:
        yield fail(CHECKS, "check_credit has never run", advice)
        return
    told = f"check_credit has set the valve {length(max(now - at, 0.0))} ago"
    level = fail if now - at > _SILENT else warn
    yield level(CHECKS, told, advice) if now - at > _LATE else ok(CHECKS, told)


def _checked_at(known: ValveSnapshot) -> float | None:
    return max((seen.at for seen in known.mappings.values()), default=None)
