"""The code blocks of a page, taken out for tests to run: what stands there cannot rot."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def blocks(page: str, heading: str, language: str) -> list[str]:
    """Return the blocks of a language below a heading of a page, up to the next heading; there is at least one."""
    text = (ROOT / page).read_text()
    (section,) = re.findall(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", _masked(text), re.MULTILINE | re.DOTALL)
    found = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found, f"no {language} below {heading!r} in {page}"
    return [block.replace(_HASH, "#") for block in found]


# Comments of shells look like headings.
_HASH = "\0"


def _masked(text: str) -> str:
    return re.sub(
        r"^```\w+\n.*?^```$", lambda block: block[0].replace("#", _HASH), text, flags=re.MULTILINE | re.DOTALL
    )
