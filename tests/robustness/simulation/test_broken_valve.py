"""A valve that is broken in one way or another is found: the invariants can fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobo_sms.credit.alerting import AlertTopic
from kobo_sms.credit.store import Account, CreditStore
from kobo_sms.credit.text import AlertText
from kobo_sms.messages.lanes import Lane
from kobo_sms.runtime import Deadline
from kobo_sms.valve import call_window, control
from kobo_sms.valve.breaker import CircuitBreaker
from kobo_sms.valve.closed_lanes import ClosedLanes, Probe, Swept
from kobo_sms.valve.event_sources import EventSources
from tests.robustness.simulation.functions import Makers
from tests.robustness.simulation.publications import DAY, START, Publication
from tests.robustness.simulation.run import inspect, simulate
from tests.robustness.simulation.stage import HOUR, Stage, event, stage, text, texts
from tests.robustness.simulation.stored import BULK, PRIORITY


class _LeavesTheMappings(EventSources):
    def enforce(self, closed: Any) -> dict[Lane, str]:
        return super().enforce(())


class _NeverEnables(EventSources):
    def enforce(self, closed: Any) -> dict[Lane, str]:
        return super().enforce(closed) if closed else {}


class _Screams(AlertTopic):
    def publish(self, text: AlertText, *, kind: str, alert_id: str) -> None:
        super().publish(text, kind=kind, alert_id=alert_id)
        super().publish(text, kind=kind, alert_id=alert_id)


class _IsSilent(AlertTopic):
    def publish(self, text: AlertText, *, kind: str, alert_id: str) -> None:
        pass


class _HidesRepeats(AlertTopic):
    def publish(self, text: AlertText, *, kind: str, alert_id: str) -> None:
        email = text.email.replace("may have reached you before", "is new")
        super().publish(replace(text, email=email), kind=kind, alert_id=alert_id)


class _ForgetsWhatRang(CreditStore):
    def read(self) -> Account:
        account = super().read()
        return replace(account, alerts=type(account.alerts)())


class _NeverSweeps(ClosedLanes):
    def sweep(self, lane: Lane, deadline: Deadline) -> Swept:
        return Swept(whole=True, old=0)


class _SeesSuccess(ClosedLanes):
    def probe(self, lane: Lane) -> Probe:
        return replace(super().probe(lane), accepted=1)


class _NeverPauses(CircuitBreaker):
    def wait_for(self, lane: Lane) -> int:
        return 0


class _Counts(_NeverPauses):
    def failed(self, *arguments: Any) -> bool:
        super().failed(*arguments)
        return True


def what_is_found(on: Stage) -> tuple[str, ...]:
    on.run(HOUR)
    on.world.fate.heal()
    on.world.timeline.run(on.world.now + HOUR / 2)
    return inspect(on.world)


@pytest.mark.parametrize(
    ("makers", "complaint"),
    [
        (Makers(sources=_LeavesTheMappings), "consumed while it was closed"),
        (Makers(sources=_NeverEnables), "its mapping ends Disabled"),
        (Makers(topic=_Screams), "heard twice"),
        (Makers(topic=_IsSilent), "never heard"),
        (Makers(credit_store=_ForgetsWhatRang), "in silence"),
        (Makers(breaker=_Counts), "was counted as an attempt while"),
        (Makers(breaker=_NeverPauses), "calls"),
        (Makers(), ""),
    ],
)
def test_an_outage_shows_it(makers: Makers, complaint: str) -> None:
    burst = [*texts(100, BULK), *texts(100, PRIORITY, first=100)]
    down = event(0.0, "break_kobomobile", endpoint="send", answer="error_gw", lasting=HOUR / 2)
    with stage(burst, [down], makers=makers) as on:
        found = what_is_found(on)

    # Whole, it is found to be whole.
    assert any(complaint in one for one in found) if complaint else found == ()


def test_a_probe_that_sees_success_in_failure_closes_nothing_and_shows_it() -> None:
    down = event(0.0, "break_kobomobile", endpoint="send", answer="error_gw", lasting=HOUR)
    with stage(texts(100, BULK), [down], makers=Makers(lanes=_SeesSuccess)) as on:
        on.run(HOUR - 1)

        assert on.changes(BULK) == []
        assert on.alerts() == []
        assert any("cost" in one for one in what_is_found(on))


def test_a_lane_that_nobody_sweeps_shows_it() -> None:
    order = event(0.0, "close", lanes=(BULK,), lasting=None)
    with stage(texts(1, BULK, at=120.0), [order], makers=Makers(lanes=_NeverSweeps), rarest_check=6 * HOUR) as on:
        on.run(15 * DAY)
        on.world.rest()

        assert "m1 was deleted for its age" in inspect(on.world)


def test_a_valve_that_one_recipient_closes_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (call_window, control):
        monkeypatch.setattr(module, "SEVERAL", 1)
    monkeypatch.setattr(call_window, "FEWEST_CALLS", 1)
    bad = Publication(START, BULK, text("bad", "2348030009005"))
    with stage([bad, *texts(100, BULK, at=60.0)]) as on:
        assert any("by fewer than 3 recipients" in one for one in what_is_found(on))


def test_a_repeated_alert_that_does_not_say_so_is_found() -> None:
    makers = Makers(topic=_HidesRepeats)
    assert any("without saying so" in one for seed in range(100) for one in simulate(seed, makers=makers).violations)
