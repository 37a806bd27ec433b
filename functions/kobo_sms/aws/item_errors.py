"""Whose an error is: one item's, whose content nobody can work with, or everybody's; and whether it passes soon."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError


def is_of_one_item(error: Exception) -> bool:
    """Tell whether `error` arose over the content of one item: in our own code, or as DynamoDB refused what it would
    become (more than 400 kB, say). Throttling, a lost connection or a missing permission concern everybody."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") == "ValidationException"
    return isinstance(error, ParamValidationError) or not isinstance(error, BotoCoreError)


def passes_soon(error: Exception) -> bool:
    """Tell whether AWS answered that it has no room for a call now, or that it failed itself. A connection that is lost
    costs seconds each time, and what is not permitted stays so: neither is worth another try at once."""
    if not isinstance(error, ClientError):
        return False
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or "Throttl" in code or code.endswith(("Exceeded", "ExceededException"))
