"""The login: fetched when it is first wanted, and afresh when KoboMobile refuses it, but not by everybody at once."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from kobo_sms.errors import ConfigurationError
from kobo_sms.kobomobile.client import Credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

OLD, NEW, NEWEST = ("shop", "old-1"), ("shop", "new-2"), ("shop", "newest-3")
DOWN = (ClientError({"Error": {"Code": "Down"}}, "GetSecretValue"), EndpointConnectionError(endpoint_url="x"))


@dataclass
class Vault:
    """Secrets Manager with one secret, and a clock; both let other threads go on before they answer."""

    text: str = json.dumps({"user": OLD[0], "pass": OLD[1]})
    fetched: int = 0
    fault: Exception | None = None
    now: float = 1000.0

    def put(self, login: tuple[str, str]) -> None:
        self.text = json.dumps({"user": login[0], "pass": login[1]})

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803
        assert SecretId == "arn"
        self.fetched += 1
        for _ in range(50):
            time.sleep(0)
        if self.fault is not None:
            raise self.fault
        return {"SecretString": self.text}

    def clock(self) -> float:
        time.sleep(0)
        return self.now


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def credentials(vault: Vault) -> Credentials:
    return Credentials(cast("SecretsManagerClient", vault), "arn", vault.clock)


def test_the_secret_is_fetched_once(vault: Vault, credentials: Credentials) -> None:
    assert [credentials.current() for _ in range(3)] == [OLD] * 3
    assert vault.fetched == 1


def test_after_a_refusal_it_is_fetched_afresh_and_kept(vault: Vault, credentials: Credentials) -> None:
    credentials.current()
    vault.put(NEW)
    assert credentials.after_refusal(OLD) == NEW
    assert credentials.current() == NEW
    assert vault.fetched == 2


def test_the_same_login_is_worth_one_more_try(vault: Vault, credentials: Credentials) -> None:
    credentials.current()
    assert credentials.after_refusal(OLD) == OLD


def test_refused_again_within_seconds_nothing_is_fetched(vault: Vault, credentials: Credentials) -> None:
    credentials.current()
    credentials.after_refusal(OLD)
    for _ in range(4):
        vault.now += 1.2
        assert credentials.after_refusal(OLD) is None
    assert vault.fetched == 2
    vault.now += 0.3
    vault.put(NEW)
    assert credentials.after_refusal(OLD) == NEW


def test_what_another_thread_has_fetched_is_used_without_a_fetch(vault: Vault, credentials: Credentials) -> None:
    credentials.current()
    vault.put(NEW)
    assert [credentials.after_refusal(OLD) for _ in range(5)] == [NEW] * 5
    assert vault.fetched == 2
    # Refused in its turn it is fetched as seldom.
    vault.put(NEWEST)
    assert credentials.after_refusal(NEW) is None
    vault.now += 5
    assert credentials.after_refusal(NEW) == NEWEST


def test_fifty_threads_of_a_cold_start_fetch_once(vault: Vault, credentials: Credentials) -> None:
    start = threading.Barrier(50)

    def log_in(_: int) -> tuple[str, str]:
        start.wait()
        return credentials.current()

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(log_in, range(50))) == {OLD}
    assert vault.fetched == 1


@pytest.mark.parametrize("rotated", [True, False])
def test_fifty_threads_refused_at_once_fetch_once(vault: Vault, credentials: Credentials, rotated: bool) -> None:
    credentials.current()
    start = threading.Barrier(50)
    if rotated:
        vault.put(NEW)

    def be_refused(_: int) -> tuple[str, str] | None:
        start.wait()
        return credentials.after_refusal(OLD)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(be_refused, range(50)))
    assert vault.fetched == 2
    assert answers.count(NEW if rotated else OLD) == (50 if rotated else 1)


@pytest.mark.parametrize("fault", DOWN)
def test_with_secrets_manager_down_there_is_nothing_to_try(
    vault: Vault, credentials: Credentials, fault: Exception
) -> None:
    credentials.current()
    vault.fault = fault
    assert credentials.after_refusal(OLD) is None
    assert credentials.after_refusal(OLD) is None
    assert vault.fetched == 2
    # What worked until now is not forgotten, and asked for again later.
    assert credentials.current() == OLD
    vault.fault, vault.now = None, vault.now + 5
    vault.put(NEW)
    assert credentials.after_refusal(OLD) == NEW


@pytest.mark.parametrize("fault", DOWN)
def test_without_any_login_the_error_passes_through(vault: Vault, credentials: Credentials, fault: Exception) -> None:
    vault.fault = fault
    with pytest.raises(type(fault)):
        credentials.current()
    vault.fault = None
    assert credentials.current() == OLD


@pytest.mark.parametrize("text", ["", "{}", '{"user": "shop"}', "[1]", '"old-1"', "shop:old-1"])
def test_a_secret_of_another_form_is_not_repeated(vault: Vault, credentials: Credentials, text: str) -> None:
    vault.text = text
    with pytest.raises(ConfigurationError) as caught:
        credentials.current()
    assert "old-1" not in repr(caught.value)
    assert caught.value.__suppress_context__
    vault.put(OLD)
    credentials.current()
    vault.text = text
    assert credentials.after_refusal(OLD) is None
    assert credentials.current() == OLD
