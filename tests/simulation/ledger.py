"""What the simulation knows and the code under test does not: which answers were lost, what each part went through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from kobo_sms import states
from kobo_sms.answers import Lost, Refused, SendAnswer
from tests.simulation.expressions import Item

# Refusals that use up no attempts.
_WAITING = ("error_credit", "error_user")


@dataclass
class Ledger:
    """`doubted`: parts whose outcome somebody may rightly not know; `tried`: attempts that may count, by part.

    Parts go by their `message_uuid` where KoboMobile tells, and by `id/part` where an invocation ends untidily.
    """

    clock: Callable[[], float]
    wait: Callable[[float], None]
    note: Callable[..., None]
    doubted: set[str] = field(default_factory=set)
    tried: Counter[str] = field(default_factory=Counter)
    called: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)

    def accuse(self, text: str) -> None:
        """Keep a violation."""
        self.note("VIOLATION", text)
        self.violations.append(text)

    def answered(self, fields: dict[str, str], answer: SendAnswer) -> None:
        """Note what one call of send/ ended with, as its caller sees it."""
        part = fields["message_uuid"]
        self.note("send", part[:8], fields["to"].count(",") + 1, answer.label)
        self.called.add(part)
        if not (isinstance(answer, Refused) and answer.token in _WAITING):
            self.tried[part] += 1
        if isinstance(answer, Lost):
            self.doubted.add(part)

    def untidy(self, part: str, why: str) -> None:
        """Note that an attempt at `part` (`id/part`) ended, or may end, without its outcome written."""
        self.note("untidy", part, why)
        self.doubted.add(part)
        self.tried[part] += 1

    def written(self, old: Item, new: Item) -> None:
        """Check one write to the table: no claim taken from one who holds it, nothing leaves a final state."""
        if new["id"]["S"].startswith("~"):
            return
        where = f"{new['id']['S']}/{new['part']['S']}"
        lease = old.get("lease", new.get("lease"))
        if "lease" in new and new["lease"] != lease and float(old["lease_until"]["N"]) > self.clock():
            self.accuse(f"{where}: claimed while another invocation holds the claim")
        before, after = old.get("state", {}).get("S"), new.get("state", {}).get("S", "")
        if before != after:
            self.note("state", where, before or "", after)
            ended = before not in states.OPEN and before is not None
            if ended or (before is not None and after != states.SPLIT and not states.may_follow(before, after)):
                self.accuse(f"{where}: went from {before} to {after}")
        if "recipients" in old and old["recipients"] is not new.get("recipients"):
            self._compare(where, old["recipients"]["M"], new["recipients"]["M"])

    def _compare(self, where: str, old: Item, new: Item) -> None:
        if old.keys() != new.keys():
            self.accuse(f"{where}: recipients came or went")
        for number, known in old.items():
            before, after = (one["M"].get("state", {}).get("S") for one in (known, new.get(number, known)))
            if before is not None and before != after and not states.may_follow(before, after or states.QUEUED):
                self.accuse(f"{where}: a recipient went from {before} to {after}")
