"""The one reader of the environment: what template.yaml sets for a function."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from kobo_sms.campaigns.settings import CampaignSettings
from kobo_sms.credit.settings import CreditSettings
from kobo_sms.errors import ConfigurationError
from kobo_sms.events.settings import EventSettings
from kobo_sms.kobomobile.base_url import find_problem
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.quiet_hours import QuietHours, read_quiet_hours
from kobo_sms.reports.settings import ReportSettings
from kobo_sms.sending.settings import SendSettings

T = TypeVar("T")


@dataclass(frozen=True)
class KoboSettings:
    """Where KoboMobile is and how long it may take; `base_url` has no trailing slash."""

    base_url: str
    secret_arn: str
    http_timeout: float


@dataclass(frozen=True)
class StoreSettings:
    """How the table is kept."""

    table: str
    keep_seconds: float
    default_sender: str
    store_text: bool


@dataclass(frozen=True)
class IdentitySettings:
    """By what requests are known again: the keys of their fingerprints (`former_key` is the last release's), and the
    namespace of their message_uuids."""

    fingerprint_key: str
    former_key: str | None
    namespace: str


def read_kobo(env: Mapping[str, str]) -> KoboSettings:
    """Read KOBO_BASE_URL, KOBO_SECRET_ARN and HTTP_TIMEOUT_SECONDS.

    Raises
    ------
    ConfigurationError
        here and below, naming the variable that is missing or makes no sense. Of most the template says so before:
        not of what only two values together show, nor of what no pattern can tell.
    """
    base_url = _text(env, "KOBO_BASE_URL")
    if problem := find_problem(base_url):
        raise ConfigurationError(f"the environment variable KOBO_BASE_URL {problem}")
    return KoboSettings(
        base_url=base_url.rstrip("/"),
        secret_arn=_text(env, "KOBO_SECRET_ARN"),
        http_timeout=_number(env, "HTTP_TIMEOUT_SECONDS", float),
    )


def read_send(env: Mapping[str, str]) -> SendSettings:
    """Read what send_sms is given."""
    _require_ascending(env, "RETRY_BASE_SECONDS", "RETRY_MAX_SECONDS")
    return SendSettings(
        queue_urls=_queue_urls(env),
        dead_letter_queue_url=_text(env, "KOBO_DEAD_LETTER_QUEUE_URL"),
        default_sender=_text(env, "DEFAULT_SENDER_ID"),
        default_region=_text(env, "DEFAULT_REGION"),
        calls_at_once=_number(env, "CALLS_AT_ONCE", int),
        http_timeout=_number(env, "HTTP_TIMEOUT_SECONDS", float),
        retry_base=_number(env, "RETRY_BASE_SECONDS", float),
        retry_max=_number(env, "RETRY_MAX_SECONDS", float),
        max_attempts=_number(env, "MAX_ATTEMPTS", int),
        first_report_after=_number(env, "FIRST_REPORT_AFTER_SECONDS", float),
        stack=_text(env, "STACK_NAME"),
    )


def read_credit(env: Mapping[str, str]) -> CreditSettings:
    """Read what check_credit is given."""
    if _number(env, "LOW_CREDIT", _decimal):
        _require_ascending(env, "CRITICAL_CREDIT", "LOW_CREDIT")
    return CreditSettings(
        stack=_text(env, "STACK_NAME"),
        low=_number(env, "LOW_CREDIT", _decimal),
        critical=_number(env, "CRITICAL_CREDIT", _decimal),
        topic_arn=_text(env, "KOBO_TOPIC_ARN"),
        send_function=_text(env, "SEND_SMS_FUNCTION"),
        mappings={lane: _text(env, f"{lane.name}_MAPPING") for lane in Lane},
        queue_urls=_queue_urls(env),
    )


def read_bulk_quiet_hours(env: Mapping[str, str], warn: Callable[[str], None]) -> QuietHours | None:
    """Read when the bulk lane rests, None if it never does; `warn` is told of a time zone that nobody knows."""
    try:
        return read_quiet_hours(env.get("BULK_QUIET_HOURS", ""), env.get("TIME_ZONE", ""), warn)
    except ValueError as error:
        raise ConfigurationError(f"the environment variable BULK_QUIET_HOURS: {error}") from error


def read_store(env: Mapping[str, str]) -> StoreSettings:
    """Read how the table is kept; what only send_sms writes is empty elsewhere."""
    return StoreSettings(
        table=_text(env, "KOBO_TABLE"),
        keep_seconds=_number(env, "KEEP_RECORDS_DAYS", float) * 86_400,
        default_sender=env.get("DEFAULT_SENDER_ID", ""),
        store_text=env.get("STORE_TEXT", "false") == "true",
    )


def read_identity(env: Mapping[str, str]) -> IdentitySettings:
    """Read FINGERPRINT_KEY, FORMER_FINGERPRINT_KEY and MESSAGE_NAMESPACE."""
    former = env.get("FORMER_FINGERPRINT_KEY") or None
    return IdentitySettings(_text(env, "FINGERPRINT_KEY"), former, _text(env, "MESSAGE_NAMESPACE"))


def read_reports(env: Mapping[str, str]) -> ReportSettings:
    """Read what poll_reports is given."""
    return ReportSettings(
        first_after=_number(env, "FIRST_REPORT_AFTER_SECONDS", float),
        give_up_after=_number(env, "GIVE_UP_REPORTS_AFTER_HOURS", float) * 3600,
        shards=_number(env, "REPORT_SHARDS", int),
    )


def read_events(env: Mapping[str, str]) -> EventSettings:
    """Read what publish_status is given."""
    return EventSettings(
        stack=_text(env, "STACK_NAME"),
        table=_text(env, "KOBO_TABLE"),
        unpublished_queue_url=_text(env, "UNPUBLISHED_QUEUE_URL"),
        find_by_number=_text(env, "FIND_BY_NUMBER") == "true",
    )


def read_campaigns(env: Mapping[str, str]) -> CampaignSettings:
    """Read what queue_campaign is given."""
    return CampaignSettings(
        table=_text(env, "KOBO_TABLE"),
        bucket=_text(env, "KOBO_CAMPAIGNS_BUCKET"),
        queue_urls=_queue_urls(env),
        send_concurrency=_number(env, "SEND_CONCURRENCY", int),
        keep_seconds=_number(env, "KEEP_RECORDS_DAYS", float) * 86_400,
    )


def _queue_urls(env: Mapping[str, str]) -> dict[Lane, str]:
    return {lane: _text(env, f"KOBO_{lane.name}_QUEUE_URL") for lane in Lane}


def _text(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise ConfigurationError(f"the environment variable {name} is missing or empty")
    return value


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None


def _number(env: Mapping[str, str], name: str, kind: Callable[[str], T]) -> T:
    try:
        number = kind(_text(env, name))
        # Neither infinite nor NaN, which is less and more than nothing.
        if not 0 <= float(str(number)) < math.inf:
            raise ValueError(number)
    except ValueError as error:
        raise ConfigurationError(f"the environment variable {name} is not a number from 0 on") from error
    return number


def _require_ascending(env: Mapping[str, str], less: str, more: str) -> None:
    if _number(env, less, float) > _number(env, more, float):
        raise ConfigurationError(f"the environment variable {more} is below {less}")
