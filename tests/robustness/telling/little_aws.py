"""An AWS on a port of this machine, of three operations: what processes of their own reach an Outside by."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.robustness.telling.outside import QUEUE, TABLE, Outside

_METHODS = {"PutEvents": "put_events", "BatchWriteItem": "batch_write_item", "SendMessage": "send_message"}


@contextmanager
def running_aws(outside: Outside) -> Iterator[dict[str, str]]:
    """Serve `outside`; return the environment of a publish_status that works with it."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            answer = json.dumps(getattr(outside, _METHODS[operation])(**asked)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield _environment(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _environment(url: str) -> dict[str, str]:
    aws = {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "eu-west-1"}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    own = {"STACK_NAME": "kobo-sms", "KOBO_TABLE": TABLE, "UNPUBLISHED_QUEUE_URL": f"{url}/{QUEUE}"}
    return {**aws, **keys, **own, "FIND_BY_NUMBER": "true", "POWERTOOLS_METRICS_NAMESPACE": "KoboSms"}
