"""An execution environment: takes events from the engine's Runtime API and has the emulator run the function on each.

`python -m local_aws.lambda_runtime.environment FOLDER TIMEOUT ENDPOINT PYTHON EMULATOR` is what the engine runs as the
bootstrap of a function (`bootstrap`), with the function's environment as its own. It ends when the engine ends it.
"""

import http.client
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from local_aws.lambda_runtime.emulator import Emulator, Function, Outcome, running
from local_aws.lambda_runtime.installed import LambdaRuntime

_API = "/2018-06-01/runtime/invocation"


@dataclass(frozen=True)
class RuntimeApi:
    """The engine's Runtime API, at `HOST:PORT`: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html."""

    address: str

    def next(self) -> tuple[str, bytes]:
        """Wait for an event; return the request's id and the event. Raises RuntimeError when there will be none."""
        status, headers, body = self._ask("GET", "next")
        if status != http.HTTPStatus.OK:
            raise RuntimeError(f"the engine hands out no more events ({status})")
        return headers["Lambda-Runtime-Aws-Request-Id"], body

    def tell(self, request: str, outcome: Outcome) -> None:
        """Tell what became of an event."""
        self._ask("POST", f"{request}/{'error' if outcome.failed else 'response'}", outcome.payload)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
        # No time limit: an environment waits as long as nobody has an event for it.
        connection = http.client.HTTPConnection(self.address)
        try:
            connection.request(method, f"{_API}/{path}", body)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


def main() -> None:
    """Run the function named by the arguments until the engine sends SIGTERM, or is gone."""
    folder, timeout, endpoint, python, emulator = sys.argv[1:]
    signal.signal(signal.SIGTERM, _leave)
    seen = {name: value for name, value in os.environ.items() if name != "AWS_LAMBDA_RUNTIME_API"}
    function = Function(Path(folder), os.environ["_HANDLER"], int(timeout), seen | {"AWS_ENDPOINT_URL": endpoint})
    with running(LambdaRuntime(Path(python), Path(emulator)), function) as started:
        serve(RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"]), started)


def serve(api: RuntimeApi, emulator: Emulator) -> NoReturn:
    """Hand on events and outcomes. Raises OSError or RuntimeError when either side is gone."""
    while True:
        request, event = api.next()
        api.tell(request, emulator.invoke(event))


def _leave(*_: object) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    main()
