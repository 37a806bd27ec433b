"""The inbox page in a real browser."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from mock_kobo.control_client import MockControl
from tests.browser import COLOURS, DESKTOP, PHONE, browser, contrast

__all__ = ["browser"]

Send = Callable[..., str]


@pytest.fixture
def page(browser: Browser, mock_kobo: MockControl, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, open and listening; what its scripts complain about fails the test."""
    context = browser.new_context(viewport=getattr(request, "param", DESKTOP), reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
    foreign: list[str] = []
    page.on("request", lambda asked: None if asked.url.startswith(mock_kobo.url) else foreign.append(asked.url))
    page.goto(mock_kobo.url)
    expect(page.locator("#live")).to_have_text("live")
    yield page
    context.close()
    assert (complaints, foreign) == ([], [])


def _is_complaint(message: ConsoleMessage) -> bool:
    # An answer with status 400 is one too, and some tests make one.
    return message.type == "error" and "Failed to load resource" not in message.text


def _open(page: Page, digits: str) -> Locator:
    page.locator(".item", has_text=digits).click()
    return page.locator(".sms")


def test_an_sms_appears_without_reload(page: Page, send: Send) -> None:
    expect(page.locator("#nothing")).to_contain_text("No SMS yet")
    page.evaluate("window.sameDocument = true")
    send(to="2348030100001", msg="Fresh from the gateway", enable_msg_id="1", **{"from": "KoboBank"})
    expect(page.locator(".item")).to_have_count(1)
    sms = _open(page, "+234 803 010 0001")
    expect(sms.locator("header")).to_contain_text("KoboBank")
    expect(sms.locator(".bubble")).to_have_text("Fresh from the gateway")
    expect(sms.locator("footer")).to_contain_text("1 page · 22 characters")
    expect(page.locator("#balance")).to_have_text("99,996.00")
    assert page.evaluate("window.sameDocument") is True


def test_the_delivery_state_follows_the_clock(page: Page, mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_clock(delivery_seconds=3600)
    msgid = send(enable_msg_id="1").split(",")[1]
    sms = _open(page, "+234 803 010 0001")
    expect(sms.locator("footer")).to_contain_text("PROCESSED")
    expect(sms.locator("footer")).to_contain_text(msgid)
    mock_kobo.advance(3601)
    expect(sms.locator("footer")).to_contain_text("DELIVRD")


def test_a_report_comes_by_itself(page: Page, mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_clock(delivery_seconds=0.5, frozen=True)
    send(to="2348030009102")
    sms = _open(page, "+234 803 000 9102")
    expect(sms.locator("footer")).to_contain_text("PROCESSED")
    mock_kobo.set_clock(frozen=False)
    expect(sms.locator("footer")).to_contain_text("UNDELIV_DND")


def test_texts_are_shown_as_texts(page: Page, send: Send) -> None:
    html = "<img src=x onerror=\"document.title='owned'\"><b>bold</b> & </li>"
    texts = [html, "مرحبا 😀", "two\nlines", "javascript:alert(1)"]
    for text in texts:
        send(msg=text, type="2")
    bubbles = _open(page, "+234 803 010 0001").locator(".bubble")
    expect(bubbles).to_have_text(texts[::-1])
    assert page.locator(".bubble *").count() == 0
    assert page.title() == "KoboMobile mock"
    assert bubbles.nth(2).evaluate("node => getComputedStyle(node).direction") == "rtl"


def test_flash_is_marked(page: Page, send: Send) -> None:
    send(msg="normal")
    send(msg="look at me", type="1")
    messages = _open(page, "+234 803 010 0001")
    expect(messages.nth(0).locator(".chip.flash")).to_have_text("Flash")
    expect(messages.nth(1).locator(".chip.flash")).to_have_count(0)


def test_search_finds_a_text_and_a_number(page: Page, send: Send) -> None:
    send(to="2348030100001", msg="Your one-time password is 481920")
    send(to="2348030100002", msg="Happy birthday")
    expect(page.locator(".item")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("BIRTHDAY")
    expect(page.locator(".item")).to_have_count(1)
    expect(page.locator(".item mark")).to_have_text("birthday")
    page.locator(".item").click()
    expect(page.locator(".sms.found .bubble")).to_have_text("Happy birthday")
    page.fill("#search", "0803 010 0001")
    expect(page.locator(".item strong")).to_have_text("+234 803 010 0001")
    page.keyboard.press("Escape")
    expect(page.locator(".item")).to_have_count(2)


def test_a_search_finds_an_sms_that_lies_deep(page: Page, send: Send) -> None:
    send(msg="the needle")
    for number in range(60):
        send(msg=f"hay {number}")
    page.fill("#search", "needle")
    expect(page.locator(".item mark")).to_have_text("needle")
    page.locator(".item").click()
    expect(page.locator(".sms.found .bubble")).to_have_text("the needle")


def test_a_fault_switched_on_the_page_changes_the_next_answer(page: Page, mock_kobo: MockControl, send: Send) -> None:
    page.click("[data-side=control]")
    page.select_option("[name=failure]", "error_billing")
    page.click("text=Add fault")
    expect(page.locator("#faults li")).to_contain_text("send: error_billing, 1 more")
    assert [send(), send()] == ["error_billing", "sent"]
    expect(page.locator("#faults li")).to_have_count(0)
    page.click("[data-side=calls]")
    expect(page.locator(".call .answer")).to_have_text(["sent", "error_billing"])


def test_a_fault_is_removed_on_the_page(page: Page, mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.add_fault(answer="error_gw")
    expect(page.locator("#faults-count")).to_have_text("1 fault")
    page.click("[data-side=control]")
    page.click("text=Remove")
    expect(page.locator("#faults li")).to_have_count(0)
    assert send() == "sent"


def test_the_account_is_set_on_the_page(page: Page, mock_kobo: MockControl, send: Send) -> None:
    page.click("[data-side=control]")
    expect(page.locator("[name=balance]")).to_have_value("100000")
    page.fill("[name=balance]", "3.5")
    page.click("text=Save account")
    expect(page.locator("#balance")).to_have_text("3.50")
    assert send() == "error_credit"
    page.check("[name=suspended]")
    page.click("text=Save account")
    expect(page.locator("#sent")).to_have_text("suspended")
    assert send() == "error_user"


def test_what_the_account_can_not_be_is_said(page: Page) -> None:
    page.click("[data-side=control]")
    page.fill("[name=balance]", "0.00001")
    page.click("text=Save account")
    expect(page.locator("#problem")).to_contain_text("balance")


def test_the_dialect_is_set_on_the_page(page: Page, send: Send) -> None:
    page.click("[data-side=control]")
    page.click("text=How answers are worded")
    page.select_option("[name=quoting]", "json")
    expect(page.locator("[name=quoting]")).to_have_value("json")
    page.locator("[name=whitespace]").check()
    expect(page.locator("[name=whitespace]")).to_be_checked()
    assert send() == ' "sent"\r\n'


def test_the_inbox_is_cleared_on_the_page(page: Page, mock_kobo: MockControl, send: Send) -> None:
    send()
    expect(page.locator(".item")).to_have_count(1)
    page.click("[data-side=control]")
    page.click("#clear")
    expect(page.locator(".item")).to_have_count(0)
    assert mock_kobo.messages == []


def test_by_keyboard_alone(page: Page, send: Send) -> None:
    for number in (1, 2, 3):
        send(to=f"234803010000{number}", msg=f"for {number}")
    expect(page.locator(".item")).to_have_count(3)
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-title")).to_have_text("+234 803 010 0002")
    expect(page.locator(".bubble")).to_have_text("for 2")


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_on_a_phone(page: Page, send: Send) -> None:
    send(msg="a" * 300 + " https://example.test/" + "b" * 100)
    expect(page.locator(".thread")).to_be_hidden()
    expect(_open(page, "+234 803 010 0001")).to_have_count(1)
    expect(page.locator(".list")).to_be_hidden()
    page.click("#back")
    expect(page.locator(".list")).to_be_visible()
    for pane in ("calls", "control", "inbox"):
        page.click(f".tabs [data-pane={pane}]")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    expect(page.locator(".item")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast(page: Page, send: Send, scheme: str) -> None:
    """WCAG 2 asks for 4.5 between a small text and what is behind it."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    send(msg="Hello")
    _open(page, "+234 803 010 0001")
    for selector in (".bubble", ".sms time", ".sms footer span", ".item .snippet", ".item time", "#sent", ".call code"):
        texts = page.wait_for_function(COLOURS, arg=selector).json_value()
        assert contrast(*texts) >= 4.5, selector


def test_a_page_that_lost_its_server_says_so(page: Page, mock_kobo: MockControl) -> None:
    page.route("**/_mock/view*", lambda route: route.fulfill(status=200, body="nonsense"))
    mock_kobo.advance(1)
    expect(page.locator("#live")).to_have_text("not reachable")
