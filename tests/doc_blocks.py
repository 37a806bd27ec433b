"""The code blocks of a page, taken out for tests to run: what stands there cannot rot."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```\w+\n.*?^```$", re.MULTILINE | re.DOTALL)
# Stands for it while headings are looked for: comments of shells look like them.
_HASH = "\0"


def blocks(page: str, heading: str, language: str) -> list[str]:
    """Return the blocks of a language below a heading of a page, up to the next heading; there is at least one."""
    text = _BLOCK.sub(lambda block: block[0].replace("#", _HASH), (ROOT / page).read_text())
    (section,) = re.findall(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    found = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found, f"no {language} below {heading!r} in {page}"
    return [block.replace(_HASH, "#") for block in found]
