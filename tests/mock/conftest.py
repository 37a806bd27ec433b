"""What the tests of the mock share."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3

from mock_kobo.control_client import MockControl

# Magic recipients take the rest of the block 2348030009xxx; these are ordinary ones.
FIRST, SECOND = "2348030100001", "2348030100002"
LOGIN = {"user": "demo", "pass": "demo-pass"}


@pytest.fixture(scope="session")
def http() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(num_pools=4, maxsize=16, retries=False, timeout=10) as pool:
        yield pool


@pytest.fixture
def post(mock_kobo: MockControl, http: urllib3.PoolManager) -> Callable[..., urllib3.BaseHTTPResponse]:
    """POST a form to an endpoint, with the default login unless another is given; None leaves a parameter out."""

    def send(endpoint: str, *, timeout: float = 10, **parameters: str | None) -> urllib3.BaseHTTPResponse:
        given = {name: value for name, value in (LOGIN | parameters).items() if value is not None}
        url = f"{mock_kobo.base_url}/{endpoint}/"
        return http.request("POST", url, fields=given, encode_multipart=False, timeout=timeout)

    return send


@pytest.fixture
def answer(post: Callable[..., urllib3.BaseHTTPResponse]) -> Callable[..., str]:
    """Call an endpoint and return the body of its answer."""

    def call(endpoint: str, **parameters: str | None) -> str:
        response = post(endpoint, **parameters)
        assert response.status == 200
        return response.data.decode()

    return call


@pytest.fixture
def send(answer: Callable[..., str]) -> Callable[..., str]:
    """Call send/ with what it needs, and with what is given in place of that; return the answer."""

    def call(**parameters: str | None) -> str:
        return answer("send", **({"from": "KOBO", "to": FIRST, "msg": "Hello"} | parameters))

    return call


@pytest.fixture
def wait_until() -> Callable[[Callable[[], Any]], None]:
    """Wait until a condition holds, at most 10 seconds."""

    def wait(condition: Callable[[], Any]) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, "waited 10 seconds in vain"
            time.sleep(0.01)

    return wait
