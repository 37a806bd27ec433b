"""How the functions talk to AWS: by clients of botocore, which are what boto3's are.

boto3 itself is left out, as a cold start would pay for its resources and for s3transfer, which nobody here uses.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from platform import python_version
from typing import Any

import botocore
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from kobo_sms.connections import never_reuse_idle

# A call of AWS that hangs must not eat the time that the part's lease leaves. What is asked is checked by AWS alone:
# checking it here too takes a fifth of what a call costs the processor.
AWS = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"total_max_attempts": 3, "mode": "standard"},
    max_pool_connections=20,
    parameter_validation=False,
    # Else botocore puts its own together at each call, of a dozen pieces.
    user_agent=f"kobo-sms Botocore/{botocore.__version__} Python/{python_version()}",
)


class QuickLoader(Loader):
    """A loader of what AWS's services look like that does not search the folders of all 400 before it loads one's."""

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the services that have a folder. That a file is missing there shows when it is loaded."""
        folders = [folder for folder in map(Path, self.search_paths) if folder.is_dir()]
        return sorted({service.name for folder in folders for service in folder.iterdir()})


@cache
def aws_session() -> botocore.session.Session:
    """Return the one session of this process: its clients share what it has read of AWS's services and endpoints."""
    session = botocore.session.get_session()
    session.register_component("data_loader", QuickLoader())
    return session


def make_client(service: str, config: Config = AWS) -> Any:
    """Return a client of a service (`sqs`, `secretsmanager` ...), which uses no connection again that was idle for
    long.

    Not for several threads at once. The first one takes a cold start longest.
    """
    return never_reuse_idle(aws_session().create_client(service, config=config))
