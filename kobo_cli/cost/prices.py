"""List prices of eu-west-1 in US dollars, without tax, and what AWS gives every account for free each month.

The first tier of each is meant: the next ones begin beyond what KoboMobile can carry. From AWS's price lists,
`https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/OFFER/current/eu-west-1/index.json`, or, where only a page is
named, from that page under `https://aws.amazon.com/`, read in November 2026.
"""

from __future__ import annotations

from dataclasses import dataclass

REGION = "eu-west-1"
# Of the newest of the lists below.
AS_OF = "October 2026"


@dataclass(frozen=True)
class Price:
    """What one unit costs. `source` is a price list with the usage as bills name it, and the day it was published on;
    or a page. `free` is how much no account pays for in a month, not only in the first year."""

    usd: float
    unit: str
    source: str
    free: float = 0.0


PRICES = {
    "lambda requests": Price(0.2e-6, "requests", "AWSLambda EU-Request-ARM 2026-10-01", free=1e6),
    "lambda time": Price(13.3334e-6, "GB seconds", "AWSLambda EU-Lambda-GB-Second-ARM 2026-10-01", free=4e5),
    "sqs": Price(0.4e-6, "requests", "AWSQueueService EU-Requests-Tier1 2026-09-11", free=1e6),
    "writes": Price(0.705e-6, "write units", "AmazonDynamoDB EU-WriteRequestUnits 2026-09-11"),
    "reads": Price(0.1415e-6, "read units", "AmazonDynamoDB EU-ReadRequestUnits 2026-09-11"),
    "table": Price(0.283, "GB months", "AmazonDynamoDB EU-TimedStorage-ByteHrs 2026-09-11", free=25),
    "backup": Price(0.22, "GB months", "AmazonDynamoDB EU-TimedPITRStorage-ByteHrs 2026-09-11"),
    # Reads of the stream are free for Lambda's own triggers.
    "stream": Price(0.0, "changes", "dynamodb/pricing/on-demand"),
    "events": Price(1e-6, "events of 64 kB", "AWSEvents custom events 2026-05-29"),
    "schedules": Price(1e-6, "invocations", "AWSEvents Scheduler invocations 2026-05-29", free=14e6),
    "secrets": Price(0.4, "secrets", "AWSSecretsManager EU-AWSSecretsManager-Secrets 2026-09-11"),
    "secret calls": Price(5e-6, "calls", "AWSSecretsManager EU-AWSSecretsManager-APIRequests 2026-09-11"),
    "logs": Price(0.57, "GB", "AmazonCloudWatch EU-DataProcessing-Bytes 2026-09-22", free=5),
    "kept logs": Price(0.03, "GB months", "AmazonCloudWatch EU-TimedStorage-ByteHrs 2026-09-22"),
    "metrics": Price(0.3, "metrics", "AmazonCloudWatch EU-CW:MetricMonitorUsage 2026-09-22", free=10),
    "alarms": Price(0.1, "metrics of alarms", "AmazonCloudWatch EU-CW:AlarmMonitorUsage 2026-09-22", free=10),
    "dashboards": Price(3.0, "dashboards", "cloudwatch/pricing", free=3),
    "keys": Price(1.0, "keys", "kms/pricing"),
    "key calls": Price(3e-6, "calls", "kms/pricing", free=2e4),
    "transfer": Price(0.09, "GB", "AWSDataTransfer EU-DataTransfer-Out-Bytes 2026-09-16", free=100),
}
