"""Who runs a local stack in a directory: the holder of a lock that ends with its process, however it ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_aws.errors import LocalStackError

_NAME = "lock"
# A reader tries the lock for an instant; whoever starts a stack in that instant tries again.
_PATIENCE_SECONDS = 0.5


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Be the one that runs a stack in this directory. Raises LocalStackError when another process is."""
    descriptor = os.open(directory / _NAME, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _try(descriptor):
            if time.monotonic() > deadline:
                owner = os.pread(descriptor, 32, 0).decode() or "?"
                raise LocalStackError(f"a local stack runs already in {directory} (process {owner}); stop it first")
            time.sleep(0.02)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_held(directory: Path) -> bool:
    """Whether some process runs a stack in this directory."""
    try:
        descriptor = os.open(directory / _NAME, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
