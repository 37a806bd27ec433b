"""A prompt for check_credit to look now instead of at its next tick, by way of EventBridge."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.aws.event_bus import CHECK, event_source

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef


class Prompt:
    """Puts one event on the default bus; `client` makes the client when it is first needed (few ever need it)."""

    def __init__(self, client: Callable[[], EventBridgeClient], stack: str, warn: Callable[[str], None]) -> None:
        self._client = client
        self._warn = warn
        self._source = event_source(stack)

    def __call__(self) -> None:
        """Prompt. That it fails harms little, as check_credit comes by itself, but must not go unnoticed."""
        try:
            entry: PutEventsRequestEntryTypeDef = {"Source": self._source, "DetailType": CHECK, "Detail": "{}"}
            if self._client().put_events(Entries=[entry])["FailedEntryCount"]:
                self._warn("check_credit could not be prompted: EventBridge did not take the event")
        except (BotoCoreError, ClientError) as error:
            self._warn(f"check_credit could not be prompted: {type(error).__name__}")
