"""Whether somebody hears when something goes wrong: the alarms, and who is subscribed to them."""

from __future__ import annotations

from collections.abc import Iterator

from kobo_cli.doctor.findings import Finding, fail, ok, warn
from kobo_cli.doctor.patient import Patient

ALARMS, SUBSCRIBERS = "alarms", "subscribers"
# As many names as DescribeAlarms takes.
_AT_ONCE = 100
_PENDING = "PendingConfirmation"


def look_at_subscribers(patient: Patient) -> Iterator[Finding]:
    """See who is told of alerts and alarms."""
    topic = patient.connection.variables["KOBO_TOPIC_ARN"]
    pages = patient.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [each for page in pages for each in page["Subscriptions"]]
    pending = [each for each in found if each["SubscriptionArn"] == _PENDING]
    confirmed = len(found) - len(pending)
    if pending:
        level = warn if confirmed else fail
        told = f"{len(pending)} of {len(found)} have not confirmed: AWS sends them nothing"
        yield level(SUBSCRIBERS, told, "open the link in AWS's e-mail; if it is three days old, deploy AlertEmail anew")
    elif not found:
        yield warn(SUBSCRIBERS, "nobody is told of alerts and alarms", "set AlertEmail, or subscribe to KoboTopicArn")
    else:
        yield ok(SUBSCRIBERS, f"{confirmed} confirmed")


def look_at_alarms(patient: Patient) -> Iterator[Finding]:
    """See whether each alarm is there, tells somebody, and does not ring."""
    wanted = patient.named("Alarm")
    found = {each["AlarmName"]: each for each in _described(patient, list(wanted.values()))}
    gone = [name for name, physical in wanted.items() if physical not in found]
    known = {name: found[physical] for name, physical in wanted.items() if physical in found}
    mute = [name for name, each in known.items() if not each.get("ActionsEnabled") or not each.get("AlarmActions")]
    rings = [name for name, each in known.items() if each.get("StateValue") == "ALARM"]
    if mute:
        yield fail(
            ALARMS, f"tell nobody: {', '.join(mute)}", "enable their actions (aws cloudwatch enable-alarm-actions)"
        )
    if gone:
        yield warn(
            ALARMS, f"were deleted: {', '.join(gone)}", "unless that was meant, have CloudFormation make them anew"
        )
    if rings:
        yield warn(ALARMS, f"ring: {', '.join(rings)}", "docs/operating.md has a section for each")
    if not (mute or gone or rings):
        yield ok(ALARMS, f"all {len(known)} are armed, and none rings")


def _described(patient: Patient, names: list[str]) -> Iterator[dict[str, object]]:
    client = patient.client("cloudwatch")
    for at in range(0, len(names), _AT_ONCE):
        yield from client.describe_alarms(AlarmNames=names[at : at + _AT_ONCE], MaxRecords=_AT_ONCE)["MetricAlarms"]
