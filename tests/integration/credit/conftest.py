"""check_credit's parts, as the tests of the valve have them."""

from __future__ import annotations

# pytest finds fixtures by their names here.
from tests.integration.valve.conftest import functions, room

__all__ = ["functions", "room"]
