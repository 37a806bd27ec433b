"""`python -m mock_kobo`, or `mock-kobo` once it is installed: the mock by itself."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mock_kobo.errors import StateError
from mock_kobo.server import DEFAULT_PORT, serve


def main(arguments: list[str] | None = None) -> int:
    """Run the mock until Ctrl-C; return the exit code."""
    options = _options(arguments)
    try:
        serve(options.host, options.port, options.state, (options.delivery_seconds[0], options.delivery_seconds[-1]))
    except (OSError, StateError) as error:
        sys.stderr.write(f"mock_kobo: {error}\n")
        return 1
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mock-kobo", description="A mock KoboMobile with an inbox page.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the state in this file across restarts")
    parser.add_argument(
        "--delivery-seconds",
        type=_seconds,
        default=(1.0, 2.0),
        metavar="N[-M]",
        help="how long an SMS takes to its final report (default: 1-2)",
    )
    return parser.parse_args(arguments)


def _seconds(text: str) -> tuple[float, float]:
    shortest, _, longest = text.partition("-")
    seconds = float(shortest), float(longest or shortest)
    if not 0 <= seconds[0] <= seconds[1] < float("inf"):
        raise ValueError(text)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
