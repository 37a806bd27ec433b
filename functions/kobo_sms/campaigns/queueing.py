"""One run of queue_campaign: puts the requests of all campaigns that are due on their queues, in turns.

The order of things is what makes nothing missing and nothing sent twice, whenever a run dies: lease, read, put on the
queue, and only then move the place on. What a dead run has queued is queued again under the same ids.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from kobo_sms.aws.item_errors import is_of_one_item
from kobo_sms.campaigns.campaign import Campaign, CampaignState, Place, Refusal
from kobo_sms.campaigns.files import CampaignFiles
from kobo_sms.campaigns.held import HeldCampaign
from kobo_sms.campaigns.lane_filling import LaneFilling
from kobo_sms.campaigns.lines import read_line
from kobo_sms.campaigns.members import Member
from kobo_sms.campaigns.result import QueueingResult
from kobo_sms.campaigns.store import CampaignStore
from kobo_sms.errors import EnqueueFailed, KoboSmsError
from kobo_sms.messages.lanes import Lane
from kobo_sms.runtime import Deadline, Runtime

# What one member, its refusals and the writes may take at the worst.
_STOP_BEFORE_END = 15.0
# How often a run looks for other campaigns; how long it waits for room on the queue before it looks again; and when it
# leaves the rest to the next tick, as nobody seems to consume the queue.
_LOOK_EVERY, _WAIT, _PATIENCE = 5.0, 1.0, 10.0
# A campaign that cannot be queued is tried again after so long, each time twice as long as before.
_FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 4 * 3600.0
# After all is on the queue, when to look whether anything is left to send.
_FIRST_CHECK = 60.0


@dataclass
class _Run:
    """What a run holds: until when, under which token, the campaigns whose turns come in this order."""

    deadline: Deadline
    token: str
    held: deque[HeldCampaign] = field(default_factory=deque)
    result: QueueingResult = field(default_factory=QueueingResult)

    @property
    def last(self) -> Deadline:
        """When it begins nothing new any more."""
        return self.deadline.before(_STOP_BEFORE_END)


class Queueing:
    """Makes runs.

    Parameters
    ----------
    lanes
        Fill the queues.
    look
        Sees whether anything is left to send of a campaign that is on the queue as a whole; returns when to look
        again, None if nothing is.
    pause
        Waits so many seconds.
    """

    def __init__(
        self,
        store: CampaignStore,
        files: CampaignFiles,
        lanes: Mapping[Lane, LaneFilling],
        look: Callable[[Campaign, float], float | None],
        runtime: Runtime,
        pause: Callable[[float], None],
    ) -> None:
        self._store = store
        self._files = files
        self._lanes = lanes
        self._look = look
        self._runtime = runtime
        self._pause = pause

    def run(self, deadline: Deadline, prompted: Iterable[str] = ()) -> QueueingResult:
        """Queue what is due until nothing is, there is no room for long, or time runs out; the next tick goes on.

        An error that concerns all campaigns ends the run and is kept in the result.

        Parameters
        ----------
        deadline
            When this invocation has certainly ended.
        prompted
            Campaigns that the index may not show yet.
        """
        run = _Run(deadline, self._runtime.token())
        try:
            self._work(run, prompted)
        except Exception as error:  # noqa: BLE001 - for the caller, once the metrics are out
            run.result.failure = error
        self._give_back(run)
        return run.result

    def _work(self, run: _Run, prompted: Iterable[str]) -> None:
        clock = self._runtime.clock
        looked_at, room_at = clock(), clock()
        self._take_up(run, prompted)
        while run.held and not run.last.passed and clock() - room_at < _PATIENCE:
            if self._fill(run):
                room_at = clock()
            elif run.held:
                self._pause(_WAIT)
            if not run.held or clock() - looked_at >= _LOOK_EVERY:
                looked_at = clock()
                self._take_up(run, ())

    def _take_up(self, run: _Run, prompted: Iterable[str]) -> None:
        """Lease what is due. What is all on the queue is only looked after."""
        held = {each.campaign.id for each in run.held}
        for campaign_id in dict.fromkeys([*prompted, *self._store.due(self._runtime.clock())]):
            if campaign_id not in held:
                self._or_put_off(run, campaign_id, 1, partial(self._lease, run, campaign_id))

    def _lease(self, run: _Run, campaign_id: str) -> None:
        now = self._runtime.clock()
        campaign = self._store.lease(campaign_id, token=run.token, now=now, until=run.deadline.lease_until)
        if campaign is not None and campaign.state is CampaignState.SENDING:
            self._look_after(run, campaign, now)
        elif campaign is not None:
            run.held.append(HeldCampaign(campaign, self._files))

    def _look_after(self, run: _Run, campaign: Campaign, now: float) -> None:
        again_at = self._look(campaign, now)
        if again_at is None:
            self._store.finish(campaign.id, token=run.token, now=now)
            run.result.finished.append(campaign.id)
        else:
            self._store.give_back(campaign.id, token=run.token, next_due=again_at)

    def _fill(self, run: _Run) -> bool:
        """Queue a member of each campaign in turn as long as there is room; tell whether there was any."""
        lanes = {each.campaign.lane for each in run.held}
        # What was scheduled for the priority lane is a single SMS each.
        room: dict[Lane, int] = {lane: self._lanes[lane].room() for lane in lanes & {Lane.BULK}}
        filled, passed, end = False, 0, Deadline.in_seconds(_LOOK_EVERY, self._runtime.clock)
        while passed < len(run.held) and not (end.passed or run.last.passed):
            held = run.held[0]
            if room.get(held.campaign.lane, 1) <= 0:
                run.held.rotate(-1)
                passed += 1
                continue
            filled, passed, again = True, 0, held.campaign.put_off + 1
            queued = self._or_put_off(run, held.campaign.id, again, partial(self._queue_member, run, held))
            if queued is None:
                run.held.popleft()
            else:
                run.held.rotate(-1)
                room = {lane: left - (queued if lane is held.campaign.lane else 0) for lane, left in room.items()}
        return filled

    def _queue_member(self, run: _Run, held: HeldCampaign) -> int | None:
        """Queue the next requests of a campaign; return how many, None once it is no longer held."""
        campaign, member = held.campaign, held.next_member()
        place, refusals = self._put(campaign, member)
        now = self._runtime.clock()
        moved = self._store.move(campaign, place, refusals, token=run.token, now=now, next_due=now + _FIRST_CHECK)
        run.result.add(campaign, place, refusals)
        if moved is not None and moved.state is CampaignState.QUEUEING:
            held.campaign = moved
            return len(member.lines)
        if moved is not None:
            self._store.give_back(campaign.id, token=run.token)
        return None

    def _put(self, campaign: Campaign, member: Member) -> tuple[Place, list[Refusal]]:
        """Put requests on the queue; return the place after them, and those that SQS will never take."""
        before = campaign.place
        lines = [read_line(text, campaign.id, at) for at, text in enumerate(member.lines, before.requests + 1)]
        refused = self._lanes[campaign.lane].put(lines, campaign.id)
        refusals = [
            Refusal(line.request_id, line.recipients, refused[line.request_id])
            for line in lines
            if line.request_id in refused
        ]
        queued = sum(line.recipients for line in lines) - sum(each.recipients for each in refusals)
        return Place(member.end, before.requests + len(lines), before.recipients + queued), refusals

    def _or_put_off(self, run: _Run, campaign_id: str, times: int, act: Callable[[], int | None]) -> int | None:
        """Do something about a campaign; what it alone is to blame for puts it off, and the others go on."""
        try:
            return act()
        except Exception as error:
            if isinstance(error, EnqueueFailed) or not is_of_one_item(error):
                raise
            run.result.faulty[campaign_id] = error
            fault = str(error) if isinstance(error, KoboSmsError) else type(error).__name__
            until = self._runtime.clock() + pause_after(times)
            self._store.put_off(campaign_id, fault, token=run.token, times=times, until=until)
            return None

    def _give_back(self, run: _Run) -> None:
        for each in run.held:
            try:
                self._store.give_back(each.campaign.id, token=run.token)
            except Exception as error:  # noqa: BLE001 - a lease ends by itself
                run.result.failure = run.result.failure or error


def pause_after(times: int) -> float:
    """Return the seconds until a campaign that could not be queued for the `times`th time is tried again."""
    return min(_FIRST_PAUSE * 2.0 ** min(times - 1, 16), _LONGEST_PAUSE)
