"""Files of campaigns, and what is found in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from kobo_cli.bulk.campaign import Campaign
from kobo_cli.bulk.checking import Checked, Order, check_file

Check = Callable[..., Checked]


@pytest.fixture
def check(tmp_path: Path) -> Iterator[Check]:
    """Check a file that holds a text; the options of the command are keywords."""
    with ExitStack() as until_done:

        def check(content: str, msg: str = "Hello {name}", **options: Any) -> Checked:
            path = tmp_path / "people.csv"
            path.write_text(content, encoding="utf-8", newline="")
            return until_done.enter_context(check_file(Order(path, msg, **options), lambda _: None))

        yield check


def number(at: int) -> str:
    return f"23480301{at:05d}"


def people(*names: str) -> str:
    """A file of people with these names, each with a number of their own."""
    return "to,name\n" + "".join(f"{number(at)},{name}\n" for at, name in enumerate(names))


def campaign_of(checked: Checked) -> Campaign:
    assert checked.campaign is not None
    return checked.campaign
