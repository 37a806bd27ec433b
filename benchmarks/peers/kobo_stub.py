"""KoboMobile for the benchmark: send/ by the mock's own rules and faults on a thin server, without its store and pages;
report/ says that all is delivered.

    python -m benchmarks.peers.kobo_stub

The mock (mock_kobo) takes about ten times the processor for an answer, and would be what is measured. Kannel asks with
GET, which KoboMobile refuses; here both are taken. `POST /_stub/begin` with `latency` (seconds) and `losing` (the share
of the answers that is lost after the SMS was executed) starts a run, `GET /_stub/run` tells what came of it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.peers.http_server import HttpAnswer, HttpRequest, serve
from mock_kobo.errors import RefusedError
from mock_kobo.rules.dialect import Dialect, word_pairs
from mock_kobo.rules.faults import AFTER, Fault, FaultBook
from mock_kobo.rules.parameters import SendRequest, read_parameters, read_send
from mock_kobo.rules.scenarios import DELIVERED, MAGIC_ANSWERS

USER, PASSWORD = "bench", "bench-pass"


@dataclass
class SendRun:
    """One run: its latency and faults, and what was asked and executed; `texts` counts each recipient and text."""

    latency: float = 0.0
    faults: FaultBook = field(default_factory=FaultBook)
    calls: int = 0
    lost: int = 0
    refused: int = 0
    texts: Counter[tuple[str, str]] = field(default_factory=Counter)
    executed: int = 0
    last_at: float = 0.0

    def told(self) -> dict[str, float]:
        """Return the run in figures; `last_at` by the machine's monotonic clock."""
        return {
            "calls": self.calls,
            "lost": self.lost,
            "refused": self.refused,
            "executed": self.executed,
            "different": len(self.texts),
            "last_at": self.last_at,
        }


class KoboStub:
    """One account that never runs out of credit."""

    def __init__(self) -> None:
        self._dialect = Dialect()
        self._run = SendRun()
        self._answers: dict[str, str] = {}
        self._ids = 0

    def respond(self, request: HttpRequest) -> HttpAnswer:
        """Answer a call of KoboMobile, or of the benchmark."""
        path, _, query = request.target.partition("?")
        if path == "/api/send/":
            return self._respond_send(query.encode("latin-1"), request.body)
        if path == "/api/report/":
            return HttpAnswer(DELIVERED.encode(), delay=self._run.latency)
        if path == "/_stub/begin":
            self._begin(**json.loads(request.body))
        return HttpAnswer(json.dumps(self._run.told()).encode(), content_type="application/json")

    def _begin(self, latency: float, losing: float) -> None:
        self._run, self._answers = SendRun(latency), {}
        if losing:
            self._run.faults.add(Fault(endpoint="send", kind="reset", when=AFTER, probability=losing, seed=1))

    def _respond_send(self, query: bytes, body: bytes) -> HttpAnswer:
        run = self._run
        run.calls += 1
        try:
            parameters = read_parameters(query, body)
            fault = run.faults.take("send", parameters)
            answer = self._send(parameters)
        except RefusedError as refused:
            run.refused += 1
            return HttpAnswer(refused.token.encode(), delay=run.latency)
        run.lost += fault is not None
        return HttpAnswer(answer.encode(), delay=run.latency, lost=fault is not None)

    def _send(self, parameters: dict[str, str]) -> str:
        if (parameters.get("user"), parameters.get("pass")) != (USER, PASSWORD):
            raise RefusedError("error_user", "no account has this user and password")
        asked = read_send(parameters, self._dialect)
        if asked.uuid is not None and asked.uuid in self._answers:
            return self._answers[asked.uuid]
        if asked.bad_numbers:
            raise RefusedError("error_limit", "a number is in no international format")
        for number in asked.numbers:
            if number in MAGIC_ANSWERS:
                raise RefusedError(MAGIC_ANSWERS[number], "a magic recipient")
        return self._execute(asked)

    def _execute(self, asked: SendRequest) -> str:
        run = self._run
        run.texts.update((number, asked.msg) for number in asked.numbers)
        run.executed += len(asked.numbers)
        run.last_at = time.monotonic()
        text = word_pairs({number: self._new_id() for number in asked.numbers}, self._dialect)
        text = text if asked.want_ids else "sent"
        if asked.uuid is not None:
            self._answers[asked.uuid] = text
        return text

    def _new_id(self) -> str:
        # As long as a UUID, which is what the answer's readers take most.
        self._ids += 1
        return f"{self._ids:08x}-0000-4000-8000-000000000000"


if __name__ == "__main__":
    asyncio.run(serve(KoboStub().respond))
