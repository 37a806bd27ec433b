"""How property tests draw, what processes keep of botocore, and in which order the files run."""

from __future__ import annotations

import gc
import os
from functools import cache, partial
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.hooks import EventAliaser, HierarchicalEmitter
from hypothesis import settings

pytest_plugins = ("tests.side_by_side",)

# The same in every run, unless `make fuzz` or HYPOTHESIS_PROFILE says otherwise.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None, print_blob=True)
settings.register_profile("fuzz", settings.get_profile("random"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# What describes a service is read and parsed once a process, not once a session: that is most of what a client costs.
_session: Any = botocore.session
_session.create_loader = cache(_session.create_loader)
# So is by what other names an event goes: each session and client registers a hundred handlers.
_aliaser: Any = EventAliaser
_alias = cache(partial(_aliaser._alias_event_name, _aliaser(HierarchicalEmitter())))
_aliaser._alias_event_name = lambda _, event_name: _alias(event_name)

# Garbage in circles is little here, and to look for it every 700 objects costs a twentieth of the processors.
gc.set_threshold(50_000, 20, 20)

# What takes longest begins first; what mostly waits runs beside what computes.
_FIRST = (
    "robustness/crash_points/test_polling_",
    "end_to_end/test_valve.py",
    "robustness/crash_points/test_deaths.py",
    "end_to_end",
    "robustness/crash_points",
    "robustness/simulation/test_seeds.py",
    "robustness",
    "local_aws",
)
# The files of a group run in one process, as they share a local stack; else each file is a group.
_GROUPS = (
    "end_to_end/test_valve.py",
    "end_to_end/test_demo.py",
    "end_to_end",
    "robustness/crash_points/test_deaths.py",
    "robustness/crash_points/test_check_",
    "robustness/crash_points/test_publishing_",
    "robustness/crash_points",
    "local_aws/test_up.py",
    "local_aws",
)
_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files into groups (side_by_side.py) and sort them; within a file the order stays."""
    for item in items:
        item.add_marker(pytest.mark.group(_group(item.path)))
    items.sort(key=lambda item: _rank(item.path))


@cache
def _group(file: Path) -> str:
    path = file.relative_to(_HERE).as_posix()
    return next((name for name in _GROUPS if path.startswith(name)), path)


@cache
def _rank(file: Path) -> int:
    path = file.relative_to(_HERE).as_posix()
    return next((at for at, name in enumerate(_FIRST) if path.startswith(name)), len(_FIRST))
