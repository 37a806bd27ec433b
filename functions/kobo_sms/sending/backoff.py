"""Waits between attempts: exponential with full jitter, so that what failed together does not return together.

Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable


def wait_seconds(calls: int, *, base: float, longest: float, uniform: Callable[[float, float], float]) -> int:
    """Return whole seconds, at least 1, to wait after the call number `calls` (from 1).

    Uniform between 0 and `base` doubled with every call, `longest` at the most; `uniform(low, high)` draws.
    """
    bound = min(longest, base * 2.0 ** min(calls - 1, 32))
    return max(1, math.ceil(uniform(0.0, bound)))
