"""The page that shows a campaign, in a real browser: `kobo bulk --preview`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from kobo_cli.bulk.preview import write_preview
from kobo_cli.bulk.price import Funds, cost_of
from tests.browser import COLOURS, DESKTOP, PHONE, browser, contrast
from tests.cli.bulk.conftest import Check, number, people

__all__ = ["browser"]

NOW = 1_800_000_000.0
ENOUGH = Funds(Decimal(10_000), NOW - 60, Decimal("2.35"))
HOSTILE = [
    "<script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "</p></article><style>body{display:none}</style>",
    "{{ 7 * 7 }} {% raw %} &amp; &#39;",
    "good\u202eevil",
    "javascript:alert(1)",
    "x" * 300,
    "\"quoted\" 'text'",
]

Show = Callable[..., Page]


@pytest.fixture
def show(browser: Browser, check: Check, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Show]:
    """Check a file, write its page and open it; what it loads, or what goes wrong in it, fails the test."""
    context = browser.new_context(viewport=getattr(request, "param", DESKTOP))
    page = context.new_page()
    path = tmp_path / "preview.html"
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("request", lambda asked: wrong.append(asked.url) if asked.url != path.as_uri() else None)

    def show(content: str, msg: str = "Dear {name}", funds: Funds = ENOUGH, **options: Any) -> Page:
        checked = check(content, msg, **options)
        write_preview(path, checked, cost_of(checked.workspace, funds), NOW)
        page.goto(path.as_uri())
        return page

    yield show
    context.close()
    assert wrong == []


def quoted(*values: str) -> str:
    return people(*(f'"{value.replace(chr(34), chr(34) * 2)}"' for value in values))


def test_the_first_texts_are_shown_as_phones_show_them(show: Show) -> None:
    page = show(quoted("Ada", "two\nlines"), sender="Shop")
    expect(page.locator("h1")).to_have_text("Preview of people.csv")
    phones = page.locator(".phone")
    expect(phones).to_have_count(2)
    expect(phones.nth(0).locator("header")).to_have_text(f"Shopto +{number(0)}")
    expect(phones.nth(0).locator(".bubble")).to_have_text("Dear Ada")
    expect(phones.nth(0).locator("footer")).to_have_text("line 2: 1 page, 8 characters")
    assert phones.nth(1).locator(".bubble").inner_text() == "Dear two\nlines"


def test_the_dearest_texts_are_shown_beside_the_first_ones(show: Show) -> None:
    names = [f"N{at}" for at in range(10)] + ["’" + "b" * 100, "c" * 200]
    page = show(people(*names))
    expect(page.locator("h2")).to_have_text(["Pages of a text", "The first rows", "Other dear texts"])
    dearest = page.locator("section", has=page.get_by_text("Other dear texts")).locator(".phone")
    expect(dearest).to_have_count(2)
    expect(dearest.nth(0).locator("mark")).to_have_text("’")
    expect(dearest.nth(1).locator("mark")).to_have_count(0)
    expect(page.locator(".bars")).to_contain_text("1 page")
    expect(page.locator(".count")).to_have_text(["10", "2"])


def test_the_figures_are_those_of_the_command(show: Show) -> None:
    page = show(people("Ada", "", "Bo"))
    expect(page.locator(".tiles div")).to_have_text(
        ["recipients2", "pages2", "cost4.70", "left after it9,995.30", "bad rows1"]
    )
    facts = page.locator("#facts")
    expect(facts).to_contain_text("2, in 2 requests")
    expect(facts).to_contain_text("4.70: 2 pages at 2.35")
    expect(facts).to_contain_text("9,995.30 will be left")
    expect(page.locator(".short")).to_have_count(0)
    expect(page.locator("#bad li")).to_have_text(["line 3: name: is empty"])


def test_too_little_money_stands_out(show: Show) -> None:
    page = show(people("Ada"), funds=Funds(Decimal(1), NOW - 60, Decimal("2.35")))
    expect(page.locator(".short")).to_contain_text("1.35 TOO LITTLE")
    expect(page.locator(".wrong")).to_have_text("too little by1.35")


def test_a_file_without_a_good_row_has_a_page_too(show: Show) -> None:
    page = show(people(""))
    expect(page.locator(".phone")).to_have_count(0)
    expect(page.locator("#bad li")).to_have_count(1)


@pytest.mark.parametrize("show", [DESKTOP, PHONE], indirect=True, ids=["desktop", "phone"])
def test_a_hostile_file_is_text_and_nothing_else(show: Show) -> None:
    page = show(quoted(*HOSTILE) + "#N/A,<b>x</b>\n", "{name}", sender="<i>Shop")
    expect(page).to_have_title("Preview of people.csv")
    shown = [bubble.inner_text() for bubble in page.locator(".bubble").all()]
    assert shown[:6] == HOSTILE[:6]
    assert page.locator("script, img, b, i, a").count() == 0
    expect(page.locator(".phone header strong").first).to_have_text("<i>Shop")
    expect(page.locator("body")).to_be_visible()


@pytest.mark.parametrize("show", [PHONE], indirect=True)
def test_on_a_phone_nothing_is_cut_off(show: Show) -> None:
    page = show(quoted(*HOSTILE, "y" * 160) + f"{'x' * 400},\n", "{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate(
        "[...document.querySelectorAll('.phone')].every(p => p.getBoundingClientRect().right <= innerWidth)"
    )
    boxes = [phone.bounding_box() for phone in page.locator(".phone").all()[:2]]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_by_day_and_by_night(show: Show, scheme: str) -> None:
    page = show(people("’" + "b" * 100, ""), "Dear {name}", Funds(Decimal(1), NOW - 60, Decimal(2)))
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    selectors = (
        "h1",
        ".note",
        "dt",
        "dd",
        ".short",
        ".tiles small",
        ".wrong strong",
        ".count",
        "#bad li",
        ".phone header",
        ".phone small",
        ".bubble",
        "mark",
    )
    backs = set()
    for selector in selectors:
        colours = page.evaluate(COLOURS, selector)
        backs.add(colours[1])
        assert contrast(*colours) >= 4.5, selector
    dark = all(sum(map(int, back[4:-1].split(",")[:3])) < 3 * 128 for back in backs)
    assert dark == (scheme == "dark")
