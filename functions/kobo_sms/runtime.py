"""What differs from run to run: the time, draws and new names. Tests give their own, and so repeat a run exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Runtime:
    """`clock` gives epoch seconds, `uniform` a number between two others, `token` a name that nobody has had."""

    clock: Callable[[], float]
    uniform: Callable[[float, float], float]
    token: Callable[[], str]
