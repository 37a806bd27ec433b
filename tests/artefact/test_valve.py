"""What was built, under Lambda's runtime: check_credit closes a lane, alerts, probes by send_sms, opens it again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.stack import LocalStack, running_stack
from tests.end_to_end import test_valve

shop = test_valve.shop


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    folder: Path = tmp_path_factory.mktemp("valve")
    with running_stack(every=1.0, parameters=test_valve.PARAMETERS, built=True, directory=folder / ".kobo") as stack:
        yield stack


test_credit_that_runs_out_closes_a_lane = test_valve.test_a_balance_that_runs_out_during_a_campaign
