"""A campaign as the table keeps it: what it holds, how far it is, and what its state may become.

Its requests lie in a file in the bucket. `place` says up to where they are on the queue.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kobo_sms.errors import UnreadableCampaign
from kobo_sms.messages.lanes import Lane
from kobo_sms.table import Item, moment

# So many of the requests that cannot be put on the queue are named; all are counted.
MOST_REFUSALS = 100


class CampaignState(StrEnum):
    """Where a campaign is. `sending`: all is on the queue; `done`: nothing is left to send."""

    SCHEDULED = "scheduled"
    QUEUEING = "queueing"
    PAUSED = "paused"
    SENDING = "sending"
    DONE = "done"
    STOPPED = "stopped"


def read_state(word: str) -> CampaignState:
    """Return the state that a campaign is kept in. One that only a release to come knows counts as paused: nothing more
    of the campaign is sent until somebody knows what it means."""
    return CampaignState(word) if word in frozenset(CampaignState) else CampaignState.PAUSED


# Those that queue_campaign works on.
ACTIVE = frozenset({CampaignState.SCHEDULED, CampaignState.QUEUEING, CampaignState.SENDING})
UNQUEUED = frozenset({CampaignState.SCHEDULED, CampaignState.QUEUEING})
ENDED = frozenset({CampaignState.DONE, CampaignState.STOPPED})


@dataclass(frozen=True)
class Place:
    """How far a campaign is queued: bytes of its file, and the requests and recipients in them."""

    offset: int = 0
    requests: int = 0
    recipients: int = 0


@dataclass(frozen=True)
class Refusal:
    """A request that cannot be put on the queue, now or later: its id, its recipients, and why."""

    request_id: str
    recipients: int
    reason: str


@dataclass(frozen=True)
class Campaign:
    """What is known of a campaign; moments in epoch seconds, None where they have not come.

    `digest` is that of its requests, `written` that of the file they were made of, empty where there is none; `size`:
    the bytes of its requests, `rows`: its recipients; `at`: not queued before; `by`: who handed it over; `refused`:
    recipients of requests that cannot be queued, `refusals` names these requests, but for those of `unnamed`
    recipients; `fault`: why it cannot be queued at present, `put_off` how often it could not; `paused_seconds`: how
    long it has been paused, a pause that lasts left out.
    """

    id: str
    digest: str
    size: int
    requests: int
    rows: int
    at: float
    created_at: float
    state: CampaignState = CampaignState.SCHEDULED
    lane: Lane = Lane.BULK
    sender: str | None = None
    by: str = ""
    written: str = ""
    place: Place = Place()
    refused: int = 0
    refusals: Mapping[str, str] | None = None
    unnamed: int = 0
    fault: str | None = None
    put_off: int = 0
    started_at: float | None = None
    queued_at: float | None = None
    paused_at: float | None = None
    paused_seconds: float = 0.0
    ended_at: float | None = None
    ended_by: str = ""

    @property
    def queued(self) -> bool:
        """Whether all its requests are on the queue."""
        return self.place.offset >= self.size

    def resumed(self, now: float) -> CampaignState:
        """Return what a paused campaign goes on as."""
        if self.at > now:
            return CampaignState.SCHEDULED
        return CampaignState.SENDING if self.queued else CampaignState.QUEUEING

    def paused_until(self, now: float) -> float:
        """Return how long it has been paused since it was begun, the pause that lasts until `now` among it."""
        if self.paused_at is None or self.started_at is None:
            return self.paused_seconds
        return self.paused_seconds + max(0.0, now - self.paused_at)

    def seconds_at_work(self, now: float) -> float:
        """Return how long it has been worked on until `now`, its pauses left out."""
        if self.started_at is None:
            return 0.0
        end = min(each for each in (self.ended_at, self.paused_at, now) if each is not None)
        return max(0.0, end - self.started_at - self.paused_seconds)


def new_item(campaign: Campaign) -> Item:
    """Return the attributes of a campaign that is handed over."""
    item: Item = {
        "state": campaign.state,
        "digest": campaign.digest,
        "size": campaign.size,
        "requests": campaign.requests,
        "rows": campaign.rows,
        "lane": campaign.lane,
        "at": moment(campaign.at),
        "created_at": moment(campaign.created_at),
        "by": campaign.by,
        "written": campaign.written,
        "from": campaign.sender,
    }
    return {name: value for name, value in item.items() if value not in (None, "")}


def read_item(item: Item) -> Campaign:
    """Return the campaign that an item of the table holds.

    Raises
    ------
    UnreadableCampaign
        when only another release can read it: its lane is not known here, say.
    """
    try:
        return _read(item)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise UnreadableCampaign(item["part"], f"{type(error).__name__}: {error}") from error


def _read(item: Item) -> Campaign:
    return Campaign(
        id=item["part"],
        digest=item["digest"],
        size=int(item["size"]),
        requests=int(item["requests"]),
        rows=int(item["rows"]),
        at=float(item["at"]),
        created_at=float(item["created_at"]),
        state=read_state(item["state"]),
        lane=Lane(item["lane"]),
        sender=item.get("from"),
        by=item.get("by", ""),
        written=item.get("written", ""),
        place=Place(int(item.get("offset", 0)), int(item.get("queued_requests", 0)), int(item.get("queued", 0))),
        refused=int(item.get("refused", 0)),
        refusals=item.get("refusals"),
        unnamed=int(item.get("unnamed", 0)),
        fault=item.get("fault"),
        put_off=int(item.get("put_off", 0)),
        started_at=_moment(item, "started_at"),
        queued_at=_moment(item, "queued_at"),
        paused_at=_moment(item, "paused_at"),
        paused_seconds=float(item.get("paused_seconds", 0)),
        ended_at=_moment(item, "ended_at"),
        ended_by=item.get("ended_by", ""),
    )


def _moment(item: Item, name: str) -> float | None:
    return float(item[name]) if name in item else None
