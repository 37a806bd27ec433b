"""Being told to stop: Ctrl-C, SIGTERM and a closed terminal are all the same, and no failure."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """The process was told to stop. Not an Exception, so that nothing takes it for a failure to recover from."""


@contextmanager
def until_stopped() -> Iterator[None]:
    """Let the first signal end the block in an orderly way, and leave it without an error.

    Signals that follow are ignored while the block cleans up. For the main thread only.
    """
    before = {number: signal.signal(number, _stop) for number in _SIGNALS}
    try:
        yield
    except Stopped:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    for ignored in _SIGNALS:
        signal.signal(ignored, signal.SIG_IGN)
    raise Stopped
