"""S3 buckets, read and completed in CloudFormation's spelling, which differs from that of S3's own API."""

from collections.abc import Mapping
from typing import Any

from local_aws.clients import Clients


def read_bucket(clients: Clients, name: str) -> dict[str, Any]:
    """Read a bucket by its name, with its encryption, lifecycle, ownership and block of public access."""
    s3 = clients.s3
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    return {
        "BucketName": name,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {
                    "ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"],
                    "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                }
                for rule in encryption
            ]
        },
        "PublicAccessBlockConfiguration": s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
        "OwnershipControls": s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
        "LifecycleConfiguration": {
            "Rules": [_rule(rule) for rule in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]]
        },
    }


def complete_bucket(clients: Clients, name: str, asked: Mapping[str, Any]) -> None:
    """Set a bucket's encryption, ownership and lifecycle by their APIs, as the template asks for them."""
    rules = asked["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    encryption: Any = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
        }
        for rule in rules
    ]
    clients.s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": encryption})
    clients.s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=asked["OwnershipControls"])
    lifecycle = [_rule_of_s3(rule) for rule in asked["LifecycleConfiguration"]["Rules"]]
    clients.s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": lifecycle})


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Id": rule["ID"],
        "Status": rule["Status"],
        "Prefix": rule["Filter"].get("Prefix", ""),
        "ExpirationInDays": rule["Expiration"]["Days"],
        "AbortIncompleteMultipartUpload": rule["AbortIncompleteMultipartUpload"],
    }


def _rule_of_s3(rule: Mapping[str, Any]) -> dict[str, Any]:
    aborted = {name: int(days) for name, days in rule["AbortIncompleteMultipartUpload"].items()}
    return {
        "ID": rule["Id"],
        "Status": rule["Status"],
        "Filter": {"Prefix": rule["Prefix"]},
        "Expiration": {"Days": int(rule["ExpirationInDays"])},
        "AbortIncompleteMultipartUpload": aborted,
    }
