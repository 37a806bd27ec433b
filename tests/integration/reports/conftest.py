"""Pollers of the test's own, over what a Sender of the test's own has sent."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.composition import settings
from kobo_sms.reports.poller import Poller
from kobo_sms.reports.store import ReportStore, StatsStore
from kobo_sms.runtime import Runtime
from kobo_sms.valve.store import ValveStore
from tests.integration.reports.polled_parts import Gateway

# pytest finds fixtures by their names here.
from tests.integration.sending.conftest import desk, environment  # noqa: F401

if TYPE_CHECKING:
    from tests.integration.sending.conftest import Desk

MakePoller = Callable[..., Poller]


@pytest.fixture
def reports(clients: dict[str, Any], environment: dict[str, str]) -> ReportStore:
    kept = settings.read_store(environment)
    return ReportStore(clients["watched dynamodb"], kept.table, keep_seconds=kept.keep_seconds)


@pytest.fixture
def stats(clients: dict[str, Any], environment: dict[str, str]) -> StatsStore:
    kept = settings.read_store(environment)
    return StatsStore(clients["watched dynamodb"], kept.table, keep_seconds=kept.keep_seconds)


@pytest.fixture
def make_poller(
    desk: Desk, clients: dict[str, Any], environment: dict[str, str], reports: ReportStore, stats: StatsStore
) -> Iterator[MakePoller]:
    """Return a function that makes pollers, each with its name for its runs."""
    names = itertools.count(1)
    wanted = settings.read_reports(environment)
    valve = ValveStore(clients["watched dynamodb"], settings.read_store(environment).table)

    with ThreadPoolExecutor(8) as pool:

        def make(client: Any = desk.client, **changed: Any) -> Poller:
            runtime = Runtime(desk.clock, lambda low, _high: low, lambda: f"run-{next(names)}")
            most = changed.pop("most_at_once", 4)
            shared = replace(wanted, **changed)
            return Poller(reports, stats, client, shared, runtime, pool, valve.fault, most)

        yield make


@pytest.fixture
def poller(make_poller: MakePoller) -> Poller:
    return make_poller()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def gateway_poller(make_poller: MakePoller, gateway: Gateway) -> Poller:
    return make_poller(gateway, most_at_once=1)
