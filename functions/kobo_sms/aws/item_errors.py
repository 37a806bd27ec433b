"""Whose an error is: one item's, whose content nobody can work with, or everybody's."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError


def is_of_one_item(error: Exception) -> bool:
    """Tell whether `error` arose over the content of one item: in our own code, or as DynamoDB refused what it would
    become (more than 400 kB, say). Throttling, a lost connection or a missing permission concern everybody."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") == "ValidationException"
    return isinstance(error, ParamValidationError) or not isinstance(error, BotoCoreError)
