"""Where the time of a start goes, by library: what each module takes by itself (`python -X importtime`), added up."""

from __future__ import annotations

from collections import defaultdict

from rich.table import Table

from benchmarks.cold_start_process import Starting

_ROUNDS = 5
# A row for each of these and one for the standard library; what runs after the imports has none.
_LIBRARIES = ("botocore", "boto3", "s3transfer", "urllib3", "dateutil", "jmespath", "six", "aws_lambda_powertools")
_OTHERS = ("phonenumbers", "typing_extensions", "kobo_sms", "send_sms", "check_credit", "poll_reports")
KNOWN = {*_LIBRARIES, *_OTHERS, "publish_status", "queue_campaign"}


def by_library(starting: Starting, function: str) -> Table:
    """Return a table of what the modules of each library take to load, in milliseconds: the least of a few starts."""
    least: dict[str, float] = {}
    for _ in range(_ROUNDS):
        for name, milliseconds in _once(starting, function).items():
            least[name] = min(milliseconds, least.get(name, milliseconds))
    printed = Table(f"{function} loads", "ms")
    for name, milliseconds in sorted(least.items(), key=lambda pair: -pair[1]):
        printed.add_row(name, f"{milliseconds:.1f}")
    return printed


def _once(starting: Starting, function: str) -> dict[str, float]:
    told = starting.run(function, ["-X", "importtime"]).stderr
    found: defaultdict[str, float] = defaultdict(float)
    for line in told.splitlines():
        own, _, name = line.removeprefix("import time:").split("|")
        if own.strip().isdigit():
            top = name.strip().partition(".")[0]
            found[top if top in KNOWN else "the standard library"] += int(own) / 1000
    return found
