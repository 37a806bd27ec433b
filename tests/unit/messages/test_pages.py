"""Pages by 3GPP TS 23.038 (the alphabet) and TS 23.040, 9.2.3.24.1 (no escape sequence is split between pages)."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kobo_sms.messages.pages import FLASH, NORMAL, UNICODE, choose_type, count_pages, outside_gsm
from mock_kobo.rules.pages import lay_out

# The characters of TS 23.038, 6.2.1 by code point, in the order of the table; 0x1B (escape) is no character.
TABLE = (
    "0040 00A3 0024 00A5 00E8 00E9 00F9 00EC 00F2 00C7 000A 00D8 00F8 000D 00C5 00E5 0394 005F 03A6 0393 039B 03A9 "
    "03A0 03A8 03A3 0398 039E 00C6 00E6 00DF 00C9 0020 0021 0022 0023 00A4 0025 0026 0027 0028 0029 002A 002B 002C "
    "002D 002E 002F 0030 0031 0032 0033 0034 0035 0036 0037 0038 0039 003A 003B 003C 003D 003E 003F 00A1 0041 0042 "
    "0043 0044 0045 0046 0047 0048 0049 004A 004B 004C 004D 004E 004F 0050 0051 0052 0053 0054 0055 0056 0057 0058 "
    "0059 005A 00C4 00D6 00D1 00DC 00A7 00BF 0061 0062 0063 0064 0065 0066 0067 0068 0069 006A 006B 006C 006D 006E "
    "006F 0070 0071 0072 0073 0074 0075 0076 0077 0078 0079 007A 00E4 00F6 00F1 00FC 00E0"
)
BASIC = "".join(chr(int(code, 16)) for code in TABLE.split())
EXTENSION = "\f^{}\\[~]|€"
EMOJI = "\U0001f600"
GSM = st.text(alphabet=BASIC + EXTENSION, max_size=1000)


def test_the_alphabet_has_127_characters_and_10_extensions() -> None:
    assert (len(set(BASIC)), len(set(EXTENSION))) == (127, 10)
    every = "".join(map(chr, range(0x3000)))
    assert set(every) - set(outside_gsm(every)) == set(BASIC + EXTENSION)


@pytest.mark.parametrize("char", ["`", "ç", "₦", "’", "–", "\t", "\x1b", "ẹ", "á", "Α", EMOJI])
def test_what_the_alphabet_lacks(char: str) -> None:
    assert outside_gsm(f"a{char}b{char}") == [char]
    assert choose_type(f"a{char}") == UNICODE


def test_characters_are_named_once_in_order() -> None:
    assert outside_gsm("₦5 `x` ₦6") == ["₦", "`"]


@pytest.mark.parametrize("char", ["€", "Ç", "@", "\n", "{"])
def test_what_the_alphabet_has(char: str) -> None:
    assert outside_gsm(char) == []
    assert choose_type(char) == NORMAL


@pytest.mark.parametrize("type_", [NORMAL, FLASH])
@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 905, 6),
        ("€" * 80, 1),
        ("€" * 80 + "a", 2),
        ("a" * 158 + "€", 1),
        ("a" * 159 + "€", 2),
        pytest.param("€" * 153, 3, id="76 euro signs a page: the 153rd septet stays empty"),
        pytest.param("a" * 152 + "€" + "a" * 152, 3, id="the escape does not fit: the whole character moves on"),
        pytest.param("a" * 151 + "€" + "a" * 153, 2, id="the character ends on the border"),
    ],
)
def test_pages_of_gsm_text(text: str, type_: int, pages: int) -> None:
    assert count_pages(text, type_) == pages


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("₦" * 70, 1),
        ("₦" * 71, 2),
        ("a" * 134, 2),
        ("a" * 135, 3),
        ("€" * 70, 1),
        (EMOJI * 35, 1),
        (EMOJI * 35 + "a", 2),
        ("a" * 905, 14),
        pytest.param("a" * 66 + EMOJI + "a" * 66, 3, id="the pair does not fit: both halves move on"),
        pytest.param("a" * 65 + EMOJI + "a" * 67, 2, id="the pair ends on the border"),
    ],
)
def test_pages_of_unicode_text(text: str, pages: int) -> None:
    assert count_pages(text, UNICODE) == pages


@given(GSM)
@example("a" * 152 + "€" + "a" * 152)
def test_gsm_pages_against_the_mock(text: str) -> None:
    ours, theirs = count_pages(text, NORMAL), lay_out(text, NORMAL).pages
    # The mock may divide the septets; characters of two never make fewer pages, nor more than they waste.
    assert ours >= theirs
    if not set(text) & set(EXTENSION):
        assert ours == theirs


@given(st.text(max_size=300))
@example("a" * 66 + EMOJI + "a" * 66)
def test_unicode_pages_against_the_mock(text: str) -> None:
    ours, theirs = count_pages(text, UNICODE), lay_out(text, UNICODE).pages
    assert ours >= theirs
    if all(ord(char) <= 0xFFFF for char in text):
        assert ours == theirs


@given(GSM, GSM)
def test_more_text_never_takes_fewer_pages(text: str, more: str) -> None:
    assert count_pages(text + more, NORMAL) >= count_pages(text, NORMAL)
