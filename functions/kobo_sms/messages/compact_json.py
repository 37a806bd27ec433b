"""JSON for a queue: as short as can be, and of characters that SQS takes.

What was valid JSON gets no longer by being read and written again, so what came through SQS fits into it again.

Pure.
"""

from __future__ import annotations

import json
import re
from typing import Any

# SQS: the bytes of a message, its attributes counted in.
MAX_MESSAGE = 1024 * 1024
# SendMessage: what a body or an attribute may not hold.
UNSENDABLE = re.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def dump(fields: dict[str, Any]) -> str:
    """Return a JSON object as text."""
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return UNSENDABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def size(text: str) -> int:
    """Return how many bytes of a message a text is."""
    return len(text.encode())
