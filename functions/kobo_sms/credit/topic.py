"""The SNS topic that alerts go to; who hears of them, by e-mail, SMS or chat, is a matter of its subscriptions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from kobo_sms.credit.text import AlertText


class AlertTopic:
    """Publishes to one topic."""

    def __init__(self, client: SNSClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(self, text: AlertText, *, kind: str, alert_id: str) -> None:
        """Publish `text`, short for phones and whole for everybody else; errors of SNS pass through.

        Subscriptions may filter by the message attribute `kind`; `id` tells a repetition from another alert.
        """
        message = json.dumps({"default": text.email, "email": text.email, "sms": text.sms})
        attributes = {"kind": kind, "id": alert_id}
        self._client.publish(
            TopicArn=self._arn,
            Subject=text.subject,
            Message=message,
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
