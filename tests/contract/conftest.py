"""Where the contract is checked: the mock in process, the mock as a server, and any base URL that is given.

KOBO_CONTRACT_URL (such as https://kobomobile.net/api), KOBO_CONTRACT_USER and KOBO_CONTRACT_PASS add a third place.
What could cost money there is skipped unless KOBO_CONTRACT_SPEND is 1; KOBO_CONTRACT_TO is the number it then sends to
and KOBO_CONTRACT_FROM its sender ID.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pytest
import urllib3

from mock_kobo.app import create_app
from mock_kobo.mock import EXTENSION, Mock
from mock_kobo.server import running_mock

GIVEN = "KOBO_CONTRACT_URL"
PLACES = ["in process", "server", *([GIVEN] if os.environ.get(GIVEN) else [])]


class Poster(Protocol):
    def __call__(self, path: str, form: dict[str, str]) -> tuple[int, str]: ...


@dataclass(frozen=True)
class Gateway:
    """A KoboMobile: `call` returns the answer bare, whatever way it is worded."""

    post: Poster
    user: str
    password: str
    recipient: str
    sender: str

    def call(self, endpoint: str, **parameters: str | None) -> str:
        login: dict[str, str | None] = {"user": self.user, "pass": self.password}
        form = {name: value for name, value in (login | parameters).items() if value is not None}
        status, text = self.post(f"{endpoint}/", form)
        assert status == 200
        text = text.strip()
        return str(json.loads(text)) if text.startswith('"') else text

    def send(self, **parameters: str | None) -> str:
        sms: dict[str, str | None] = {"from": self.sender, "to": self.recipient, "msg": "Contract test"}
        return self.call("send", **(sms | parameters))


@pytest.fixture(scope="session", params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def gateway(place: str) -> Iterator[Gateway]:
    demo = ("demo", "demo-pass", "2348030100001", "KOBO")
    if place == "in process":
        app = create_app()
        mock: Mock = app.extensions[EXTENSION]

        def post(path: str, form: dict[str, str]) -> tuple[int, str]:
            response = app.test_client().post(f"/api/{path}", data=form)
            return response.status_code, response.text

        yield Gateway(post, *demo)
        mock.close()
    elif place == "server":
        with running_mock() as server:
            yield Gateway(_over_http(server.base_url), *demo)
    else:
        yield Gateway(_over_http(os.environ[GIVEN].rstrip("/")), *_given_account())


def _over_http(base_url: str) -> Poster:
    pool = urllib3.PoolManager(retries=False, timeout=30)

    def post(path: str, form: dict[str, str]) -> tuple[int, str]:
        response = pool.request("POST", f"{base_url}/{path}", fields=form, encode_multipart=False)
        return response.status, response.data.decode()

    return post


def _given_account() -> tuple[str, str, str, str]:
    user, password = os.environ["KOBO_CONTRACT_USER"], os.environ["KOBO_CONTRACT_PASS"]
    # A number of the mock's, which no phone has, does for what is refused anyway.
    recipient = os.environ.get("KOBO_CONTRACT_TO", "2348030100001")
    return user, password, recipient, os.environ.get("KOBO_CONTRACT_FROM", "KOBO")


@pytest.fixture
def spends(place: str) -> None:
    """Mark a test that could cost money at a real gateway."""
    if place == GIVEN and os.environ.get("KOBO_CONTRACT_SPEND") != "1":
        pytest.skip("it could cost money: set KOBO_CONTRACT_SPEND=1 and KOBO_CONTRACT_TO to run it")
