"""Every metric that the functions publish, with what it is told apart by: CloudWatch bills each combination.

Billed by the hour: one without a value in an hour costs nothing for it. Held to what is published by
tests/integration/cost/test_metrics.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from kobo_sms.messages.lanes import Lane
from kobo_sms.reports.schedule import NETWORKS


@dataclass(frozen=True)
class Series:
    """Metrics of one set of dimensions.

    `usual` ones have values while texts are sent; the others when something fails or an operator acts. `values` is how
    many values the dimension can have.
    """

    usual: tuple[str, ...]
    seldom: tuple[str, ...] = ()
    dimension: str | None = None
    values: int = 1


SERIES = (
    Series(
        usual=("Accepted", "SecondsToAccept"),
        seldom=("Held", "Retried", "SecondsUnsent"),
        dimension="lane",
        values=len(Lane),
    ),
    Series(
        usual=(),
        seldom=(
            *("Rejected", "Failed", "Lapsed", "Cancelled", "UnknownOutcome", "Invalid", "Duplicates", "OptedOut"),
            *("DeadLettered", "FailedRecords"),
        ),
    ),
    Series(
        usual=("PartsPutOff", "ReportCalls", "SecondsToReport", "Delivered", "Undelivered", "DoNotDisturb", "Expired"),
        seldom=("ReportsUnanswered", "Unknown", "SecondsSinceCheck"),
    ),
    Series(usual=("Delivered", "NotDelivered"), dimension="network", values=len(NETWORKS)),
    Series(
        usual=("Balance", "BalanceUnread", "CreditUsedPerHour", "LanesClosed", "SecondsOverdue"),
        seldom=("LanesResting",),
    ),
    Series(usual=("EventsPublished",), seldom=("EventsUnpublishable",)),
    Series(usual=(), seldom=("Queued", "Unqueueable", "CampaignsPutOff")),
)


def usual_metrics() -> int:
    """Return how many metrics have values in every hour in which texts are sent."""
    return sum(len(each.usual) * each.values for each in SERIES)


def most_metrics() -> int:
    """Return how many there can be at the most, in an hour in which everything happens."""
    return sum((len(each.usual) + len(each.seldom)) * each.values for each in SERIES)
