"""Opt-outs on simulated time: who sends to somebody who opted out, or repeats a call for others, is found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from kobo_sms.optouts.lookup import OptOutLookup
from kobo_sms.sending.store import Store
from tests.robustness.simulation.functions import Makers
from tests.robustness.simulation.run import make_world, simulate


class _FindsNobody(OptOutLookup):
    def among(self, numbers: Sequence[str]) -> frozenset[str]:
        return frozenset()


class _AsksAnew(Store):
    """Leaves out who has opted out by now, whatever the attempt that may have been executed left out."""

    def claim(self, *arguments: Any, opted_out: Collection[str] | None = None, **named: Any) -> Any:
        claim = super().claim(*arguments, opted_out=opted_out, **named)
        asked = frozenset(opted_out or ())
        return claim if not hasattr(claim, "opted_out") else type(claim)(**vars(claim) | {"opted_out": asked})


def test_some_opt_out_and_others_are_sent_to() -> None:
    gone = sent = 0
    for seed in range(57, 120):
        with make_world(seed) as world:
            if world.optouts.turns:
                world.run()
                sent += len(world.kobo.executed())
                recipients = [known for item in world.dynamodb.parts() for known in item["recipients"].values()]
                gone += sum(known.get("reason") == "opted out" for known in recipients)
    assert gone > 10
    assert sent > 10


@pytest.mark.parametrize(
    ("makers", "first", "complaint"),
    [
        (Makers(optouts=_FindsNobody), 57, "who had opted out before"),
        (Makers(store=_AsksAnew), 108, "is rejected (opted out) but was sent"),
    ],
    ids=["finds nobody", "asks anew"],
)
def test_who_is_broken_is_found(makers: Makers, first: int, complaint: str) -> None:
    found = (each for seed in range(first, first + 150) for each in simulate(seed, makers=makers).violations)
    assert any(complaint in each for each in found)
