"""What queue_campaign works on and what outlives it, and the runs made there, each in a process of its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from typing import Any, cast

from botocore.exceptions import ClientError

from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.campaigns.ending import Ending
from kobo_sms.campaigns.files import CampaignFiles, requests_key
from kobo_sms.campaigns.lane_filling import LaneFilling
from kobo_sms.campaigns.members import pack
from kobo_sms.campaigns.orders import CampaignOrders, Ordered
from kobo_sms.campaigns.progress import CampaignProgress
from kobo_sms.campaigns.queueing import Queueing
from kobo_sms.campaigns.result import QueueingResult
from kobo_sms.campaigns.store import CampaignStore
from kobo_sms.messages.lanes import Lane
from kobo_sms.runtime import Deadline, Runtime
from tests.robustness.crash_points.check_gates import Death, Gate, Through
from tests.robustness.simulation.campaigns import InTurn
from tests.robustness.simulation.dynamodb import FakeDynamoDB, calm
from tests.robustness.simulation.expressions import Item

TABLE, KEEP = "messages", 30 * 86_400.0
SECONDS = 60.0
# Of so many lines, a member takes two batches.
MEMBER = 12


class Client(Through):
    """A client of boto3 whose calls are steps; its exceptions are told apart by their class."""

    exceptions = FakeDynamoDB.exceptions


class RepeatingClient(Client):
    """boto3 loses the answer of each write and makes it again."""

    def __getattr__(self, method: str) -> Any:
        call = super().__getattr__(method)

        def twice(*args: Any, **more: Any) -> Any:
            with suppress(ClientError):
                call(*args, **more)
            return call(*args, **more)

        return twice if method == "update_item" else call


@dataclass
class Queue:
    """SQS: every body that it took, in order; `consumed`: how many of them are gone."""

    bodies: list[str] = field(default_factory=list)
    consumed: int = 0

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.bodies += [entry["MessageBody"] for entry in Entries]
        return {}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        waiting = len(self.bodies) - self.consumed
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return {"Attributes": {names[0]: str(waiting), names[1]: "0"}}

    def ids(self) -> Counter[str]:
        return Counter(json.loads(body)["id"] for body in self.bodies)


@dataclass
class Bucket:
    """S3: files by key."""

    files: dict[str, bytes] = field(default_factory=dict)

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> dict[str, Any]:  # noqa: N803
        if Key not in self.files:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        first, _, last = Range.removeprefix("bytes=").partition("-")
        return {"Body": BytesIO(self.files[Key][int(first) : int(last) + 1])}


class CampaignWorld:
    """`calls_at_once`: how many calls of send/ the lane makes, which decides how much may wait on the queue."""

    def __init__(self, calls_at_once: int = 40) -> None:
        self.now = 1_800_000_000.0
        self.calls_at_once = calls_at_once
        self.dynamodb, self.queue, self.bucket = FakeDynamoDB(calm(), self._watch), Queue(), Bucket()
        # How far the campaign was, whenever that was written.
        self.places: list[int] = []
        self._tokens = count()

    def _watch(self, _old: Item, new: Item) -> None:
        if "offset" in new:
            self.places.append(int(new["offset"]["N"]))

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def accept(
        self,
        campaign_id: str,
        requests: int,
        *,
        at: float | None = None,
        gate: Gate | None = None,
        kind: type[Client] = Client,
    ) -> Ordered:
        """Hand a campaign of so many requests over, to one recipient each."""
        lines = [
            json.dumps({"id": f"{campaign_id}:{n}", "to": ["+2348030100001"], "campaign": campaign_id}).encode()
            for n in range(1, requests + 1)
        ]
        file = b"".join(pack(lines, MEMBER))
        self.bucket.files[requests_key(campaign_id, "digest")] = file
        at = self.now if at is None else at
        campaign = Campaign(campaign_id, "digest", len(file), requests, requests, at, self.now)
        return self.orders(gate, kind).accept(campaign)

    def orders(self, gate: Gate | None = None, kind: type[Client] = Client) -> CampaignOrders:
        return CampaignOrders(cast(Any, kind(self.dynamodb, "dynamodb", gate or Gate())), TABLE, keep_seconds=KEEP)

    def campaign(self, campaign_id: str) -> Campaign:
        found = self.orders().read(campaign_id)
        assert found is not None
        return found

    def item(self, campaign_id: str) -> dict[str, Any]:
        (item,) = [each for each in self.dynamodb.all() if each["part"] == campaign_id]
        return item

    def run(self, gate: Gate | None = None, prompted: Sequence[str] = (), kind: type[Client] = Client) -> Any:
        """Make a run in a fresh process, a minute after the last; None when it dies."""
        self.now += SECONDS
        with suppress(Death):
            return self._run(gate or Gate(), prompted, kind)
        return None

    def _run(self, gate: Gate, prompted: Sequence[str], kind: type[Client]) -> QueueingResult:
        return self.queueing(gate, kind, InTurn()).run(Deadline.in_seconds(SECONDS, self.clock), prompted)

    def queueing(self, gate: Gate, kind: type[Client], pool: Executor) -> Queueing:
        dynamodb = cast(Any, kind(self.dynamodb, "dynamodb", gate))
        sqs, s3 = cast(Any, Client(self.queue, "sqs", gate)), cast(Any, Client(self.bucket, "s3", gate))
        runtime = Runtime(self.clock, lambda low, _: low, lambda: f"run-{next(self._tokens)}")
        lane = LaneFilling(sqs, "bulk", self.calls_at_once, pool, self.clock, self.pause)
        return Queueing(
            CampaignStore(dynamodb, TABLE, keep_seconds=KEEP),
            CampaignFiles(s3, "campaigns"),
            {Lane.BULK: lane, Lane.PRIORITY: lane},
            Ending(CampaignProgress(dynamodb, TABLE, pool)).look,
            runtime,
            self.pause,
        )

    def put_parts(self, campaign_id: str, progress: str, numbers: Sequence[int]) -> None:
        """Keep parts as send_sms does, as far as the campaign's progress is told by them."""
        for n in numbers:
            item = {"id": f"{campaign_id}:{n}", "part": "0", "campaign_shard": f"{campaign_id}/{n % 8}"}
            wire = {name: {"S": value} for name, value in (item | {"progress": progress}).items()}
            self.dynamodb.put_item(Item=wire)


def missing(world: CampaignWorld, campaign_id: str, requests: int) -> set[str]:
    """Return the requests of a campaign that never came onto the queue."""
    return {f"{campaign_id}:{n}" for n in range(1, requests + 1)} - world.queue.ids().keys()
