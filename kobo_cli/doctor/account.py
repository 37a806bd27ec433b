"""Whether the stack can log in at KoboMobile, and is let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from kobo_cli.doctor.findings import Finding, fail, ok, warn
from kobo_cli.doctor.patient import Patient
from kobo_sms.credit.wording import amount
from kobo_sms.errors import ConfigurationError, UnreadableBalance
from kobo_sms.kobomobile.answers import Lost, Refused, Unreachable
from kobo_sms.kobomobile.client import Credentials, KoboClient

SECRET, KOBOMOBILE = "secret", "kobomobile"
# What template.yaml puts there.
NOT_SET = "not-set-yet"
_SET = 'put your account into it: {"user": "...", "pass": "..."} (README, Deploy)'
_SECONDS = 20.0
Asked = Decimal | Refused | Lost | Unreachable


def look_at_secret(patient: Patient) -> Iterator[Finding]:
    """Read the secret as the functions do."""
    try:
        user, _ = _credentials(patient).current()
    except ConfigurationError as error:
        yield fail(SECRET, str(error), _SET)
        return
    yield fail(SECRET, "it was never set", _SET) if user == NOT_SET else ok(SECRET, "set, and of the agreed form")


def ask_for_credit(patient: Patient) -> Asked | UnreadableBalance:
    """Ask credit/ once, from this machine."""
    url = patient.connection.variables["KOBO_BASE_URL"].rstrip("/")
    try:
        return KoboClient(url, _credentials(patient), timeout=_SECONDS, connections=1).credit()
    except UnreadableBalance as error:
        return error


def look_at_kobomobile(
    patient: Patient, ask: Callable[[Patient], Asked | UnreadableBalance] = ask_for_credit
) -> Iterator[Finding]:
    """Ask for the balance."""
    try:
        answer = ask(patient)
    except ConfigurationError:
        yield fail(KOBOMOBILE, "not asked, as there is no login", "see the secret")
        return
    if isinstance(answer, Decimal):
        yield _of_balance(patient, answer)
    elif isinstance(answer, UnreadableBalance):
        yield fail(KOBOMOBILE, f"credit/ answers no balance: {answer}", "report it as an error of this software")
    elif isinstance(answer, Refused):
        yield fail(
            KOBOMOBILE, f"credit/ answers {answer.label}", "correct the secret, or ask KoboMobile about the account"
        )
    else:
        yield fail(
            KOBOMOBILE, f"credit/ does not answer: {answer.label}", "is the network up here? else ask KoboMobile"
        )


def _of_balance(patient: Patient, balance: Decimal) -> Finding:
    low = Decimal(patient.parameters.get("LowCredit", "0"))
    told = f"answers from here; the balance is {amount(balance)}"
    return warn(KOBOMOBILE, f"{told}, below LowCredit", "top up") if balance < low else ok(KOBOMOBILE, told)


def _credentials(patient: Patient) -> Credentials:
    return Credentials(patient.client("secretsmanager"), patient.connection.variables["KOBO_SECRET_ARN"])
