"""SQS queues."""

import json
from typing import Any

from local_aws.clients import Clients


def read_queue(clients: Clients, url: str) -> dict[str, Any]:
    """Read a queue by its URL."""
    found = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    attributes: dict[str, Any] = {str(name): value for name, value in found.items()}
    for name in ("RedrivePolicy", "RedriveAllowPolicy"):
        if name in attributes:
            attributes[name] = json.loads(attributes[name])
    return attributes
