"""The event source mappings between the queues and send_sms: enabled where the valve is open."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.messages.lanes import Lane

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# AWS refuses to change a mapping that is still changing, or whose function is being deployed (errors of
# UpdateEventSourceMapping in Lambda's API reference).
_BUSY = frozenset({"ResourceInUseException", "ResourceConflictException"})
# So many seconds it is waited for each time; what lasts longer is left to the next check.
_WAITS = (0.5, 1.0)


class EventSources:
    """`mappings` maps lanes to the UUIDs of their event source mappings; `pause` waits so many seconds."""

    def __init__(self, client: LambdaClient, mappings: Mapping[Lane, str], pause: Callable[[float], None]) -> None:
        self._client = client
        self._mappings = mappings
        self._pause = pause

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
        """Have a mapping enabled or disabled; one that is busy for long is left as it is. Returns its state."""
        wanted = ("Enabled", "Enabling") if enabled else ("Disabled", "Disabling")
        for wait in (*_WAITS, None):
            state = self._client.get_event_source_mapping(UUID=uuid)["State"]
            if state in wanted:
                break
            try:
                return self._client.update_event_source_mapping(UUID=uuid, Enabled=enabled)["State"]
            except ClientError as error:
                if error.response["Error"]["Code"] not in _BUSY:
                    raise
            if wait is not None:
                self._pause(wait)
        return state
