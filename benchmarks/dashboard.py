"""The dashboard of template.yaml with the metrics of a run on the local stack, as a picture.

    .venv/bin/python -m benchmarks.dashboard [--write docs/dashboard.svg]

Passwords on the priority lane, a campaign on the bulk lane, one answer in twenty `error_billing`, some numbers that
are refused or never reached, and a gateway that is down for 25 seconds. Where CloudWatch has periods of a minute the
picture has some of five seconds, with sums as they would be in a minute. The numbers are those that the functions
printed; those of AWS/SQS are the queues' own, asked for each second.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from benchmarks.dashboard_picture import Points, Shown, draw, names_in
from kobo_cli.commands.demo import PARAMETERS
from kobo_sms.aws.dynamodb import compare_and_swap
from kobo_sms.credit.forecast import HOUR, Hour, Reading, Usage
from kobo_sms.credit.store import CreditStore
from local_aws.stack import LocalStack, running_stack
from mock_kobo.control_client import MockControl
from tests.alarms.alarm import alarms
from tests.alarms.emf import Datapoint, Metric, read_datapoints

_PERIOD, _MINUTE = 5.0, 60.0
_SECONDS, _OUTAGE = 150, (70, 95)
_CAMPAIGN, _BALANCE = 900, 8000
_QUEUES = {
    "KOBO_PRIORITY_QUEUE_URL": "PriorityQueue",
    "KOBO_BULK_QUEUE_URL": "BulkQueue",
    "KOBO_DEAD_LETTER_QUEUE_URL": "DeadLetterQueue",
}
_VISIBLE = "ApproximateNumberOfMessagesVisible"


@dataclass
class Load:
    """Who queues texts, and how KoboMobile behaves meanwhile."""

    stack: LocalStack
    mock: MockControl
    depths: list[Datapoint] = field(default_factory=list)

    def run(self) -> None:
        """Send for as long as the picture shows."""
        self.mock.set_account(balance=_BALANCE)
        self._remember_two_hours()
        self.mock.add_fault(endpoint="send", answer="error_billing", probability=0.05)
        begun = time.time()
        for second in range(_SECONDS):
            if second == 15:
                self._queue("KOBO_BULK_QUEUE_URL", [self._text(f"offer-{at}", at) for at in range(_CAMPAIGN)])
            if second == _OUTAGE[0]:
                for endpoint in ("send", "credit"):
                    self.mock.add_fault(endpoint=endpoint, answer="error_gw")
            if second == _OUTAGE[1]:
                self.mock.clear_faults()
            magic = {9: "2348030009002", 4: "2348030009101", 6: "2348030009102"}.get(second % 10, "")
            numbers = [f"234803020{second:03}{at}" for at in range(3)] + ([magic] if magic else [])
            self._queue(
                "KOBO_PRIORITY_QUEUE_URL",
                [json.dumps({"to": to, "msg": "Your code is on its way."}) for to in numbers],
            )
            self._look()
            time.sleep(max(0.0, begun + second + 1 - time.time()))

    def _remember_two_hours(self) -> None:
        """Have check_credit know how much was used lately, as it does where it has run for longer than this."""
        store = CreditStore(self.stack.clients.dynamodb, self.stack.environment["KOBO_TABLE"], keep_seconds=1e6)
        hour, now = int(time.time() // HOUR), time.time()
        usage = Usage(
            {hour - 1: Hour(Decimal(900), Decimal(HOUR)), hour: Hour(Decimal(300), Decimal(int(now - hour * HOUR)))},
            Reading(now, Decimal(_BALANCE)),
        )
        compare_and_swap(
            store.read,
            lambda account: replace(account, usage=usage),
            lambda _, account: store.write(account) is not None,
            what="the account",
        )

    def _text(self, id_: str, at: int) -> str:
        return json.dumps({"id": id_, "to": f"23480301{at:05}", "msg": "20 % off on Friday."})

    def _queue(self, variable: str, bodies: Sequence[str]) -> None:
        url = self.stack.environment[variable]
        for at in range(0, len(bodies), 10):
            entries: Any = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[at : at + 10])]
            self.stack.clients.sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def _look(self) -> None:
        now = time.time()
        for variable, logical in _QUEUES.items():
            url = self.stack.environment[variable]
            found = self.stack.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            # As the dashboard that was deployed calls the queue, and as the template's alarms do.
            for name in (url.rpartition("/")[2], logical):
                metric: Metric = ("AWS/SQS", _VISIBLE, frozenset({("QueueName", name)}))
                self.depths.append(Datapoint(metric, now, float(found["ApproximateNumberOfMessages"])))


@dataclass(frozen=True)
class Series:
    """The rows of the widgets as lines, in periods of five seconds from `begun` on (epoch seconds)."""

    points: Sequence[Datapoint]
    begun: float

    def __call__(self, widget: Mapping[str, Any], row: Sequence[Any]) -> Points:
        """Return seconds since the start and values; of an expression (a quotient), those of what it is made of."""
        properties, options = widget["properties"], row[-1]
        if "expression" in options:
            rows = {each[-1].get("id"): each for each in properties["metrics"]}
            upper, lower = (dict(self(widget, rows[name])) for name in options["expression"].split(" / "))
            return [(at, value / lower[at]) for at, value in upper.items() if lower.get(at)]
        names = [each for each in row if isinstance(each, str)]
        metric = (names[0], names[1], frozenset(zip(names[2::2], names[3::2], strict=True)))
        stat = options.get("stat", properties.get("stat"))
        whole = properties["view"] == "singleValue"
        return list(self._periods(metric, stat, options.get("period", properties["period"]) if whole else _PERIOD))

    def _periods(self, metric: Metric, stat: str, period: float) -> Iterator[tuple[float, float]]:
        by_period: dict[int, list[float]] = {}
        for point in self.points:
            if point.metric == metric:
                by_period.setdefault(int((point.at - self.begun) // period), []).append(point.value)
        times = _MINUTE / period if stat == "Sum" and period < _MINUTE else 1.0
        for at, values in sorted(by_period.items()):
            yield (at + 0.5) * period, times * _statistic(stat, values)


def _statistic(stat: str, values: Sequence[float]) -> float:
    known: dict[str, Callable[[Sequence[float]], float]] = {
        "Sum": math.fsum,
        "Maximum": max,
        "Minimum": min,
        "Average": lambda of: math.fsum(of) / len(of),
    }
    if stat in known:
        return known[stat](values)
    return sorted(values)[max(math.ceil(float(stat[1:]) / 100 * len(values)) - 1, 0)]


def answers(log: str, query: str) -> list[tuple[str, int]]:
    """Return what a log widget's table shows."""
    name, most = names_in(query)
    lines = (json.loads(line) for line in log.splitlines() if line.startswith("{") and '"part decided"' in line)
    return Counter(line[name] for line in lines if name in line).most_common(int(most))


@dataclass(frozen=True)
class Gathered:
    """What a run left: the deployed dashboard's widgets, what the functions printed, the queues' depths, its end."""

    widgets: Sequence[Mapping[str, Any]]
    printed: str
    depths: Sequence[Datapoint]
    end: float


def gather() -> Gathered:
    """Run the stack under its load."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(every=1.0, parameters=PARAMETERS, directory=Path(folder), progress=click.echo) as stack,
        MockControl(str(stack.mock_url)) as mock,
    ):
        load = Load(stack, mock)
        load.run()
        client = stack.clients.cloudwatch
        (known,) = client.list_dashboards()["DashboardEntries"]
        body = json.loads(client.get_dashboard(DashboardName=known["DashboardName"])["DashboardBody"])
        lines = (stack.directory / "aws.log").read_text().splitlines()
    printed = "\n".join(line[line.index("{") :] for line in lines if "{" in line)
    return Gathered(body["widgets"], printed, load.depths, time.time())


def picture(path: Path, run: Gathered) -> Sequence[tuple[str, int]]:
    """Draw what the dashboard shows of a run; return the answers of send/ with their counts."""
    points, begun = [*read_datapoints(run.printed), *run.depths], run.end - _SECONDS
    (query,) = [each["properties"]["query"] for each in run.widgets if each["type"] == "log"]
    stack = next(dict(point.metric[2])["service"] for point in points if point.metric[0] == "KoboSms")
    states = {name: alarm.evaluate(points, run.end) for name, alarm in alarms(stack).items()}
    series = Series([each for each in points if each.at >= begun], begun)
    shown = Shown(series, states, answers(run.printed, query), _SECONDS, _PERIOD)
    draw(path, run.widgets, shown, _note())
    return shown.answers


def _note() -> str:
    down, up = (f"{at // 60}:{at % 60:02}" for at in _OUTAGE)
    return (
        f"{_SECONDS} seconds of a local stack, in periods of {_PERIOD:.0f} seconds, sums as in a minute; "
        f"the gateway was down from {down} to {up}"
    )


@click.command()
@click.option("--write", "path", default="docs/dashboard.svg", show_default=True, type=click.Path(path_type=Path))
def main(path: Path) -> None:
    """Run the load, draw what the dashboard shows of it."""
    for answer, count in picture(path, gather()):
        click.echo(f"{answer:<20}{count:>6}")
    click.echo(f"drawn in {path}")


if __name__ == "__main__":
    main()
