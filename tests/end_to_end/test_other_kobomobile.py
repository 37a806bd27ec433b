"""A stack pointed at a KoboMobile that is not our mock: bare answers from a few lines of the standard library."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from rich.console import Console

from kobo_cli.commands.send import wait_for
from kobo_cli.connection import local_connection
from local_aws.stack import running_stack

TOLD: list[tuple[str, dict[str, list[str]]]] = []


class Gateway(BaseHTTPRequestHandler):
    """Accepts everything, and delivers at once."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        fields = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        TOLD.append((self.path, fields))
        ids = "~".join(f"{number},{number[-8:]}" for number in fields.get("to", [""])[0].split(","))
        answer = {"/v1/send/": ids, "/v1/credit/": '"1,234.50"', "/v1/report/": "DELIVRD err:000"}[self.path].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Stay silent."""


@pytest.fixture
def gateway() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_stack_works_with_another_server(gateway: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOBO_USER", "shop")
    monkeypatch.setenv("KOBO_PASS", "shop-pass")
    with running_stack(kobo_url=gateway, every=0.5, directory=tmp_path / ".kobo") as stack:
        assert stack.mock_url is None
        connection = local_connection(stack.environment)
        stack.clients.sqs.send_message(
            QueueUrl=stack.environment["KOBO_PRIORITY_QUEUE_URL"],
            MessageBody='{"id": "elsewhere", "to": "+2348030100001", "msg": "Hello"}',
        )
        status = wait_for(connection, "elsewhere", 60, Console(quiet=True))
    assert status["counts"] == {"delivered": 1}
    sent = [fields for path, fields in TOLD if path == "/v1/send/"]
    assert [(each["user"], each["pass"], each["to"]) for each in sent] == [(["shop"], ["shop-pass"], ["2348030100001"])]
