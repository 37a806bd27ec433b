from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from kobo_sms.composition import settings
from kobo_sms.errors import ConfigurationError
from kobo_sms.messages.lanes import Lane
from kobo_sms.reports.settings import ReportSettings
from kobo_sms.sending.settings import SendSettings
from local_aws.template.source import load

ROOT = Path(__file__).parents[3]
KOBO = {"KOBO_BASE_URL": "http://127.0.0.1/api/", "KOBO_SECRET_ARN": "arn", "HTTP_TIMEOUT_SECONDS": "10"}
SEND = {
    "KOBO_PRIORITY_QUEUE_URL": "http://127.0.0.1/priority",
    "KOBO_BULK_QUEUE_URL": "http://127.0.0.1/bulk",
    "KOBO_DEAD_LETTER_QUEUE_URL": "http://127.0.0.1/dead",
    "DEFAULT_SENDER_ID": "KoboSMS",
    "DEFAULT_REGION": "NG",
    "CALLS_AT_ONCE": "2",
    "HTTP_TIMEOUT_SECONDS": "10",
    "RETRY_BASE_SECONDS": "5",
    "RETRY_MAX_SECONDS": "900",
    "MAX_ATTEMPTS": "12",
    "FIRST_REPORT_AFTER_SECONDS": "120",
    "STACK_NAME": "kobo",
}
CREDIT = {
    "STACK_NAME": "kobo",
    "LOW_CREDIT": "5000",
    "CRITICAL_CREDIT": "999.50",
    "KOBO_TOPIC_ARN": "arn:topic",
    "SEND_SMS_FUNCTION": "send-sms",
    "PRIORITY_MAPPING": "uuid-1",
    "BULK_MAPPING": "uuid-2",
    "KOBO_PRIORITY_QUEUE_URL": "http://127.0.0.1/priority",
    "KOBO_BULK_QUEUE_URL": "http://127.0.0.1/bulk",
}
STORE = {"KOBO_TABLE": "messages", "KEEP_RECORDS_DAYS": "30"}
REPORTS = {"FIRST_REPORT_AFTER_SECONDS": "120", "GIVE_UP_REPORTS_AFTER_HOURS": "72", "REPORT_SHARDS": "4"}
READERS: list[tuple[Callable[[Mapping[str, str]], object], dict[str, str]]] = [
    (settings.read_kobo, KOBO),
    (settings.read_send, SEND),
    (settings.read_credit, CREDIT),
    (settings.read_store, STORE),
    (settings.read_reports, REPORTS),
]
EACH = [(read, env, name) for read, env in READERS for name in env]


PATTERN = re.compile(load(ROOT / "template.yaml")["Parameters"]["KoboBaseUrl"]["AllowedPattern"])
SAFE = [
    "https://kobomobile.net/api",
    "https://kobomobile.net:8443/api/",
    "https://10.0.0.7",
    "http://127.0.0.1:8025/api",
    "http://127.3.2.1/api",
    "http://localhost/api",
    "http://[::1]:8025/api",
]
UNSAFE = [
    "http://kobomobile.net/api",
    "http://10.0.0.7/api",
    "http://0.0.0.0/api",
    "http://127.0.0.1.example.com/api",
    "http://127.0.0.1@example.com/api",
    "http://localhost.example.com/api",
    "http://localhost:pass@example.com/api",
    "http://localhost@example.com",
    "http://[::2]/api",
    "http://127.1/api",
    "https://user:pass@example.com/api",
    "https:///api",
    "ftp://127.0.0.1/api",
    "kobomobile.net/api",
    "https://kobomobile.net/api?pass=x",
]


@pytest.mark.parametrize("url", SAFE)
def test_a_password_goes_over_tls_or_nowhere_else_than_here(url: str) -> None:
    assert PATTERN.fullmatch(url)
    assert settings.read_kobo(KOBO | {"KOBO_BASE_URL": url}).base_url == url.rstrip("/")


@pytest.mark.parametrize("url", UNSAFE)
def test_an_address_to_which_a_password_would_go_in_clear_is_refused(url: str) -> None:
    assert not PATTERN.fullmatch(url)
    with pytest.raises(ConfigurationError, match="KOBO_BASE_URL") as caught:
        settings.read_kobo(KOBO | {"KOBO_BASE_URL": url})
    assert "pass" not in str(caught.value).replace("the password", "")


@pytest.mark.parametrize("url", ["https://[::1/api", "https://kobomobile.net:x/api"])
def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ConfigurationError, match="KOBO_BASE_URL is no address"):
        settings.read_kobo(KOBO | {"KOBO_BASE_URL": url})


@pytest.mark.parametrize(("read", "env", "name"), EACH)
@pytest.mark.parametrize("empty", [True, False])
def test_what_is_missing_is_named(
    read: Callable[[Mapping[str, str]], object], env: dict[str, str], name: str, empty: bool
) -> None:
    rest = {key: value for key, value in env.items() if key != name} | ({name: ""} if empty else {})
    with pytest.raises(ConfigurationError, match=f"{name} is missing"):
        read(rest)


@pytest.mark.parametrize("value", ["ten", "nan", "inf", "-1", "1,000", ""])
@pytest.mark.parametrize(("read", "env", "name"), [row for row in EACH if row[1][row[2]].isdigit()])
def test_what_is_not_a_number_is_named(
    read: Callable[[Mapping[str, str]], object], env: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is (not a number from 0 on|missing or empty)"):
        read(env | {name: value})


@pytest.mark.parametrize(
    ("read", "env", "changes", "told"),
    [
        (settings.read_send, SEND, {"RETRY_MAX_SECONDS": "4"}, "RETRY_MAX_SECONDS is below RETRY_BASE_SECONDS"),
        (settings.read_credit, CREDIT, {"LOW_CREDIT": "999"}, "LOW_CREDIT is below CRITICAL_CREDIT"),
    ],
)
def test_two_values_that_make_no_sense_together_are_named(
    read: Callable[[Mapping[str, str]], object], env: dict[str, str], changes: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read(env | changes)


def test_a_threshold_that_is_switched_off_lies_below_none() -> None:
    assert settings.read_credit(CREDIT | {"LOW_CREDIT": "0"}).low == 0
    assert settings.read_credit(CREDIT | {"CRITICAL_CREDIT": "0"}).critical == 0


@pytest.mark.parametrize(
    "url",
    [
        "kobomobile.net/api",
        "ftp://kobomobile.net",
        "https://",
        "https:///api",
        "https://kobo:99999/api",
        "https://[::1",
    ],
)
def test_an_address_that_leads_nowhere_is_named(url: str) -> None:
    with pytest.raises(ConfigurationError, match="KOBO_BASE_URL "):
        settings.read_kobo(KOBO | {"KOBO_BASE_URL": url})


def test_kobo_settings() -> None:
    assert settings.read_kobo(KOBO) == settings.KoboSettings("http://127.0.0.1/api", "arn", 10.0)


def test_send_settings() -> None:
    urls = {Lane.PRIORITY: "http://127.0.0.1/priority", Lane.BULK: "http://127.0.0.1/bulk"}
    dead = "http://127.0.0.1/dead"
    expected = SendSettings(urls, dead, "KoboSMS", "NG", 2, 10.0, 5.0, 900.0, 12, 120.0, "kobo")
    assert settings.read_send(SEND) == expected


def test_credit_settings() -> None:
    read = settings.read_credit(CREDIT)
    assert (read.stack, read.low, read.critical) == ("kobo", Decimal(5000), Decimal("999.50"))
    assert read.mappings == {"priority": "uuid-1", "bulk": "uuid-2"}
    assert read.queue_urls == {"priority": "http://127.0.0.1/priority", "bulk": "http://127.0.0.1/bulk"}


def test_store_settings() -> None:
    assert settings.read_store(STORE) == settings.StoreSettings("messages", 30 * 86_400.0, "", False)
    full = STORE | {"DEFAULT_SENDER_ID": "KoboSMS", "STORE_TEXT": "true"}
    assert settings.read_store(full) == settings.StoreSettings("messages", 30 * 86_400.0, "KoboSMS", True)


def test_identity_settings() -> None:
    known = {"FINGERPRINT_KEY": "key", "FORMER_FINGERPRINT_KEY": "former", "MESSAGE_NAMESPACE": "shop"}
    assert settings.read_identity(known) == settings.IdentitySettings("key", "former", "shop")
    assert settings.read_identity(known | {"FORMER_FINGERPRINT_KEY": ""}).former_key is None
    for name in ("FINGERPRINT_KEY", "MESSAGE_NAMESPACE"):
        with pytest.raises(ConfigurationError, match=name):
            settings.read_identity(known | {name: ""})


def test_report_settings() -> None:
    assert settings.read_reports(REPORTS) == ReportSettings(120.0, 72 * 3600.0, 4)
