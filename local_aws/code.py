"""The functions' code: packed from a folder, put where CloudFormation takes it from."""

import io
import zipfile
from pathlib import Path

from local_aws.clients import Clients
from local_aws.errors import LocalStackError
from local_aws.processes.programs import REGION

_BUCKET = "kobo-local-code"
_LEFT_OUT = {"__pycache__", ".mypy_cache", ".ruff_cache"}


def pack(folder: Path) -> bytes:
    """Return the folder's files as a zip, without byte code and caches. Raises LocalStackError when it is empty."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _LEFT_OUT & set(path.parts))
    if not files:
        raise LocalStackError(f"there is no code in {folder}")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def addresses(folders: dict[str, Path]) -> dict[str, str]:
    """Return the `s3://` address of each function's code; functions of one folder share it."""
    numbers = {folder: number for number, folder in enumerate(sorted(set(folders.values())))}
    return {name: f"s3://{_BUCKET}/{numbers[folder]}.zip" for name, folder in folders.items()}


def upload(clients: Clients, folders: dict[str, Path]) -> None:
    """Put the code of each function at its address."""
    clients.s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    by_address = {address: folders[name] for name, address in addresses(folders).items()}
    for address, folder in by_address.items():
        clients.s3.put_object(Bucket=_BUCKET, Key=address.rpartition("/")[2], Body=pack(folder))
