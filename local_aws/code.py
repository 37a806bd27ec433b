"""The functions' code: packed from a folder, put where CloudFormation takes it from."""

import io
import zipfile
from collections.abc import Mapping
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


def pack_each(folders: Mapping[str, Path]) -> dict[str, bytes]:
    """Return the code of each function as a zip; functions of one folder share it."""
    packed = {folder: pack(folder) for folder in set(folders.values())}
    return {name: packed[folder] for name, folder in folders.items()}


def upload(clients: Clients, archives: Mapping[str, bytes]) -> dict[str, str]:
    """Upload the code of each function, the same code once; return the `s3://` address of each function's."""
    clients.s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    keys = {archive: f"{number}.zip" for number, archive in enumerate(dict.fromkeys(archives.values()))}
    for archive, key in keys.items():
        clients.s3.put_object(Bucket=_BUCKET, Key=key, Body=archive)
    return {name: f"s3://{_BUCKET}/{keys[archive]}" for name, archive in archives.items()}
