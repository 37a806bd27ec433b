"""send_sms does not wait for check_credit's next tick when it meets an outage."""

from __future__ import annotations

from pathlib import Path

from local_aws.stack import running_stack
from mock_kobo.control_client import MockControl
from tests.end_to_end.shop import Shop, wait_until

SELDOM_SECONDS = 3600.0


def test_an_outage_closes_the_valve_between_two_ticks(tmp_path: Path) -> None:
    with (
        running_stack(
            every=SELDOM_SECONDS,
            feed=False,
            parameters={"RetryBaseSeconds": "1", "RetryMaxSeconds": "2"},
            directory=tmp_path,
        ) as stack,
        MockControl(str(stack.mock_url)) as mock,
    ):
        shop = Shop(stack, mock, ear="")
        # The first tick comes at the start; nothing may be left to it.
        wait_until(lambda: [call for call in mock.calls if call["endpoint"] == "credit"], "the first tick")
        for endpoint in ("send", "credit"):
            mock.add_fault(endpoint=endpoint, answer="error_gw")
        shop.queue(20, prefix="prompt")
        wait_until(lambda: set(shop.closed().values()) == {"gateway"}, "the valve to close")
