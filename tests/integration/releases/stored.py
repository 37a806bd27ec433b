"""A table as another release has left it, put into this one's, its moments moved to the present."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import urllib3

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack

_HERE = Path(__file__).parent
# A moment in epoch seconds, and the slot of five seconds in an attribute's name, of the years in question.
_MOMENT = re.compile(r"(?<![\d.])1[78]\d{8}(?=[.\"\s\\])")
_SLOT = re.compile(r'(?<="[nf] )3\d{8}(?=[" ])')
# How long ago it was left: longer than any lease.
_AGO = 120


@dataclass(frozen=True)
class Stored:
    """What `record` has kept, or what was written by hand in the same form."""

    stack_id: str
    requests: list[dict[str, Any]]
    items: list[dict[str, Any]]
    executed: list[dict[str, Any]]

    def put_into(self, stack: Stack) -> None:
        """Fill the table."""
        for item in self.items:
            stack.dynamodb.put_item(TableName=stack.names["Messages"], Item=item)

    def executed_by(self, kobo: MockControl) -> Stored:
        """Have KoboMobile execute what it had executed; return the same with the message ids that it gives now."""
        login = {"user": "shop@example.com", "pass": "correct-horse-7", "enable_msg_id": "1"}
        for call in self.executed:
            form = login | call | {"to": ",".join(call["to"])}
            answer = urllib3.request("POST", f"{kobo.base_url}/send/", body=urlencode(form), headers=_FORM)
            assert answer.status == 200, answer.data
        before = [msgid for call in self.executed for msgid in call["to"].values()]
        names = dict(zip(before, (sms["msgid"] for sms in kobo.messages), strict=True))
        return replace(self, items=[_renamed(item, names) for item in self.items])


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _renamed(item: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a part with other message ids."""
    if "message_uuid" not in item:
        return item
    known: dict[str, Any] = json.loads(json.dumps(item["recipients"]))
    for recipient in known["M"].values():
        if "msgid" in recipient["M"]:
            recipient["M"]["msgid"]["S"] = names[recipient["M"]["msgid"]["S"]]
    return item | {"recipients": known}


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"])} if value.keys() == {"B"} else value


def load(name: str) -> Stored:
    """Return what a release has left, as if that had been two minutes ago."""
    text = (_HERE / f"{name}.json").read_text()
    # Whole slots, so that what was counted together stays together.
    later = (int(time.time()) - _AGO - json.loads(text)["recorded_at"]) // 5 * 5
    moved = _MOMENT.sub(lambda found: str(int(found[0]) + later), text)
    moved = _SLOT.sub(lambda found: str(int(found[0]) + later // 5), moved)
    content = json.loads(moved, object_hook=_with_bytes)
    content.pop("recorded_at")
    return Stored(**content)
