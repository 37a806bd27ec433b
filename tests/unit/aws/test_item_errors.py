from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ParamValidationError

from kobo_sms.aws.item_errors import is_of_one_item, passes_soon


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "UpdateItem")


@pytest.mark.parametrize(
    ("error", "of_one_item"),
    [
        (KeyError("sent_at"), True),
        (TypeError(), True),
        (ParamValidationError(report=""), True),
        (refused("ValidationException"), True),
        (refused("ProvisionedThroughputExceededException"), False),
        (refused("ThrottlingException"), False),
        (refused("AccessDeniedException"), False),
        (refused("ResourceNotFoundException"), False),
        (ClientError({}, "UpdateItem"), False),
        (EndpointConnectionError(endpoint_url="https://dynamodb"), False),
        (NoCredentialsError(), False),
    ],
)
def test_whose_an_error_is(error: Exception, of_one_item: bool) -> None:
    assert is_of_one_item(error) is of_one_item


@pytest.mark.parametrize(
    ("error", "soon"),
    [
        (refused("ProvisionedThroughputExceededException"), True),
        (refused("ThrottlingException"), True),
        (refused("RequestLimitExceeded"), True),
        (ClientError({"ResponseMetadata": {"HTTPStatusCode": 503}}, "PutEvents"), True),  # type: ignore[typeddict-item]
        (refused("ValidationException"), False),
        (refused("AccessDeniedException"), False),
        (EndpointConnectionError(endpoint_url="https://dynamodb"), False),
        (KeyError("sent_at"), False),
    ],
)
def test_what_passes_soon(error: Exception, soon: bool) -> None:
    assert passes_soon(error) is soon
