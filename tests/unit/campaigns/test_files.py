"""Which errors of S3 a campaign's file is to blame for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.campaigns.files import CampaignFiles
from kobo_sms.errors import CampaignFileFault

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CAMPAIGN = Campaign("sale", "d", 10, 1, 1, 1.0, 1.0)


class Refusing:
    """An S3 that refuses with a code."""

    def __init__(self, code: str) -> None:
        self._code = code

    def get_object(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "GetObject")


def read(code: str) -> None:
    CampaignFiles(cast("S3Client", Refusing(code)), "campaigns").read(CAMPAIGN, 0)


# AccessDenied: of a missing object, to whoever may not list the bucket.
@pytest.mark.parametrize("code", ["NoSuchKey", "InvalidRange", "AccessDenied"])
def test_a_file_that_is_missing_or_too_short_is_a_fault_of_its_campaign(code: str) -> None:
    with pytest.raises(CampaignFileFault, match=code):
        read(code)


@pytest.mark.parametrize("code", ["SlowDown", "NoSuchBucket", "InternalError"])
def test_what_no_single_file_is_to_blame_for_passes_through(code: str) -> None:
    with pytest.raises(ClientError, match=code):
        read(code)
