"""The account's item and the readings beside it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kobo_sms.credit.alerts import Alert, AlertState, Track
from kobo_sms.credit.forecast import Hour, Reading, Usage
from kobo_sms.credit.store import Account, Pending
from kobo_sms.table import SCHEMA

if TYPE_CHECKING:
    from tests.integration.valve.conftest import Room

NOW = 1_800_000_000.125
ACCOUNT = Account(
    checked_at=NOW,
    answer="balance",
    unanswered_since=NOW - 60,
    usage=Usage({500_000: Hour(Decimal("1.5"), Decimal(600))}, Reading(NOW, Decimal("99.99"))),
    alerts=AlertState(Track("low", NOW - 5, NOW - 5, 1), Track()),
    pending=(
        Pending("credit-low-1", Alert("low", "credit", "ok", NOW - 5), NOW + 95),
        Pending("fault-gateway-1", Alert("gateway", "fault", "gateway", NOW, reminder=True), NOW, repeated=True),
    ),
    low=Decimal(5000),
    critical=Decimal("0.5"),
)


def test_before_the_first_check_nothing_is_known(room: Room) -> None:
    assert room.account.read() == Account()


def test_every_field_of_the_account_reads_back(room: Room) -> None:
    assert room.account.write(ACCOUNT) == replace(ACCOUNT, version=1)
    assert room.account.read() == replace(ACCOUNT, version=1)
    plain = Account(NOW, "error_user", version=1)
    assert room.account.write(plain)
    assert room.account.read() == replace(plain, version=2)


@pytest.mark.parametrize("version", [0, 1])
def test_of_two_writers_of_one_version_one_wins(room: Room, version: int) -> None:
    if version:
        assert room.account.write(Account(answer="first"))
    assert room.account.write(replace(ACCOUNT, version=version))
    assert room.account.write(Account(answer="late", version=version)) is None
    assert room.account.read() == replace(ACCOUNT, version=version + 1)


def test_a_reading_is_kept_for_as_long_as_records_are(room: Room) -> None:
    room.account.record_balance(Decimal("12.50"), now=NOW)
    (item,) = room.stack.everything()
    assert item == {
        "id": "~credit",
        "part": "1800000000.125",
        "balance": Decimal("12.50"),
        "expires": int(NOW) + 30 * 86_400,
        "schema": SCHEMA,
    }
