"""State in memory and in a file."""

import sqlite3
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from mock_kobo.app import create_app
from mock_kobo.errors import StateError
from mock_kobo.mock import EXTENSION, Mock

SMS = {"user": "me", "pass": "secret", "from": "KOBO", "to": "2348030100001", "msg": "Hi", "message_uuid": "u-1"}


def _open(path: Path | None) -> tuple[FlaskClient, Mock]:
    app = create_app(path)
    mock: Mock = app.extensions[EXTENSION]
    return app.test_client(), mock


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    client, mock = _open(tmp_path / "state.db")
    client.put("/_mock/account", json={"user": "me", "pass": "secret", "page_price": 2.5, "balance": 50})
    client.put("/_mock/dialect", json={"id_format": "hex8", "report_words": {"PROCESSED": "ENROUTE"}})
    client.post("/_mock/clock", json={"advance_seconds": 3600, "frozen": True, "delivery_seconds": [3, 4]})
    body = client.post("/api/send/", data=SMS | {"enable_msg_id": "1"}).data
    paths = ("messages", "calls", "account", "dialect", "clock")
    before = {path: client.get(f"/_mock/{path}").json for path in paths}
    mock.close()

    client, mock = _open(tmp_path / "state.db")
    assert {path: client.get(f"/_mock/{path}").json for path in paths} == before
    assert client.post("/api/send/", data=SMS | {"enable_msg_id": "1"}).data == body
    assert client.post("/api/credit/", data=SMS).data == b"47.50"
    assert client.post("/api/send/", data=SMS | {"message_uuid": "u-2"}).data == b"sent"
    assert len({sms["msgid"] for sms in client.get("/_mock/messages").json or []}) == 2
    mock.close()


def test_the_balance_survives_even_if_only_it_moved(tmp_path: Path) -> None:
    client, mock = _open(tmp_path / "state.db")
    client.put("/_mock/account", json={"balance": 7})
    mock.close()
    client, mock = _open(tmp_path / "state.db")
    assert (client.get("/_mock/account").json or {})["balance"] == 7
    mock.close()


def test_without_a_file_nothing_stays() -> None:
    client, mock = _open(None)
    client.put("/_mock/account", json={"balance": 7})
    mock.close()
    client, mock = _open(None)
    assert (client.get("/_mock/account").json or {})["balance"] == 100_000
    mock.close()


def test_two_mocks_do_not_share_a_file(tmp_path: Path) -> None:
    _, mock = _open(tmp_path / "state.db")
    with pytest.raises(StateError, match="locked"):
        _open(tmp_path / "state.db")
    mock.close()


def test_a_file_of_something_else(tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other.db"
    text.write_text("not a database, but long enough to be looked at as one" * 20)
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()
    for path in (text, other):
        with pytest.raises(StateError):
            _open(path)


def test_a_refused_call_leaves_nothing_behind(tmp_path: Path) -> None:
    client, mock = _open(tmp_path / "state.db")
    client.put("/_mock/account", json={"user": "me", "pass": "secret", "balance": 1})
    assert client.post("/api/send/", data=SMS).data == b"error_credit"
    counts = [mock.store.row(f"SELECT count(*) FROM {table}") for table in ("sends", "messages", "phones", "uuids")]
    assert counts == [(0,)] * 4
    mock.close()
