"""`kobo events`: the rule and the queue that it makes, what is left when it is killed, and how events are shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import StringIO
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kobo_cli.connection import connect
from kobo_cli.errors import CliError
from kobo_cli.events.documents import ToldOnce, detail_of
from kobo_cli.events.leftovers import DEAD_AFTER_SECONDS, Leftover, remove_leftovers
from kobo_cli.events.rule_and_queue import PREFIX, SEEN_TAG, Clients, made_at, make, new_name, pattern, remove
from kobo_cli.events.temporary_queue import SEEN_EVERY_SECONDS, temporary_queue
from kobo_cli.reports.events import line_of
from kobo_cli.terminal import printable
from tests.cli.conftest import Deployed

START = 1_795_000_000.0


class Killed(BaseException):
    """The process is told to stop, or is gone."""


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


def clients_of(deployed: Deployed) -> Clients:
    return Clients(deployed.connection.client("sqs"), deployed.connection.client("events"))


@pytest.fixture
def clients(deployed: Deployed) -> Clients:
    return clients_of(deployed)


def names(clients: Clients) -> tuple[list[str], list[str]]:
    """Return the names of all rules, and of all queues but the stack's."""
    urls = set(clients.sqs.list_queues().get("QueueUrls", [])) - set(connect(None, local=True).variables.values())
    rules = clients.events.list_rules()["Rules"]
    return [rule["Name"] for rule in rules], [url.rpartition("/")[2] for url in urls]


def put(url: str, *bodies: Any) -> None:
    """Put events into a queue as EventBridge does; text as it is."""
    for body in bodies:
        text = body if isinstance(body, str) else json.dumps({"source": "kobo-sms.x", "detail": body})
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody=text)


def test_the_rule_picks_the_stacks_status_events_and_the_queue_lets_it_in(clients: Clients) -> None:
    with temporary_queue(clients, "shop", 'or"ders/', Clock()) as queue:
        (rule,), (name,) = names(clients)
        assert (rule, made_at(name)) == (name, START)
        described = clients.events.describe_rule(Name=rule)
        assert json.loads(described["EventPattern"]) == {
            "source": ["kobo-sms.shop"],
            "detail-type": ["SMS status changed"],
            "detail": {"reference": [{"prefix": 'or"ders/'}]},
        }
        found = clients.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])["Attributes"]
        (statement,) = json.loads(found["Policy"])["Statement"]
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert (statement["Action"], statement["Resource"]) == ("sqs:SendMessage", found["QueueArn"])
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": described["Arn"]}}
        (target,) = clients.events.list_targets_by_rule(Rule=rule)["Targets"]
        assert target["Arn"] == found["QueueArn"]
    assert "detail" not in pattern("shop", None)


def test_documents_are_taken_and_what_is_none_is_told_apart(clients: Clients) -> None:
    with temporary_queue(clients, "shop", None, Clock()) as queue:
        put(queue.url, {"event_id": "1"}, "no JSON", "[]", {"without": "an id"})
        assert sorted(queue.take(), key=str) == sorted([{"event_id": "1"}, None, None, None], key=str)
        found = clients.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])["Attributes"]
        assert found["ApproximateNumberOfMessagesNotVisible"] == "0"


@pytest.mark.parametrize("error", [Killed(), RuntimeError(), CliError("x")])
def test_rule_and_queue_are_removed_however_it_ends(clients: Clients, error: BaseException) -> None:
    with pytest.raises(type(error)), temporary_queue(clients, "shop", None, Clock()):
        raise error
    assert names(clients) == ([], [])


def test_a_queue_that_somebody_removed_ends_it_with_an_error(clients: Clients) -> None:
    with temporary_queue(clients, "shop", None, Clock()) as queue:
        clients.sqs.delete_queue(QueueUrl=queue.url)
        with pytest.raises(CliError, match="the queue of this run is gone"):
            queue.take()
    assert names(clients) == ([], [])


@dataclass
class Fate:
    """Ends a process `before` or `after` a call: it is told to stop, or (`for_good`) it makes no call any more."""

    step: int
    when: str
    for_good: bool
    calls: int = 0
    dead: bool = False

    def befall(self, deployed: Deployed) -> Clients:
        """Return the clients of a process with that fate."""
        clients = clients_of(deployed)
        for client in (clients.sqs, clients.events):
            client.meta.events.register("before-call", self._before)
            client.meta.events.register("after-call", self._after)
        return clients

    def _before(self, **_: Any) -> None:
        self.calls += 1
        self._strike("before")

    def _after(self, **_: Any) -> None:
        self._strike("after")

    def _strike(self, when: str) -> None:
        if self.dead or (when, self.calls) == (self.when, self.step):
            self.dead = self.for_good
            raise Killed


def follow(clients: Clients) -> None:
    """Do all that the command does with AWS, once."""
    with temporary_queue(clients, "shop", None, Clock()) as queue:
        put(queue.url, {"event_id": "1"})
        queue.take()


def steps(deployed: Deployed) -> int:
    nothing = Fate(0, "", for_good=False)
    follow(nothing.befall(deployed))
    return nothing.calls


@pytest.mark.parametrize("when", ["before", "after"])
def test_told_to_stop_at_any_step_it_leaves_nothing(deployed: Deployed, when: str) -> None:
    # While it clears up, in four calls, signals are ignored.
    for step in range(1, steps(deployed) - 3):
        with pytest.raises(Killed):
            follow(Fate(step, when, for_good=False).befall(deployed))
        assert names(clients_of(deployed)) == ([], [])


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_the_next_run_clears_up_after_it(deployed: Deployed, when: str) -> None:
    living = clients_of(deployed)
    for step in range(1, steps(deployed) + 1):
        with pytest.raises(Killed):
            follow(Fate(step, when, for_good=True).befall(deployed))
        left = {*names(living)[0], *names(living)[1]}
        assert list(remove_leftovers(living, START + DEAD_AFTER_SECONDS - 1)) == []
        removed = list(remove_leftovers(living, START + DEAD_AFTER_SECONDS + 1))
        assert removed == [Leftover(name, None) for name in left]
        assert names(living) == ([], [])


def test_a_living_run_shows_itself_and_is_left_alone(clients: Clients) -> None:
    clock = Clock()
    with temporary_queue(clients, "shop", None, clock) as queue:
        for _ in range(20):
            clock.now += SEEN_EVERY_SECONDS
            put(queue.url, {"event_id": "1"})
            queue.take()
            assert list(remove_leftovers(clients, clock.now)) == []
        assert clock.now - START > 2 * DEAD_AFTER_SECONDS
        tags = clients.sqs.list_queue_tags(QueueUrl=queue.url)["Tags"]
        assert float(tags[SEEN_TAG]) == clock.now


def test_what_only_looks_like_a_leftover_stays(clients: Clients) -> None:
    others = [f"{PREFIX}archive", f"{PREFIX}1795000000-shop", f"my-{PREFIX}1795000000-0123abcd"]
    for name in others:
        clients.sqs.create_queue(QueueName=name)
        clients.events.put_rule(Name=name, EventPattern=json.dumps(pattern("shop", None)))
    assert list(remove_leftovers(clients, START * 2)) == []
    assert list(map(sorted, names(clients))) == [sorted(others)] * 2


def test_a_leftover_that_cannot_be_removed_is_told_and_keeps_no_other(clients: Clients) -> None:
    first, second = sorted(new_name(START) for _ in range(2))
    for name in (first, second):
        make(clients, name, pattern("shop", None), START)

    def refuse(params: Any, **_: Any) -> None:
        if first in str(params):
            error: Any = {"Error": {"Code": "AccessDenied", "Message": "you may not"}}
            raise ClientError(error, "DeleteQueue")

    clients.sqs.meta.events.register("before-call.sqs.DeleteQueue", refuse)
    told = list(remove_leftovers(clients, START + 2 * DEAD_AFTER_SECONDS))
    assert [(each.name, each.problem is None) for each in told] == [(first, False), (second, True)]
    assert "you may not" in str(told[0].problem)
    # The rule went: nothing more comes into the queue.
    assert names(clients) == ([], [first])


def test_removing_twice_is_no_error(clients: Clients) -> None:
    name = new_name(START)
    make(clients, name, pattern("shop", None), START)
    for _ in range(2):
        remove(clients, name)


def test_names_are_short_enough() -> None:
    # Rules: 64 characters; queues: 80.
    assert len(new_name(10**11)) <= 64
    assert new_name(START) != new_name(START)


@given(st.lists(st.integers(0, 5)))
def test_each_event_is_told_once(ids: list[int]) -> None:
    told = list(ToldOnce().new({"event_id": str(each)} for each in ids))
    assert [each["event_id"] for each in told] == [str(each) for each in dict.fromkeys(ids)]


def test_only_so_many_events_are_remembered() -> None:
    once = ToldOnce(remembered=2)
    assert len(list(once.new({"event_id": each} for each in "abcbca"))) == 4


def test_only_an_events_detail_is_a_document() -> None:
    assert detail_of('{"detail": {"event_id": "1", "id": "x"}}') == {"event_id": "1", "id": "x"}
    assert [detail_of(body) for body in ("", "3", '{"detail": 3}', '{"detail": {"event_id": 5}}')] == [None] * 4


def document(**changes: Any) -> dict[str, Any]:
    recipient = {"to": "2348030100002", "state": "delivered", "reason": None, "report": "DELIVRD", "msgid": "1"}
    about = {"id": "order-1", "reference": None, "part": "0", "at": "2026-11-28T12:00:00.420Z"}
    return {"event_id": "e", **about, "recipients": [recipient], **changes}


def shown(document: dict[str, Any]) -> str:
    console = Console(file=StringIO(), highlight=False, width=80)
    with console.capture() as captured:
        console.print(line_of(document), soft_wrap=True)
    return captured.get()


def test_a_line_says_when_what_who_and_why() -> None:
    assert shown(document()) == "2026-11-28T12:00:00.420Z  order-1  2348030100002 delivered\n"
    two = [{"to": "1", "state": "rejected", "reason": "bad"}, {"to": "2", "state": "sent", "reason": None}]
    assert shown(document(part="0.1", reference="a [b]", recipients=two)) == (
        "2026-11-28T12:00:00.420Z  order-1 part 0.1  1 rejected, 1 sent: bad  (a [b])\n"
    )


@given(st.text(), st.text(min_size=1))
def test_an_event_is_one_line_whatever_is_in_it(reference: str, reason: str) -> None:
    line = shown(document(reference=reference, recipients=[{"to": "1", "state": "failed", "reason": reason}]))
    assert line.endswith("\n")
    assert "\n" not in line[:-1]
    assert printable(line) == line


def test_without_follow_it_says_that_events_are_not_kept(deployed: Deployed) -> None:
    result = deployed.run("events")
    assert result.exit_code == 2
    assert "--follow" in result.stderr


@pytest.mark.parametrize("reference", ["", "x" * 257])
def test_a_prefix_that_no_reference_has_is_refused(deployed: Deployed, reference: str) -> None:
    result = deployed.run("events", "--follow", "--reference", reference)
    assert (result.exit_code, "--reference" in result.stderr) == (2, True)
    assert names(Clients(boto3.client("sqs"), boto3.client("events"))) == ([], [])
