"""What a delivery report means (docs/kobomobile-api.md, "Reports" and "Delivery error codes").

The words are documented; the codes were observed on sibling gateways. A code means different things under different
words, so both make the key.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from kobo_sms.kobomobile.answers import Report
from kobo_sms.messages.states import State

NOT_YET = frozenset({"PROCESSED", "ACCEPTD", "ENROUTE", "UNKNOWN", ""})

# A short stable key for metrics and counters, and what a customer-care person understands.
REASONS = {
    "absent": "the phone was switched off or out of reach",
    "absent_ported_or_barred": "the number was out of reach, has moved to another network, or is barred",
    "inbox_full": "the phone's inbox is full",
    "not_in_use_or_full": "the number is not in use, or its inbox is full",
    "not_in_use": "the number does not exist or is not in use",
    "barred": "the number is barred on its network",
    "network_failure": "the network had a failure",
    "network_failure_or_unsupported": "the network had a failure, or does not support this text",
    "do_not_disturb": "the number is on the network's do-not-disturb list",
    "promotional_route": "the text or the sender ID is blocked on the promotional route",
    "sender_restricted": "the network restricts this sender ID",
    "network_unsupported": "the network is not supported",
    "content_blocked": "the network blocks this text or this sender ID",
    "sender_blocked": "the network blocks this sender ID",
    "sender_not_allowed": "the sender ID is not on the account's list of allowed ones",
    "undelivered": "could not be delivered",
    "expired": "was not delivered in time",
    "refused": "was refused by the network",
    "deleted": "was deleted by the network",
    "id_forgotten": "KoboMobile does not know the message id (any more)",
    "no_report": "no final report in time",
}

# Reason, then the codes that give it under each word.
_CODES_OF: tuple[tuple[str, str], ...] = (
    ("absent", "UNDELIV 0dc 21b 058"),
    ("absent", "EXPIRED 206 21b 023 027 053 054"),
    ("absent_ported_or_barred", "UNDELIV 439"),
    ("inbox_full", "UNDELIV 254"),
    ("inbox_full", "EXPIRED 254 220 120"),
    ("inbox_full", "REJECTD 008"),
    ("not_in_use_or_full", "UNDELIV 255"),
    ("not_in_use", "UNDELIV 20b 004 510"),
    ("not_in_use", "EXPIRED 215"),
    ("barred", "UNDELIV 130 131"),
    ("barred", "EXPIRED 20d"),
    ("network_failure", "EXPIRED 222 602 306"),
    ("network_failure_or_unsupported", "UNDELIV 032"),
    ("do_not_disturb", "UNDELIV 008 085"),
    ("promotional_route", "UNDELIV 065 600"),
    ("sender_restricted", "UNDELIV 00a"),
    ("network_unsupported", "UNDELIV 082"),
    ("content_blocked", "UNDELIV 432"),
    ("content_blocked", "EXPIRED 078"),
    ("sender_blocked", "UNDELIV 034"),
    ("sender_not_allowed", "EXPIRED 40a"),
)
_CODES = {(word, code): key for key, row in _CODES_OF for word, *codes in [row.split()] for code in codes}

_WORDS = {
    "DELIVRD": (State.DELIVERED, None),
    "UNDELIV": (State.UNDELIVERED, "undelivered"),
    "UNDELIV_DND": (State.DO_NOT_DISTURB, "do_not_disturb"),
    "EXPIRED": (State.EXPIRED, "expired"),
    "REJECTD": (State.UNDELIVERED, "refused"),
    "DELETED": (State.UNDELIVERED, "deleted"),
}


@dataclass(frozen=True)
class FinalReport:
    """What a final report says of a recipient: the state, and the key of the reason in REASONS, None if delivered."""

    state: str
    key: str | None = None

    @property
    def reason(self) -> str | None:
        """The reason in words."""
        return None if self.key is None else REASONS[self.key]


def judge(report: Report) -> FinalReport | None:
    """Return what `report` means, or None while it is not final (a word nobody knows is not)."""
    if report.word in NOT_YET:
        return None
    known = _WORDS.get(report.word)
    if known is None and not report.word.startswith("UNDELIV_"):
        return None
    state, key = known or _WORDS["UNDELIV"]
    if state == State.DELIVERED:
        return FinalReport(state)
    word = "UNDELIV" if report.word.startswith("UNDELIV") else report.word
    key = _CODES.get((word, report.code or ""), key)
    return FinalReport(State.DO_NOT_DISTURB if key == "do_not_disturb" else state, key)
