"""One execution environment of a Lambda function: `lambda_worker.py FD MODULE`, in the function's own environment.

Reads an event a line from the socket FD, answers a line each, as Lambda's runtime does. Only the standard library
besides the function, which is all that is to be measured.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import time


class Context:
    """What a function is told of its invocation, as far as these functions ask."""

    function_name = "send-sms"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:send-sms"
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may still run."""
        return int((self._end - time.monotonic()) * 1000)


def main() -> None:
    """Run the function until there are no more events."""
    handle = importlib.import_module(sys.argv[2]).handle
    timeout = float(os.environ["TIMEOUT"])
    with socket.socket(fileno=int(sys.argv[1])) as channel, channel.makefile("rwb") as lines:
        lines.write(b"ready\n")
        lines.flush()
        for line in lines:
            answer = handle(json.loads(line), Context(timeout))
            lines.write(json.dumps(answer).encode() + b"\n")
            lines.flush()


if __name__ == "__main__":
    main()
