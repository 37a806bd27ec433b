"""Receivers of status events: one with a queue, one with an HTTP endpoint."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Event = dict[str, Any]


@dataclass
class Receiver:
    """Who gets events; `events` are those that came."""

    events: list[Event] = field(default_factory=list)

    def references(self) -> set[str]:
        return {event["detail"]["reference"] for event in self.events}

    def states(self) -> set[str]:
        return {recipient["state"] for event in self.events for recipient in event["detail"]["recipients"]}


@dataclass
class QueueReceiver(Receiver):
    """A receiver that takes events off a queue of its own."""

    sqs: Any = None
    url: str = ""

    def look(self) -> None:
        """Take what is there."""
        for message in self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            self.events.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


@dataclass
class Webhook(Receiver):
    """A receiver that is called, with a key."""

    key: str = field(default_factory=lambda: secrets.token_hex(8))
    url: str = ""
    refused: int = 0

    @contextmanager
    def listening(self) -> Iterator[Webhook]:
        """Be there to be called."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{server.server_port}/sms"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                known = self.headers["X-Webhook-Key"] == webhook.key
                if known:
                    webhook.events.append(json.loads(body))
                webhook.refused += not known
                self.send_response(204 if known else 401)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                """Stay silent."""

        return Handler
