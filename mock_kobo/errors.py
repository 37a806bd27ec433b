"""What the mock raises.

MockError
├── RefusedError   a call of the API that KoboMobile answers with an error token
├── BadFieldError  a request of the control API with a field that can't be used
└── StateError     a state file that can't be opened
"""

from __future__ import annotations


class MockError(Exception):
    """Base of everything the mock raises on purpose."""


class RefusedError(MockError):
    """A call KoboMobile refuses: `token` is the answer, `reason` tells a developer why (never sent on the API)."""

    def __init__(self, token: str, reason: str) -> None:
        super().__init__(f"{token}: {reason}")
        self.token = token
        self.reason = reason


class BadFieldError(MockError):
    """A control request with an unusable `field`; answered with status 400."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class StateError(MockError):
    """A state file that is no state of this mock, is of another version, or is in use."""
