"""Characters that make a text dear, and the plain ones in their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_cli.bulk.plain import Priced, plain_form, price, to_plain
from kobo_sms.messages.pages import choose_type, count_pages, outside_gsm

# Letters, marks, quotes, emoji and what stands in the extension table, often enough to come together.
TEXT = st.text(st.sampled_from("aé ẹọ’“”…–₦😀€[]|~\u00a0\u200be\u0301\n") | st.characters(codec="utf-8"), max_size=200)


@pytest.mark.parametrize(
    ("char", "plain"),
    [
        ("’", "'"), ("“", '"'), ("–", "-"), ("…", "..."), ("\u00a0", " "), ("\u200b", ""), ("₦", "N"),
        ("ẹ", "e"), ("Ọ", "O"), ("ṣ", "s"), ("á", "a"), ("ɗ", "d"), ("[", "("), ("½", "1/2"), ("ﬁ", "fi"),
        ("①", "1"), ("\t", " "),
        ("\u0301", ""),
        # Nothing to gain, or nothing that says the same.
        ("a", None), ("é", None), ("ñ", None), ("Ä", None), ("€", None), ("~", None), ("😀", None), ("中", None),
    ],
)  # fmt: skip
def test_plain_forms(char: str, plain: str | None) -> None:
    assert plain_form(char) == plain


def test_a_curly_quote_that_doubles_the_price_is_named() -> None:
    text = "It’s " + "a" * 100
    assert price(text, plain=False) == Priced(text, 2, ["’"], saved_if_plain=1)
    assert price(text, plain=True) == Priced("It's " + "a" * 100, 1)


def test_one_that_costs_nothing_is_left_alone() -> None:
    assert price("It’s on", plain=True) == Priced("It’s on", 1)
    assert price("It’s " + "a" * 160, plain=False).saved_if_plain == 1


def test_characters_of_the_extension_table_count_too() -> None:
    text = "[" + "a" * 159
    assert price(text, plain=False) == Priced(text, 2, ["["], saved_if_plain=1)
    assert price("~" + "a" * 159, plain=True) == Priced("~" + "a" * 159, 2, ["~"])


def test_what_has_no_plain_form_stays_and_is_still_named() -> None:
    text = "😀’" + "a" * 100
    assert price(text, plain=True) == Priced(text, 2, ["😀", "’"])


def test_a_long_plain_text_is_not_dear() -> None:
    assert price("a" * 161, plain=False) == Priced("a" * 161, 2)


def test_links_are_left_alone() -> None:
    text = "‘see’ https://x.ng/[a]’…, www.x.ng/–, “x”"
    assert to_plain(text) == "'see' https://x.ng/[a]’…, www.x.ng/–, \"x\""


def test_a_letter_and_its_mark_become_one() -> None:
    assert to_plain("Jose\u0301 a\u0301") == "José a"


@given(st.characters(codec="utf-8"))
def test_a_plain_form_is_plain(char: str) -> None:
    form = plain_form(char)
    if form is not None:
        assert not outside_gsm(form)
        assert count_pages(form * 50, 0) == count_pages("x" * len(form) * 50, 0)


@given(TEXT)
def test_plain_texts_are_never_dearer(text: str) -> None:
    dear, plain = price(text, plain=False), price(text, plain=True)
    assert dear.text == text
    assert dear.pages == count_pages(text, choose_type(text))
    assert plain.pages == dear.pages - dear.saved_if_plain
    assert plain.pages == count_pages(plain.text, choose_type(plain.text))
    assert plain.text == text or plain.pages < dear.pages
    assert set(dear.dear) <= set(text)
    assert not dear.saved_if_plain or dear.dear
