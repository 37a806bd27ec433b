"""The page's tables stand between `<!-- table: NAME -->` and `<!-- end -->`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BLOCK = re.compile(r"<!-- table: ([\w-]+) -->\n(.*?)\n?<!-- end -->", re.DOTALL)


def tables_in(page: str) -> dict[str, str]:
    """Return the page's tables by name."""
    return dict(_BLOCK.findall(page))


def with_tables(page: str, made: Mapping[str, str]) -> str:
    """Return the page with the tables that were `made` in place of its own."""

    def block(match: re.Match[str]) -> str:
        name = match[1]
        return f"<!-- table: {name} -->\n{made.get(name, match[2])}\n<!-- end -->"

    return _BLOCK.sub(block, page)
