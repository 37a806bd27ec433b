"""A seed says everything: it runs the same way each time, in each process; and a broken collaborator is found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from kobo_sms.aws.queues import Message, Queues
from kobo_sms.campaigns.campaign import CampaignState
from kobo_sms.campaigns.watch import CampaignWatch
from kobo_sms.kobomobile.answers import SendAnswer
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part
from kobo_sms.sending.attempts import Claim, NothingToClaim
from kobo_sms.sending.decisions import Decision, Known, after_stop
from kobo_sms.sending.store import Store
from tests.robustness.simulation.functions import Makers
from tests.robustness.simulation.run import simulate

ROOT = Path(__file__).parents[3]
_MOST_SEEDS = 60


@pytest.mark.parametrize("seed", [1, 68, 1016])
def test_the_same_seed_lives_the_same_life(seed: int) -> None:
    assert simulate(seed) == simulate(seed)


def test_another_process_lives_it_too() -> None:
    command = [sys.executable, "-m", "tests.robustness.simulation", "--seed", "1016"]

    replay = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert replay.stdout.splitlines()[-1].endswith(f"digest {simulate(1016).digest}")


class _ForgetsDoubt(Store):
    def claim(self, *arguments: Any, **named: Any) -> Claim | NothingToClaim:
        claim = super().claim(*arguments, **named)
        return replace(claim, known=replace(claim.known, in_doubt=False)) if isinstance(claim, Claim) else claim


class _ForgetsWhenItBegan(Store):
    def claim(self, *arguments: Any, **named: Any) -> Claim | NothingToClaim:
        claim = super().claim(*arguments, **named)
        return replace(claim, known=_begun_now(claim.known)) if isinstance(claim, Claim) else claim


class _CancelsWhatIsInDoubt(Store):
    def _end(self, claim: Claim, decision: Decision, old: dict[str, Any], now: float) -> dict[str, Any] | None:
        return super()._end(claim, after_stop(Known()), old, now)


class _NeverHearsOfOrders(CampaignWatch):
    def state(self, campaign_id: str) -> CampaignState | None:
        return None


class _RemembersForTwentyMinutes(CampaignWatch):
    def state(self, campaign_id: str) -> CampaignState | None:
        read_at, state = self._known.get(campaign_id, (float("-inf"), None))
        return state if self._clock() - read_at < 1200 else super().state(campaign_id)


class _LosesAHalf(Queues):
    def put_parts(self, lane: Lane, parts: Iterable[Part]) -> None:
        super().put_parts(lane, list(parts)[:-1])


class _BuriesWithoutAReason(Queues):
    def dead_letter(self, body: str, notes: Mapping[str, str | None]) -> None:
        super().dead_letter(body, {name: value for name, value in notes.items() if name != "Reason"})


class _NeverQueuesAgain(Queues):
    def put_again(self, message: Message, part: Part) -> None:
        self.return_after(message, 1)


class _Renamed(Part):
    @property
    def message_uuid(self) -> str:
        return str(uuid4())


class _MakesUpUuids(KoboClient):
    def send(self, part: Part, *, sender: str) -> SendAnswer:
        return super().send(_Renamed(part.request, part.queued_at, part.name, part.origin), sender=sender)


def _begun_now(known: Known) -> Known:
    return replace(known, first_attempt_at=None)


@pytest.mark.parametrize(
    ("makers", "first"),
    [
        (Makers(store=_ForgetsDoubt), 0),
        (Makers(store=_ForgetsWhenItBegan), 400),
        (Makers(store=_CancelsWhatIsInDoubt), 75),
        (Makers(watch=_NeverHearsOfOrders), 16),
        (Makers(watch=_RemembersForTwentyMinutes), 120),
        (Makers(queues=_LosesAHalf), 0),
        (Makers(queues=_BuriesWithoutAReason), 0),
        (Makers(client=_MakesUpUuids), 0),
        # The first world in which a part is received more than 1,000 times.
        (Makers(queues=_NeverQueuesAgain), 139),
    ],
    ids=[
        "in_doubt",
        "29 days",
        "cancelled in doubt",
        "no orders",
        "late orders",
        "half lost",
        "no reason",
        "random uuid",
        "1000 receives",
    ],
)
def test_a_broken_collaborator_is_found(makers: Makers, first: int) -> None:
    assert any(simulate(seed, makers=makers).violations for seed in range(first, first + _MOST_SEEDS))
