"""What must hold of a world's campaign once it has come to rest: all of it went out or was cancelled, nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

from kobo_sms.campaigns.campaign import Campaign, CampaignState, read_item
from kobo_sms.campaigns.watch import FRESH_SECONDS
from kobo_sms.messages.progress import describe_progress, read_progress
from kobo_sms.messages.states import State
from kobo_sms.table import CAMPAIGNS_ID, LEFT_OUT_PREFIX
from tests.robustness.simulation.campaigns import CAMPAIGN, TEXT
from tests.robustness.simulation.world import World

# An attempt that was under way when it was stopped: its call, and AWS on the way there. Where AWS does not work well
# an invocation may stand still for 400 seconds between any two steps.
_ONE_ATTEMPT, _ONE_ATTEMPT_AND_STALLS = 12.0, 900.0


class CampaignInspection:
    """Looks at the campaign of a world at rest; `violations` yields what is wrong with it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._parts = {(item["id"], item["part"]): item for item in world.dynamodb.parts() if "campaign" in item}
        items = [item for item in world.dynamodb.all() if item["id"] == CAMPAIGNS_ID]
        self._campaign = read_item(items[0]) if items else None
        self._left_out = [item for item in world.dynamodb.all() if item["id"].startswith(LEFT_OUT_PREFIX)]
        self._leased = bool(items and "lease" in items[0])

    def violations(self) -> Iterator[str]:
        """Yield everything that does not hold."""
        if self._world.campaigns.plan is None:
            return
        if self._campaign is None:
            yield "the campaign was never handed over"
            return
        yield from self._state(self._campaign)
        yield from self._requests(self._campaign)
        yield from self._told()
        yield from self._counted(self._campaign)
        yield from self._silences()

    def _state(self, campaign: Campaign) -> Iterator[str]:
        wanted = {CampaignState.STOPPED, CampaignState.DONE} if self._ordered("stop") else {CampaignState.DONE}
        if campaign.state not in wanted:
            yield f"the campaign is {campaign.state}"
        if self._leased and campaign.state is CampaignState.DONE:
            yield "the campaign's lease is left"
        if campaign.fault:
            yield f"the campaign has a fault: {campaign.fault}"

    def _requests(self, campaign: Campaign) -> Iterator[str]:
        """Each request is in the table unless it was stopped before it was queued."""
        ids = self._world.campaigns.ids()
        known = {id_ for id_, _ in self._parts} | {each["id"].removeprefix(LEFT_OUT_PREFIX) for each in self._left_out}
        missing = set(ids) - known
        if missing and campaign.state is not CampaignState.STOPPED:
            yield f"{len(missing)} requests of the campaign are missing"
        if missing & set(ids[: campaign.place.requests]):
            yield "requests before the campaign's place are missing"
        for (id_, part), item in self._parts.items():
            if State.CANCELLED in (item["state"], *self._states(item)) and campaign.state is not CampaignState.STOPPED:
                yield f"{id_}/{part}: cancelled, though the campaign was not stopped"

    def _states(self, item: dict[str, Any]) -> Iterator[str]:
        return (known["state"] for known in item["recipients"].values() if "state" in known)

    def _told(self) -> Iterator[str]:
        """What the index says of a part is what its item says."""
        for (id_, part), item in self._parts.items():
            wanted = describe_progress(item["state"], item.get("reason"), item["recipients"])
            if item["progress"] != wanted:
                yield f"{id_}/{part}: its progress says {item['progress']!r}, not {wanted!r}"

    def _counted(self, campaign: Campaign) -> Iterator[str]:
        """Whoever was put on the queue is counted once by the index, unless SQS has taken a message away."""
        counted = sum(read_progress(item["progress"]).total() for item in [*self._parts.values(), *self._left_out])
        queued, stopped = campaign.place.recipients, campaign.state is CampaignState.STOPPED
        # Whoever died before the place moved on has put more on the queue than the place says.
        if counted > queued and not stopped:
            yield f"{counted} recipients of the campaign are counted, {queued} were put on the queue"
        if counted < queued and not any(dead.redriven for dead in self._world.sqs.dead):
            yield f"only {counted} recipients of the campaign are counted, {queued} were put on the queue"

    def _silences(self) -> Iterator[str]:
        """Nothing is executed while it is paused or once it is stopped, but what was under way."""
        slack = FRESH_SECONDS + (_ONE_ATTEMPT if self._world.scenario.smooth else _ONE_ATTEMPT_AND_STALLS)
        changes = [*self._world.ledger.campaign_changes, (float("inf"), "")]
        sent = [sms for sms in self._world.kobo.executed() if sms["msg"] == TEXT]
        executed = sorted(datetime.fromisoformat(sms["at"]).timestamp() for sms in sent)
        for (began, state), (end, _) in pairwise(changes):
            if state in (CampaignState.PAUSED, CampaignState.STOPPED):
                late = [at for at in executed if began + slack < at < end]
                if late:
                    yield f"{len(late)} SMS were executed up to {late[-1] - began:.1f} s after the campaign was {state}"
        times = Counter(sms["to"] for sms in sent)
        yield from (f"{CAMPAIGN}: {number} was sent {count} times" for number, count in times.items() if count > 1)

    def _ordered(self, what: str) -> bool:
        plan = self._world.campaigns.plan
        return plan is not None and any(order == what for _, order in plan.orders)
