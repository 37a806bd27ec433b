"""The parameters of the template: all of them in docs/settings.md, and nonsense refused before anything is deployed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import phonenumbers
import pytest

from kobo_sms.messages.fields import SENDER_PATTERN
from local_aws.errors import LocalStackError
from local_aws.template.parameters import settle
from local_aws.template.source import load

ROOT = Path(__file__).parents[1]
PARAMETERS: dict[str, Any] = load(ROOT / "template.yaml")["Parameters"]
ROW = re.compile(r"^\| `(\w+)` \| (?:`([^`]*)`|\(empty\)) \| (.+) \| (.+) \|$", re.MULTILINE)

NONSENSE = {
    "KoboBaseUrl": [
        "",
        "kobomobile.net/api",
        "ftp://kobomobile.net/api",
        "http://kobomobile.net/api",
        "https://kobo mobile.net",
        "https://k.net/?a=b",
    ],
    "DefaultSenderId": ["", "   ", "TwelveLetter", "12345678901234567", "Größe", "Shop\n"],
    "DefaultRegion": ["", "ng", "NGA", "ZZ", "Nigeria"],
    "HttpTimeoutSeconds": ["0", "21", "-1", "ten", "nan"],
    "MessageNamespace": ["-shop", "/shop", "a b", "x" * 201, "größe"],
    "SendConcurrency": ["0", "1", "11", "2000", "-4", "many"],
    "CheckConcurrency": ["-1", "many", "nan", "100000"],
    "RetryBaseSeconds": ["0", "901", "nan"],
    "RetryMaxSeconds": ["0", "3601"],
    "MaxAttempts": ["0", "101", "ten"],
    "StoreText": ["yes", "True", ""],
    "KmsKeyArn": [
        "key",
        "alias/kobo",
        "arn:aws:kms:eu-west-1:123456789012:alias/kobo",
        "arn:aws:kms:eu-west-1:1:key/a",
    ],
    "KeepRecordsDays": ["29", "0", "4000"],
    "ProtectTable": ["yes", ""],
    "LowCredit": ["-1", "nan", "much"],
    "CriticalCredit": ["-0.01", "nan"],
    "AlertEmail": ["nobody", "a@b@c", "a @b.c", "@", "ada@example.com, bob@example.com"],
    "CreditSchedule": [
        "",
        "1 minute",
        "rate(minute)",
        "rate(0 minutes)",
        "rate(1 second)",
        "cron(* * *)",
        "rate(1 minute",
        "at(x)",
    ],
    "ReportSchedule": ["every minute", "rate()", "cron()", "cron(0/2 * * * ?)"],
    "ReportShards": ["0", "3", "16"],
    "FirstReportAfterSeconds": ["-1", "3001", "soon"],
    "GiveUpReportsAfterHours": ["0", "337"],
    "TimeZone": ["", "+01:00", "1", "Africa Lagos"],
    "BulkQuietHours": ["20:00", "8:00-20:00", "20:00-20:00", "24:00-08:00"],
    "FindByNumber": ["no", ""],
}
SENSE = {
    "KoboBaseUrl": ["https://kobomobile.net/api", "https://127.0.0.1:8025/api/"],
    "DefaultSenderId": ["A", "Shop & Co.", "2348030100001", "1234567890123456"],
    "DefaultRegion": ["NG", "GB", "NO"],
    "MessageNamespace": ["", "shop", "123456789012/eu-west-1/shop_2.0"],
    "LowCredit": ["0", "0.5", "1000000"],
    "AlertEmail": ["", "ada@example.com"],
    "CreditSchedule": [
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(1 hour)",
        "cron(0/2 * * * ? *)",
        "cron(0 8-18 ? * MON-FRI *)",
    ],
    "TimeZone": ["UTC", "Africa/Lagos", "America/Argentina/Buenos_Aires", "Etc/GMT+1"],
}


def rows() -> dict[str, tuple[str, str, str]]:
    return {
        name: (default, what, when)
        for name, default, what, when in ROW.findall((ROOT / "docs/settings.md").read_text())
    }


def test_the_settings_page_has_every_parameter_with_its_default() -> None:
    defaults = {name: default for name, (default, _, _) in rows().items()}
    assert defaults == {name: str(each["Default"]) for name, each in PARAMETERS.items()}


@pytest.mark.parametrize("name", PARAMETERS)
def test_it_says_what_each_is_for_and_when_to_change_it(name: str) -> None:
    _, what, when = rows()[name]
    assert len(what) > 20
    assert len(when) > 5


def test_each_parameter_is_met_with_nonsense() -> None:
    assert NONSENSE.keys() == PARAMETERS.keys()


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in NONSENSE.items() for value in values])
def test_nonsense_is_refused_with_its_name(name: str, value: str) -> None:
    with pytest.raises(LocalStackError, match=f"^parameter {name}: "):
        settle(PARAMETERS, {name: value})


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in SENSE.items() for value in values])
def test_what_makes_sense_is_taken(name: str, value: str) -> None:
    assert settle(PARAMETERS, {name: value})[name] == value


@pytest.mark.parametrize("name", [name for name, each in PARAMETERS.items() if "AllowedPattern" in each])
def test_what_a_pattern_refuses_is_told_in_words(name: str) -> None:
    """CloudFormation says the pattern itself unless there is a description, which it puts behind the name."""
    assert PARAMETERS[name]["ConstraintDescription"].startswith("must ")
    # As Java and Python read them the same: no flags, no named groups, no possessive quantifiers.
    assert not re.search(r"\(\?[^:=!]|[*+?]\+", PARAMETERS[name]["AllowedPattern"])


def test_the_regions_are_those_that_libphonenumber_knows() -> None:
    assert set(PARAMETERS["DefaultRegion"]["AllowedValues"]) == phonenumbers.SUPPORTED_REGIONS


@pytest.mark.parametrize("value", [*NONSENSE["DefaultSenderId"], *SENSE["DefaultSenderId"]])
def test_a_default_sender_is_what_a_request_may_say(value: str) -> None:
    allowed = re.fullmatch(PARAMETERS["DefaultSenderId"]["AllowedPattern"], value) is not None
    assert allowed is (re.fullmatch(SENDER_PATTERN, value) is not None)


def test_a_report_is_asked_for_before_it_is_given_up() -> None:
    latest = PARAMETERS["FirstReportAfterSeconds"]["MaxValue"]
    assert latest < PARAMETERS["GiveUpReportsAfterHours"]["MinValue"] * 3600
