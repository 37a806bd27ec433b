"""The event source mappings between the queues and send_sms: enabled where the valve is open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.messages.lanes import Lane

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# AWS refuses to change a mapping that is still changing; the next check sees to it.
_BUSY = "ResourceInUseException"


class EventSources:
    """`mappings` maps lanes to the UUIDs of their event source mappings."""

    def __init__(self, client: LambdaClient, mappings: Mapping[Lane, str]) -> None:
        self._client = client
        self._mappings = mappings

    def enforce(self, closed: Collection[Lane]) -> dict[Lane, str]:
        """Disable the mappings of `closed` lanes and enable the others, whoever changed them; return their states.

        Each is seen to, whatever becomes of the others; the first error of Lambda's is raised at the end.
        """
        states: dict[Lane, str] = {}
        errors: list[Exception] = []
        for lane, uuid in self._mappings.items():
            try:
                states[lane] = self._enforce(uuid, lane not in closed)
            except (BotoCoreError, ClientError) as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return states

    def _enforce(self, uuid: str, enabled: bool) -> str:
        state = self._client.get_event_source_mapping(UUID=uuid)["State"]
        if state in (("Enabled", "Enabling") if enabled else ("Disabled", "Disabling")):
            return state
        try:
            return self._client.update_event_source_mapping(UUID=uuid, Enabled=enabled)["State"]
        except ClientError as error:
            if error.response["Error"]["Code"] != _BUSY:
                raise
            return state
