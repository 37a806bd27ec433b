"""Many calls under way when the password changes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.kobomobile.answers import Accepted, Refused, SendAnswer
from kobo_sms.kobomobile.client import Credentials, KoboClient
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import Request

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack

CALLS = 50


@pytest.mark.parametrize("rotated", [True, False])
def test_fifty_calls_refused_at_once_fetch_the_secret_once(
    aws: Stack, kobo: MockControl, clients: dict[str, Any], rotated: bool
) -> None:
    credentials = Credentials(clients["watched secretsmanager"], aws.names["Credentials"])
    client = KoboClient(kobo.base_url, credentials, timeout=10, connections=CALLS)
    client.log_in()
    kobo.set_account(password="rotated-horse-8")
    if rotated:
        aws.set_login(password="rotated-horse-8")
    start = threading.Barrier(CALLS)

    def send(at: int) -> SendAnswer:
        part = Part(Request(f"order-{at}", (f"23480301000{at:02d}",), "Hello"), 1.8e9)
        start.wait()
        return client.send(part, sender="Kobo")

    with ThreadPoolExecutor(CALLS) as pool:
        answers = list(pool.map(send, range(CALLS)))
    client._pool.close()
    assert {type(answer) for answer in answers} == {Accepted if rotated else Refused}
    assert len(kobo.messages) == (CALLS if rotated else 0)
    assert len(aws.calls.of("secretsmanager.GetSecretValue")) == 2
    # Each call was repeated at the most once; for the login that is as bad as before, one of them was.
    assert len(kobo.list_calls(endpoint="send")) <= (2 * CALLS if rotated else CALLS + 1)
