"""What the simulation knows and the code under test does not: which answers were lost, what each part went through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from kobo_sms.campaigns.campaign import ENDED
from kobo_sms.kobomobile.answers import Accepted, Lost, Refused, SendAnswer, Unreachable
from kobo_sms.messages import states
from kobo_sms.messages.states import State
from kobo_sms.table import CAMPAIGNS_ID
from tests.robustness.simulation.expressions import Item
from tests.robustness.simulation.timeline import Frame, Timeline
from tests.robustness.simulation.watch import Watch

# Refusals that use up no attempts.
_WAITING = ("error_credit", "error_user")
# From a call to the write of its outcome: an answer takes up to 10 seconds.
_ONE_ATTEMPT = 15.0


@dataclass(frozen=True)
class Call:
    """One call of send/: when, for which lane, whether for a probe, its recipients and the answer's name."""

    at: float
    lane: str
    probe: bool
    to: str
    answer: str


@dataclass(repr=False)
class Ledger:
    """`doubted`: parts whose outcome somebody may rightly not know; `tried`: attempts that may count, by part.

    Parts go by their `message_uuid` where KoboMobile tells, and by `id/part` where an invocation ends untidily.
    """

    timeline: Timeline
    note: Callable[..., None]
    doubted: set[str] = field(default_factory=set)
    tried: Counter[str] = field(default_factory=Counter)
    calls: list[Call] = field(default_factory=list)
    # When the event source mapping of which lane brought something.
    brought: list[tuple[float, str]] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    # When the campaign came into which state.
    campaign_changes: list[tuple[float, str]] = field(default_factory=list)
    # When credit/ was seen not to work.
    credit_faults: list[float] = field(default_factory=list)
    # Where AWS does not work well, send_sms may not hear that its lane is closed.
    informed: Callable[[], bool] = lambda: True
    # Told of each call of send/ as it comes to KoboMobile.
    reached: Callable[[Frame | None], None] = lambda frame: None

    def __post_init__(self) -> None:
        self.watch = Watch(lambda: self.timeline.now, self.note, self.accuse)

    def accuse(self, text: str) -> None:
        """Keep a violation."""
        self.note("VIOLATION", text)
        self.violations.append(text)

    def answered(self, fields: dict[str, str], answer: SendAnswer) -> None:
        """Note what one call of send/ ended with, as its caller sees it."""
        part, frame = fields["message_uuid"], self.timeline.frame
        lane, probe = (frame.lane, frame.probe) if frame else ("", False)
        self.note("send", part[:8], fields["to"].count(",") + 1, answer.label)
        self.calls.append(Call(self.timeline.now, lane, probe, fields["to"], answer.label))
        self.called.add(part)
        if not (isinstance(answer, Refused) and answer.token in _WAITING) and not (probe and _of_gateway(answer)):
            self.tried[part] += 1
        if isinstance(answer, Lost):
            self.doubted.add(part)

    def credit_failed(self) -> None:
        """Note that credit/ showed that KoboMobile does not work, or not for us."""
        self.credit_faults.append(self.timeline.now)

    def untidy(self, part: str, why: str) -> None:
        """Note that an attempt at `part` (`id/part`) ended, or may end, without its outcome written."""
        self.note("untidy", part, why)
        self.doubted.add(part)
        self.tried[part] += 1

    def written(self, old: Item, new: Item) -> None:
        """Check one write to the table: no claim taken from one who holds it, nothing leaves a final state."""
        if new["id"]["S"].startswith("~"):
            self.watch.written(old, new)
            self._campaign_written(old, new)
            return
        where = f"{new['id']['S']}/{new['part']['S']}"
        if new.get("reopened_for") != old.get("reopened_for"):
            self._reopened(where, old, new)
            return
        lease = old.get("lease", new.get("lease"))
        if "lease" in new and new["lease"] != lease and float(old["lease_until"]["N"]) > self.timeline.now:
            self.accuse(f"{where}: claimed while another invocation holds the claim")
        before, after = old.get("state", {}).get("S"), new.get("state", {}).get("S", "")
        if before != after:
            self.note("state", where, before or "", after)
            ended = before not in states.OPEN and before is not None
            if ended or (before is not None and after != State.SPLIT and not states.may_follow(before, after)):
                self.accuse(f"{where}: went from {before} to {after}")
        if "recipients" in old and old["recipients"] is not new.get("recipients"):
            self._compare(where, old["recipients"]["M"], new["recipients"]["M"])
        if "lease" in old and "lease" not in new:
            self._weigh(where, old, new)

    def _campaign_written(self, old: Item, new: Item) -> None:
        """Note what a campaign becomes; nothing leaves its end, and its place never goes back."""
        before, after = (each.get("state", {}).get("S", "") for each in (old, new))
        if new["id"]["S"] != CAMPAIGNS_ID:
            return
        if before != after:
            self.note("campaign", before, after)
            self.campaign_changes.append((self.timeline.now, after))
            if before in ENDED:
                self.accuse(f"the campaign went from {before} to {after}")
        places = [int(each.get("offset", {"N": "0"})["N"]) for each in (old, new)]
        if places[1] < places[0]:
            self.accuse(f"the campaign's place went back from {places[0]} to {places[1]}")

    def _reopened(self, where: str, old: Item, new: Item) -> None:
        """An operator's retry: the one way out of a final state, for what failed or is in doubt and nobody holds."""
        before, after = old["state"]["S"], new["state"]["S"]
        self.note("reopened", where, before, after)
        doubt = "leases" in old or before == State.UNKNOWN or old.get("in_doubt", {"BOOL": False})["BOOL"]
        if before not in {State.FAILED, State.UNKNOWN, *states.OPEN} or after != (
            State.SENDING if doubt else State.QUEUED
        ):
            self.accuse(f"{where}: re-opened from {before} to {after}")
        if new["in_doubt"]["BOOL"] != doubt:
            self.accuse(f"{where}: re-opened, and its doubt was {doubt}")
        if float(old.get("lease_until", {"N": "0"})["N"]) > self.timeline.now:
            self.accuse(f"{where}: re-opened while an invocation holds the claim")
        kept = ("message_uuid", "fingerprint", "first_attempt_at", "recipients", "created_at")
        if any(old.get(name) != new.get(name) for name in kept):
            self.accuse(f"{where}: re-opened as another part")
        # Attempts are counted anew.
        self.tried[where] = self.tried[new["message_uuid"]["S"]] = 0

    def _weigh(self, where: str, old: Item, new: Item) -> None:
        """An outcome: waiting for credit or credentials, or while the lane is closed, is no attempt that counts."""
        # Claims that nobody gave back do count: nobody knows how far they came.
        lost = len(old["leases"]["SS"]) - 1
        counted = int(new["attempts"]["N"]) - int(old.get("attempts", {"N": "0"})["N"]) - lost
        answer, frame = new["last_answer"]["S"], self.timeline.frame
        if counted <= 0 or frame is None:
            return
        if answer in _WAITING:
            self.accuse(f"{where}: {answer} was counted as an attempt")
        elif answer == "error_gw" or answer.startswith(("lost", "unreachable")):
            closed_at = self.watch.closed_at.get(frame.lane, self.timeline.now)
            if frame.probe or (self.informed() and self.timeline.now - closed_at > _ONE_ATTEMPT):
                self.accuse(f"{where}: {answer} was counted as an attempt while {frame.lane} was closed")

    def _compare(self, where: str, old: Item, new: Item) -> None:
        if old.keys() != new.keys():
            self.accuse(f"{where}: recipients came or went")
        for number, known in old.items():
            before, after = (one["M"].get("state", {}).get("S") for one in (known, new.get(number, known)))
            if before is not None and before != after and not states.may_follow(before, after or State.QUEUED):
                self.accuse(f"{where}: a recipient went from {before} to {after}")


def _of_gateway(answer: SendAnswer) -> bool:
    if isinstance(answer, Refused):
        return answer.token == "error_gw"
    return isinstance(answer, Lost | Unreachable) or not isinstance(answer, Accepted)
