"""The tokens of the code are those of docs/kobomobile-api.md, with the same provenance."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kobo_sms.kobomobile import tokens

PAGE = Path(__file__).parents[3] / "docs" / "kobomobile-api.md"
IN_CODE = dict(re.findall(r'\("(error_\w+)", "([DS])"', Path(tokens.__file__).read_text()))


def rows() -> dict[str, str]:
    """Return what the page says of each token, in its table of answers."""
    answers = PAGE.read_text().partition("## Answers")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (`error_.+?) \|(.+)$", answers, re.MULTILINE)
    return {token: said for names, said in lines for token in re.findall(r"`(error_\w+)`", names)}


def test_the_page_has_each_token_and_no_other() -> None:
    assert IN_CODE
    assert rows().keys() == IN_CODE.keys()


@pytest.mark.parametrize("token", IN_CODE)
def test_both_say_whence_it_is_known(token: str) -> None:
    assert f"[{IN_CODE[token]}]" in rows()[token]
    assert tokens.meaning_of(token)
