"""What a dead letter says of itself fits beside its body, whatever that is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.aws.notes import fit_notes
from kobo_sms.messages.compact_json import MAX_MESSAGE, size

NOTES = {"KoboPart": "0.1", "Lane": "bulk", "Reason": "it may or may not have been sent ₦", "RequestId": "order-1"}


def total(body: str, notes: dict[str, str]) -> int:
    """Return what SQS counts."""
    return size(body) + sum(size(name) + size("String") + size(value) for name, value in notes.items())


def test_beside_a_usual_body_there_is_room_for_all() -> None:
    assert fit_notes("{}", NOTES | {"Attempts": "", "LastAnswer": None}) == NOTES


def test_a_note_has_at_most_1000_characters_that_sqs_takes() -> None:
    assert fit_notes("{}", {"Reason": "\x00\ud800\uffff" + "₦" * 2000}) == {"Reason": "???" + "₦" * 997}


def test_the_last_notes_go_first_and_one_is_cut_short() -> None:
    body = "x" * (MAX_MESSAGE - 70)
    kept = fit_notes(body, NOTES)
    assert list(kept) == ["KoboPart", "Lane", "Reason"]
    assert NOTES["Reason"].startswith(kept["Reason"])
    assert total(body, kept) <= MAX_MESSAGE


def test_without_room_there_are_none() -> None:
    assert fit_notes("x" * MAX_MESSAGE, NOTES) == {}


@given(st.integers(0, 400), st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1, max_size=8), st.text()))
def test_it_always_fits(room: int, notes: dict[str, str]) -> None:
    body = "x" * (MAX_MESSAGE - room)
    kept = fit_notes(body, notes)
    assert total(body, kept) <= MAX_MESSAGE
    assert all(kept.values())
