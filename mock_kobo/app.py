"""The Flask app of the mock: the API, its control and the inbox page, on one state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from mock_kobo.api.responses import api
from mock_kobo.control.routes import bad_field, control
from mock_kobo.errors import BadFieldError
from mock_kobo.inbox.routes import inbox
from mock_kobo.mock import EXTENSION, Mock

if TYPE_CHECKING:
    from pathlib import Path

DELIVERY_SECONDS = (1.0, 2.0)


def create_app(
    state: Path | None = None, delivery_seconds: tuple[float, float] = DELIVERY_SECONDS, seed: int = 0
) -> Flask:
    """Return a new mock as a WSGI app.

    `state` is a file that keeps everything but faults across restarts, None keeps it in memory; an SMS takes from the
    first to the second of `delivery_seconds` to its final report; `seed` makes what is random repeatable.
    `app.extensions["mock_kobo"]` is the Mock; close it when done. Raises StateError if `state` can't be used.
    """
    app = Flask(__name__, static_url_path="/_mock/static")
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    app.extensions[EXTENSION] = Mock(state, delivery_seconds, seed)
    app.register_error_handler(BadFieldError, bad_field)
    for blueprint in (api, control, inbox):
        app.register_blueprint(blueprint)
    return app
