"""The JSON Schema of a request, from the rules that the code checks: `make schema` writes events/request.schema.json.

What a schema cannot say is in the descriptions: which characters fit which type, and which numbers are mobile ones.
"""

from __future__ import annotations

import json
from typing import Any

import click

from kobo_sms.messages.fields import CAMPAIGN_PATTERN, ID_PATTERN, MAX_REFERENCE, MAX_TEXT, SENDER_PATTERN


def schema() -> dict[str, Any]:
    """Return the schema of a request."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A request to send an SMS: the body of a message on the priority or the bulk queue",
        "type": "object",
        "required": ["to", "msg"],
        "additionalProperties": False,
        "properties": _properties(),
    }


def _properties() -> dict[str, Any]:
    number = {"type": "string", "examples": ["+2348030000000", "2348030000000", "0803 000 0000"]}
    return {
        "to": {
            "description": "A number, or a list of them. Duplicates collapse; a bad one is rejected alone.",
            "oneOf": [number, {"type": "array", "minItems": 1, "items": number}],
        },
        "msg": {"description": "The text.", "type": "string", "minLength": 1, "maxLength": MAX_TEXT},
        "from": {
            "description": "Sender ID: at most 11 characters, or at most 16 digits. Left out: the stack's default.",
            "type": "string",
            "pattern": SENDER_PATTERN,
        },
        "type": {
            "description": "0 normal, 1 flash, 2 Unicode. Left out: 0 if the text fits GSM 03.38, else 2. "
            "0 and 1 are refused for a text that does not fit.",
            "type": "integer",
            "enum": [0, 1, 2],
        },
        "id": {
            "description": "Idempotency key: the same id and content is sent once. Left out: the SQS message id.",
            "type": "string",
            "pattern": ID_PATTERN,
        },
        "expires_at": {
            "description": "ISO 8601 with a zone. Past it the SMS is not sent any more.",
            "type": "string",
            "format": "date-time",
        },
        "sensitive": {"description": "true: the text is neither stored nor logged.", "type": "boolean"},
        "reference": {"description": "Kept with the status.", "type": "string", "maxLength": MAX_REFERENCE},
        "promotional": {"description": "true: not sent to numbers that opted out.", "type": "boolean"},
        "campaign": {
            "description": "The campaign that the request is part of. Set by `kobo bulk`.",
            "type": "string",
            "pattern": CAMPAIGN_PATTERN,
        },
    }


if __name__ == "__main__":
    click.echo(json.dumps(schema(), indent=2))
