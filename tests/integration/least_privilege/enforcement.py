"""The policies of the template in force in a test: what a function asked for, checked when the test is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.integration.least_privilege.comparison import ungranted
from tests.integration.least_privilege.policies import Deployed
from tests.integration.least_privilege.requests import requests_of


def assert_granted(asked: Iterable[tuple[str, str, Mapping[str, Any]]], names: Mapping[str, str]) -> None:
    """Check calls, each as function, operation and parameters; `names` has what a Ref of the resources gives."""
    deployed = Deployed(names, {"ReportShards": "2"})
    granted, mapped = deployed.grants(), deployed.arn_of("SendSms")
    for function, operation, params in asked:
        assert ungranted(requests_of(operation, params, mapped), granted[function]) == [], function
