"""What the account holds, in words, from what check_credit keeps of it: KoboMobile is not asked."""

from __future__ import annotations

from decimal import Decimal

from kobo_cli.connection import Connection
from kobo_cli.reports import credit
from kobo_cli.reports.drawing import Point
from kobo_cli.reports.valve import when
from kobo_sms.credit.store import CreditStore
from kobo_sms.credit.wording import amount

_LATELY = 3600.0


def balance_of(connection: Connection, now: float) -> str:
    """Return the balance as it was last read, and when that was. Errors of AWS pass through."""
    store = CreditStore(connection.dynamodb, connection.variables["KOBO_TABLE"], keep_seconds=0)
    history = [Point(at, balance) for at, balance in store.readings(now - _LATELY, now)]
    report = credit.build(store.read(), history, now)
    if report["balance"] is None:
        return "not known yet: check_credit reads it on its schedule"
    return f"{amount(Decimal(str(report['balance'])))}, read {when(report['read_at'], now)}"
