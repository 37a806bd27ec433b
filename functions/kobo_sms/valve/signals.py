"""Failure signals: which calls of send/ failed for a reason that is not their own, and whom they were for.

Pure. How many calls failed and how many worked is counted in `valve.call_window`; a signal says in addition to whom it
happened, as one recipient that always fails says nothing of the others. A signal is kept as one line of text, so that
a DynamoDB string set holds several and adding one conflicts with none.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part

CREDIT, CREDENTIALS, GATEWAY = Symptom.CREDIT, Symptom.CREDENTIALS, Symptom.GATEWAY
SYMPTOMS = tuple(Symptom)
# What keeps KoboMobile from working for anybody.
FAULTS = (CREDENTIALS, GATEWAY)
# Not symptoms, but what those are counted beside: calls that KoboMobile accepted, or refused for reasons of their own.
ACCEPTED, ANSWERED = "accepted", "answered"


@dataclass(frozen=True)
class FailureSignal:
    """One failed call: `at` in epoch seconds, `recipients` a hash of those it was for.

    `pages` is what the call would have been charged for: pages times recipients.
    """

    at: float
    symptom: Symptom
    lane: Lane
    recipients: str
    pages: int = 0

    def to_text(self) -> str:
        """Return the signal as one line."""
        return f"{self.at:.3f} {self.symptom} {self.lane} {self.recipients} {self.pages}"

    @classmethod
    def from_text(cls, text: str) -> FailureSignal | None:
        """Return the signal that `to_text` wrote; None for a line that another release wrote and nobody here reads.

        What a release to come writes behind it is passed over.
        """
        words = text.split(" ")
        try:
            signal = cls(float(words[0]), Symptom(words[1]), Lane(words[2]), words[3], int(words[4]))
        except (IndexError, ValueError):
            return None
        return signal if math.isfinite(signal.at) else None


def hash_of_recipients(part: Part) -> str:
    """Return who `part` is for, without naming them: the same for every request to the same recipients."""
    return hashlib.sha256(",".join(part.request.to).encode()).hexdigest()[:12]


def signal_of(symptom: Symptom, lane: Lane, part: Part, at: float) -> FailureSignal:
    """Return the signal of a `symptom` that `part` met."""
    pages = part.request.pages * len(part.request.to)
    return FailureSignal(at, symptom, lane, hash_of_recipients(part), pages)
