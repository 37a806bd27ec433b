"""KoboMobile's `error_...` tokens: each once, with what it means (docs/kobomobile-api.md, "Answers").

Pure. A token that nobody knows is one to retry, its name kept.
"""

from __future__ import annotations

from enum import Enum, StrEnum


class Symptom(StrEnum):
    """What a failed call says of more than itself."""

    CREDIT = "credit"
    CREDENTIALS = "credentials"
    GATEWAY = "gateway"


class Kind(Enum):
    """What a refusal is about, and so what its receiver may do."""

    NUMBER = "one of the numbers, or a parameter: fewer numbers may be accepted"
    SENDER_ID = "the sender ID: another one may be accepted"
    CREDIT = "the account's credit: wait for a top-up"
    CREDENTIALS = "the login: fetch it afresh, then wait for another"
    GATEWAY = "the gateway: everybody's calls fail, retry later"
    MESSAGE_ID = "the message id: report/ does not know it, or no longer"
    PASSING = "something that passes: retry later"


# D: documented by KoboMobile; S: documented or observed on sibling gateways.
_TABLE: tuple[tuple[str, str, Kind, str], ...] = (
    ("error_param", "D", Kind.NUMBER, "KoboMobile found a parameter missing or wrong"),
    ("error_limit", "D", Kind.NUMBER, "KoboMobile counted too many numbers, or an invalid one"),
    ("error_number", "S", Kind.NUMBER, "KoboMobile does not accept the number"),
    ("error_invalid_senderid", "S", Kind.SENDER_ID, "KoboMobile does not accept the sender ID"),
    ("error_restricted_senderid", "S", Kind.SENDER_ID, "KoboMobile does not allow this sender ID on the account"),
    ("error_credit", "D", Kind.CREDIT, "the account has too little credit"),
    ("error_user", "D", Kind.CREDENTIALS, "KoboMobile does not accept the credentials, or the account is suspended"),
    ("error_user_id", "S", Kind.CREDENTIALS, "KoboMobile does not know the user"),
    ("error_gw", "D", Kind.GATEWAY, "the gateway is down or busy"),
    ("error_billing", "D", Kind.PASSING, "KoboMobile could not debit the account"),
    ("error_msgid", "S", Kind.MESSAGE_ID, "KoboMobile does not know the message id (any more)"),
)
_KINDS = {token: kind for token, _, kind, _ in _TABLE}
_MEANINGS = {token: meaning for token, _, _, meaning in _TABLE}
_SYMPTOMS = {
    Kind.CREDIT: Symptom.CREDIT,
    Kind.CREDENTIALS: Symptom.CREDENTIALS,
    Kind.GATEWAY: Symptom.GATEWAY,
}


def kind_of(token: str) -> Kind:
    """Return what a refusal by `token` is about."""
    return _KINDS.get(token, Kind.PASSING)


def symptom_of_kind(kind: Kind) -> Symptom | None:
    """Return what a refusal says of more than the call; None when it is the call's own matter, or passes."""
    return _SYMPTOMS.get(kind)


def meaning_of(token: str) -> str | None:
    """Return what `token` means, None for one that nobody knows."""
    return _MEANINGS.get(token)


def explain(token: str) -> str:
    """Return `token` with its meaning: `error_gw (the gateway is down or busy)`."""
    meaning = meaning_of(token)
    return token if meaning is None else f"{token} ({meaning})"
