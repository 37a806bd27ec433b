"""Whether the account lets the functions run at once that the stack may want to run."""

from __future__ import annotations

from collections.abc import Iterator

from kobo_cli.doctor.findings import Finding, fail, ok, warn
from kobo_cli.doctor.patient import Patient

CHECK = "concurrency"
# check_credit and a probe of it, queue_campaign, publish_status.
_OTHERS = 4
# AWS leaves so many to all functions without a reservation.
_ALWAYS_UNRESERVED = 100
_DOCS = "docs/operating.md, Limits of an account"


def look_at_concurrency(patient: Patient) -> Iterator[Finding]:
    """Compare what the two lanes take, and what is left for the rest, with the account's quota."""
    if patient.local:
        yield ok(CHECK, "no quota on the local stack")
        return
    limit = patient.client("lambda").get_account_settings()["AccountLimit"]
    quota, free = int(limit["ConcurrentExecutions"]), int(limit["UnreservedConcurrentExecutions"])
    sending, shards = _of_the_lanes(patient), int(patient.parameters.get("ReportShards", "1"))
    reserved = _reserved(patient)
    others = _OTHERS + shards - min(reserved, 1)
    told = f"the two lanes take {sending} of {free} invocations that the account runs at once"
    if sending >= free:
        yield fail(CHECK, f"{told}: nothing is left for check_credit", _ask_for(sending + others))
    elif sending + others > free:
        yield warn(CHECK, f"{told}; the other functions may want {others}", _ask_for(sending + others))
    else:
        yield ok(CHECK, f"{told}; {reserved or 'none'} set aside for check_credit")
    if not reserved and quota > _ALWAYS_UNRESERVED:
        yield warn(
            CHECK,
            "no invocations are set aside for check_credit: another function of the account may take them all",
            f"set CheckConcurrency to {min(5, quota - _ALWAYS_UNRESERVED)} ({_DOCS})",
        )


def _of_the_lanes(patient: Patient) -> int:
    client = patient.client("lambda")
    mappings = (
        client.get_event_source_mapping(UUID=patient.resources[f"SendSms{lane}"]) for lane in ("Priority", "Bulk")
    )
    return sum(int(each["ScalingConfig"]["MaximumConcurrency"]) for each in mappings)


def _reserved(patient: Patient) -> int:
    found = patient.client("lambda").get_function_concurrency(FunctionName=patient.resources["CheckCredit"])
    return int(found.get("ReservedConcurrentExecutions") or 0)


def _ask_for(needed: int) -> str:
    return f"lower SendConcurrency, or have AWS raise the quota (Service Quotas, Lambda) to {needed} or more ({_DOCS})"
