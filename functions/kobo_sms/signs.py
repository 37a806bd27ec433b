"""Signs: what send_sms tells check_credit of calls that failed, and of the success that ends a run of failures.

Pure. A sign is kept as one line of text, so that a DynamoDB string set holds many and adding one conflicts with none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kobo_sms.parts import Part

CREDIT, CREDENTIALS, GATEWAY = "credit", "credentials", "gateway"
# Not a symptom, but what ends a run of them.
ACCEPTED = "accepted"
PRIORITY, BULK = "priority", "bulk"
LANES = (PRIORITY, BULK)
# What is older tells nothing of now: of the successes since, most functions have nothing to report.
FRESH_FOR = 300.0


@dataclass(frozen=True)
class Sign:
    """One answer worth telling: `at` in epoch seconds, `kind` a symptom or ACCEPTED, `witness` whom it happened to.

    `pages` is what the call would have been charged for: pages times recipients.
    """

    at: float
    kind: str
    lane: str
    witness: str = "-"
    pages: int = 0

    def to_text(self) -> str:
        """Return the sign as one line."""
        return f"{self.at:.3f} {self.kind} {self.lane} {self.witness} {self.pages}"

    @classmethod
    def from_text(cls, text: str) -> Sign:
        """Return the sign that `to_text` wrote."""
        at, kind, lane, witness, pages = text.split(" ")
        return cls(float(at), kind, lane, witness, int(pages))


def witness(part: Part) -> str:
    """Return who `part` is for, without naming them: the same for every request to the same recipients."""
    return hashlib.sha256(",".join(part.request.to).encode()).hexdigest()[:12]


def sign_of(symptom: str, lane: str, part: Part, at: float) -> Sign:
    """Return the sign of a `symptom` that `part` met."""
    return Sign(at, symptom, lane, witness(part), part.request.pages * len(part.request.to))


def run_of(signs: Iterable[Sign], symptom: str, lane: str, now: float) -> Sequence[Sign]:
    """Return the fresh signs of `symptom` since the last success, oldest first.

    Credit is a matter of one lane (a part too dear for it says nothing of a cheap one); credentials and the gateway
    serve both, so a success on either ends the run.
    """
    ours = [sign for sign in signs if symptom != CREDIT or sign.lane == lane]
    success = max((sign.at for sign in ours if sign.kind == ACCEPTED), default=0.0)
    since = max(success, now - FRESH_FOR)
    return sorted((sign for sign in ours if sign.kind == symptom and sign.at > since), key=lambda sign: sign.at)
