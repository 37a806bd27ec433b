"""What one invocation takes: of the scheduled functions in DynamoDB's units, of all functions in the logs and in time.

Units and bytes are counted, in tests/integration/cost/test_runs.py. Times are not: they are reckoned for 512 MB, which
is a third of a processor, and can be read in the REPORT lines of the logs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

# Lambda's own lines of an invocation: START, END, REPORT.
PLATFORM_BYTES = 300


@dataclass(frozen=True)
class Run:
    """A scheduled run: DynamoDB's units, bytes of its own log lines, milliseconds besides KoboMobile's answers."""

    write_units: float
    read_units: float
    log_bytes: int
    own_ms: float


# Three items read, consistently; three written; the index of due reports asked for one of its shards.
CHECK = Run(write_units=3, read_units=3.5, log_bytes=637, own_ms=60)
# The index asked for each of its eight shards, half a unit each; the valve read twice.
POLL_IDLE = Run(write_units=0, read_units=6, log_bytes=463, own_ms=60)
# Of a run that found something in all eight shards: a lease taken and given back; the quarter's counters, which grow
# to some 8 kB.
POLL_BUSY_WRITES = 8 * 2 + 8
# Each kind of document once: totals, networks, sender IDs.
POLL_BUSY_BYTES = 2400
# And for each recipient that was delivered, its time.
POLL_BYTES_A_TEXT = 21
QUEUE_IDLE = Run(write_units=0, read_units=0.5, log_bytes=0, own_ms=30)

# Of a message: its line, and its values in the document of the invocation.
SEND_BYTES, SEND_BYTES_A_MESSAGE = 277, 362
PUBLISH_BYTES, PUBLISH_BYTES_WITH_EVENTS = 235, 442

# Milliseconds of our own: a message of send_sms, a call and a change of publish_status, a request of queue_campaign.
SEND_MS, PUBLISH_MS, PUBLISH_MS_A_CHANGE, QUEUE_MS_A_REQUEST = 40.0, 30.0, 3.0, 1.0
# How many answers of report/ one invocation of poll_reports takes a second: of parts of one recipient, of large ones
# (docs/how-it-works.md, "Asking for reports").
POLLS_A_SECOND, POLLS_A_SECOND_OF_MANY = 80, 200
COLD_STARTS_A_DAY, COLD_START_MS = 100, 1200.0

# Lambda asks each queue with five long polls at once, each of 20 s, which it does not reduce where a mapping has a
# MaximumConcurrency (Lambda's guide, "Configuring scaling behavior for SQS event source mappings").
QUEUE_POLLERS, LONG_POLL_SECONDS = 5, 20
# A call of KoboMobile: TLS, headers; DynamoDB asks for the table's key once in five minutes for each function.
BYTES_A_CALL, KEY_CALLS_AN_HOUR = 1500, 12


def send_ms(messages: int, calls_at_once: int, answer_ms: float) -> float:
    """Return how long an invocation of send_sms takes that has so many messages."""
    return ceil(messages / calls_at_once) * answer_ms + messages * SEND_MS


def polls_a_second(numbers: int) -> int:
    """Return how many answers of report/ an invocation takes, for parts of so many recipients."""
    return POLLS_A_SECOND if numbers < 10 else POLLS_A_SECOND_OF_MANY
