"""A pytest plugin: the fixture `mock_kobo` gives each test a mock KoboMobile on a free port, reset before the test.

Nothing of the mock is imported before a test asks for the fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_kobo.control_client import MockControl
    from mock_kobo.server import RunningMock


@pytest.fixture(scope="session")
def mock_kobo_server() -> Iterator[RunningMock]:
    """One mock for the whole session; tests take `mock_kobo`."""
    from mock_kobo.server import running_mock

    with running_mock() as server:
        yield server


@pytest.fixture
def mock_kobo(mock_kobo_server: RunningMock) -> Iterator[MockControl]:
    """The session's mock, reset, with a client of its control API; `mock_kobo.base_url` is what a client is given."""
    from mock_kobo.control_client import MockControl

    with MockControl(mock_kobo_server.url) as control:
        control.reset()
        yield control
