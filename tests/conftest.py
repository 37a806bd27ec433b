"""How property tests draw, and in which order the files run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same in every run, unless `make fuzz` or HYPOTHESIS_PROFILE says otherwise.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None, print_blob=True)
settings.register_profile("fuzz", settings.get_profile("random"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# What takes longest begins first; what mostly waits runs beside what computes.
_FIRST = (
    "end_to_end/test_valve.py",
    "robustness/crash_points/test_deaths.py",
    "robustness/simulation/test_seeds.py",
    "robustness/simulation/test_flaky.py",
    "end_to_end",
    "robustness",
    "local_aws",
)
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files by when they are to begin; within a file the order stays."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    path = item.path.relative_to(_HERE).as_posix()
    return next((at for at, name in enumerate(_FIRST) if path.startswith(name)), len(_FIRST))
