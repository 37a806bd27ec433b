"""An SQS that refuses some entries of a batch, as AWS's does when it is busy; all else it passes on to the stack's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

BUSY = {"Code": "ServiceUnavailable", "Message": "try again", "SenderFault": False}
HOPELESS = {"Code": "InvalidMessageContents", "Message": "never", "SenderFault": True}


class RefusingSqs:
    """Refuses the last entry of each batch once; an entry that holds `hopeless` always, and as the sender's fault.

    `batches` has the bodies of each SendMessageBatch that came, `sqs` is a client that has the producer's permissions.
    """

    hopeless = "hopeless"

    def __init__(self, sqs: Any) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self._sqs = sqs
        self._refused: set[str] = set()

    def answer(self, action: str, asked: dict[str, Any]) -> Any:
        """Return the answer to a call. Raises ClientError as the stack's SQS says."""
        if action != "SendMessageBatch":
            return self._pass_on(action, asked)
        entries = asked["Entries"]
        self.batches.append([json.loads(entry["MessageBody"]) for entry in entries])
        failed = [{"Id": entry["Id"], **why} for entry in entries if (why := self._refusal(entry, entries[-1]))]
        taken = [entry for entry in entries if entry["Id"] not in {each["Id"] for each in failed}]
        answer = self._pass_on(action, asked | {"Entries": taken}) if taken else {"Successful": []}
        return answer | {"Failed": failed + answer.get("Failed", [])}

    def _refusal(self, entry: dict[str, Any], last: dict[str, Any]) -> dict[str, Any] | None:
        body = entry["MessageBody"]
        if self.hopeless in body:
            return HOPELESS
        if entry is not last or body in self._refused:
            return None
        self._refused.add(body)
        return BUSY

    def _pass_on(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self._sqs, xform_name(action))(**asked)
        answer.pop("ResponseMetadata")
        return answer


@contextmanager
def serving(sqs: RefusingSqs) -> Iterator[str]:
    """Serve it and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, answer = 200, sqs.answer(self.headers["X-Amz-Target"].rpartition(".")[2], asked)
            except ClientError as error:
                code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
                status, answer = 400, {"__type": code, "message": message}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
