"""Running the mock: in a background thread for tests and for `kobo up`, or in the foreground until a signal."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_kobo.app import DELIVERY_SECONDS, create_app
from mock_kobo.mock import EXTENSION, Mock
from mock_kobo.wsgi_server import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_PORT = 8025


@dataclass(frozen=True, slots=True)
class RunningMock:
    """A mock that listens: `url` for the page and the control API, `base_url` for a client of KoboMobile."""

    url: str

    @property
    def base_url(self) -> str:
        """What a client takes for https://kobomobile.net/api."""
        return f"{self.url}/api"


@contextmanager
def running_mock(
    host: str = "127.0.0.1",
    port: int = 0,
    state: Path | None = None,
    delivery_seconds: tuple[float, float] = DELIVERY_SECONDS,
) -> Iterator[RunningMock]:
    """Run a mock in a background thread; port 0 takes a free one.

    Raises OSError if the address can't be had and StateError if `state` can't be used.
    """
    app = create_app(state, delivery_seconds)
    mock: Mock = app.extensions[EXTENSION]
    try:
        server = MockServer(host, port, app)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield RunningMock(f"http://{host}:{server.port}")
        finally:
            mock.release()
            server.stop()
            thread.join()
    finally:
        mock.close()


def serve(
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    state: Path | None = None,
    delivery_seconds: tuple[float, float] = DELIVERY_SECONDS,
) -> None:
    """Run a mock until SIGINT or SIGTERM, from the main thread; prints one line when it is ready. Raises as above."""
    stop = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}
    try:
        with running_mock(host, port, state, delivery_seconds) as mock:
            sys.stdout.write(f"Mock KoboMobile is ready: inbox {mock.url}/  API {mock.base_url}/\n")
            sys.stdout.flush()
            stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
