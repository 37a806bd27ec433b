from __future__ import annotations

import pytest

from kobo_sms.reports.networks import ALL, original_network


@pytest.mark.parametrize(
    ("number", "network"),
    [
        ("2348030100001", "MTN"),
        ("2349130000000", "MTN"),
        ("2348020000000", "Airtel"),
        ("2347050000000", "Glo"),
        ("2348090000000", "9mobile"),
        ("2348040000000", "other"),
        ("2347100000000", "other"),
        ("447700900123", "other"),
        # Not Nigeria's, though the digits after the country code look like it.
        ("448030000000", "other"),
        ("", "other"),
    ],
)
def test_original_networks(number: str, network: str) -> None:
    assert original_network(number) == network
    assert network in ALL
