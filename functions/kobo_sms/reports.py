"""What a delivery report means (KOBOMOBILE_API.md, "report/" and "Delivery error codes").

The words are documented; the codes were observed on sibling gateways. A code means different things under different
words, so both make the key.
"""

from __future__ import annotations

from dataclasses import dataclass

from kobo_sms import states
from kobo_sms.answers import Report

NOT_YET = frozenset({"PROCESSED", "ACCEPTD", "ENROUTE", "UNKNOWN", ""})

_ABSENT = "the phone was switched off or out of reach"
_FULL = "the phone's inbox is full"
_INVALID = "the number does not exist or is not in use"
_BARRED = "the number is barred on its network"
_OPERATOR = "the network had a failure"
_DND = "the number is on the network's do-not-disturb list"
_ROUTE = "the text or the sender ID is blocked on the promotional route"
_SENDER = "the network blocks this sender ID"
_CONTENT = "the network blocks this text or this sender ID"

_CODES: dict[tuple[str, str], str] = {
    ("UNDELIV", "0dc"): _ABSENT,
    ("UNDELIV", "21b"): _ABSENT,
    ("UNDELIV", "058"): _ABSENT,
    ("EXPIRED", "206"): _ABSENT,
    ("EXPIRED", "21b"): _ABSENT,
    ("EXPIRED", "023"): _ABSENT,
    ("EXPIRED", "027"): _ABSENT,
    ("EXPIRED", "053"): _ABSENT,
    ("EXPIRED", "054"): _ABSENT,
    ("UNDELIV", "439"): "the number was out of reach, has moved to another network, or is barred",
    ("UNDELIV", "254"): _FULL,
    ("EXPIRED", "254"): _FULL,
    ("EXPIRED", "220"): _FULL,
    ("EXPIRED", "120"): _FULL,
    ("REJECTD", "008"): _FULL,
    ("UNDELIV", "255"): "the number is not in use, or its inbox is full",
    ("UNDELIV", "20b"): _INVALID,
    ("UNDELIV", "004"): _INVALID,
    ("UNDELIV", "510"): _INVALID,
    ("EXPIRED", "215"): _INVALID,
    ("UNDELIV", "130"): _BARRED,
    ("UNDELIV", "131"): _BARRED,
    ("EXPIRED", "20d"): _BARRED,
    ("EXPIRED", "222"): _OPERATOR,
    ("EXPIRED", "602"): _OPERATOR,
    ("EXPIRED", "306"): _OPERATOR,
    ("UNDELIV", "032"): "the network had a failure, or does not support this text",
    ("UNDELIV", "008"): _DND,
    ("UNDELIV", "085"): _DND,
    ("UNDELIV", "065"): _ROUTE,
    ("UNDELIV", "600"): _ROUTE,
    ("UNDELIV", "00a"): "the network restricts this sender ID",
    ("UNDELIV", "082"): "the network is not supported",
    ("UNDELIV", "432"): _CONTENT,
    ("EXPIRED", "078"): _CONTENT,
    ("UNDELIV", "034"): _SENDER,
    ("EXPIRED", "40a"): "the sender ID is not on the account's list of allowed ones",
}

_WORDS = {
    "DELIVRD": (states.DELIVERED, None),
    "UNDELIV": (states.UNDELIVERED, "could not be delivered"),
    "UNDELIV_DND": (states.DO_NOT_DISTURB, _DND),
    "EXPIRED": (states.EXPIRED, "was not delivered in time"),
    "REJECTD": (states.UNDELIVERED, "was refused by the network"),
    "DELETED": (states.UNDELIVERED, "was deleted by the network"),
}


@dataclass(frozen=True)
class Verdict:
    """What a final report says of a recipient: the state, and a reason a customer-care person understands."""

    state: str
    reason: str | None


def judge(report: Report) -> Verdict | None:
    """Return what `report` means, or None while it is not final (a word nobody knows is not)."""
    if report.word in NOT_YET:
        return None
    known = _WORDS.get(report.word)
    if known is None and not report.word.startswith("UNDELIV_"):
        return None
    state, reason = known or _WORDS["UNDELIV"]
    if state == states.DELIVERED:
        return Verdict(state, None)
    word = "UNDELIV" if report.word.startswith("UNDELIV") else report.word
    reason = _CODES.get((word, report.code or ""), reason)
    return Verdict(states.DO_NOT_DISTURB if reason == _DND else state, reason)
