"""The mock as one object: gateway, faults, the log of calls, and what tells waiting threads of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_kobo.gateway import Gateway
from mock_kobo.rules.faults import FaultBook
from mock_kobo.state.calls import Calls
from mock_kobo.state.changes import Changes
from mock_kobo.state.settings import Delivery
from mock_kobo.state.store import Store

if TYPE_CHECKING:
    from pathlib import Path

EXTENSION = "mock_kobo"


class Mock:
    """State and rules behind the HTTP of the mock; raises StateError for a `state` file that can't be used."""

    def __init__(self, state: Path | None, delivery_seconds: tuple[float, float], seed: int) -> None:
        self.store = Store(state)
        self.gateway = Gateway(self.store, Delivery(delivery_seconds), seed)
        self.calls = Calls(self.store)
        self.faults = FaultBook()
        self.changes = Changes()

    def reset(self) -> None:
        """Go back to how a new mock is."""
        self.faults.clear()
        with self.store.lock:
            self.gateway.reset()
            self.calls.clear()
        self.changes.bump()

    def release(self) -> None:
        """Let every waiting thread go, for good."""
        self.changes.close()
        self.faults.clear()

    def close(self) -> None:
        """Release the threads and close the state."""
        self.release()
        self.store.close()
