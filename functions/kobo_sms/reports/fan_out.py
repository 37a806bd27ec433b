"""Several invocations of poll_reports side by side: the first one starts the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class FanOut:
    """Invokes this function once for each of the other shards."""

    def __init__(self, client: LambdaClient, shards: int) -> None:
        self._client = client
        self._shards = shards

    def start(self, function: str) -> list[int]:
        """Start the invocations of shards 1 to N - 1, without waiting for them.

        Returns the shards whose invocation could not be started: others take over what is due in them.
        """
        return [shard for shard in range(1, self._shards) if not self._invoke(function, shard)]

    def _invoke(self, function: str, shard: int) -> bool:
        try:
            self._client.invoke(
                FunctionName=function, InvocationType="Event", Payload=json.dumps({"shard": shard}).encode()
            )
        except (BotoCoreError, ClientError):
            return False
        return True
