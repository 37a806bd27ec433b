"""What `kobo status` says, built from the items that send_sms and poll_reports write."""

from decimal import Decimal
from typing import Any

from kobo_cli.reports.request import build, is_settled, went_well
from kobo_sms.messages.packing import pack_numbers
from kobo_sms.messages.states import State
from kobo_sms.table import iso

A, B, C = "2348030100001", "2348030100002", "2348030100003"


def item(part: str = "0", state: str = State.SENT, **attributes: Any) -> dict[str, Any]:
    return {
        "id": "order-1",
        "part": part,
        "state": state,
        "from": "Shop",
        "type": Decimal(0),
        "pages": Decimal(1),
        "created_at": Decimal("1795354200.5"),
        "updated_at": Decimal("1795354201"),
        "message_uuid": f"uuid-{part}",
        "recipients": {},
        **attributes,
    }


def states_of(status: dict[str, Any]) -> dict[str, str]:
    return {recipient["to"]: recipient["state"] for recipient in status["recipients"]}


def test_a_recipient_without_a_state_of_its_own_has_its_parts() -> None:
    known = {A: {"msgid": "m1"}, B: {"msgid": "m2", "state": State.DELIVERED, "report": "DELIVRD", "at": Decimal(9)}}
    status = build([item(recipients=known)])
    assert states_of(status) == {A: State.SENT, B: State.DELIVERED}
    assert status["counts"] == {State.SENT: 1, State.DELIVERED: 1}
    assert status["recipients"][1]["updated_at"] == "1970-01-01T00:00:09.000Z"
    assert status["created_at"] == "2026-11-22T13:30:00.500Z" == iso(Decimal("1795354200.5"))


def test_the_shape_is_contract_3() -> None:
    status = build([item(recipients={A: {"msgid": "m1"}}, attempts=Decimal(2), last_answer="ids", campaign="c")])
    assert list(status) == [
        "id", "reference", "campaign", "from", "type", "pages", "created_at", "counts", "recipients", "parts",
    ]  # fmt: skip
    assert (status["reference"], status["campaign"]) == (None, "c")
    assert list(status["recipients"][0]) == ["to", "state", "msgid", "report", "reason", "updated_at"]
    assert status["parts"] == [
        {"part": "0", "state": "sent", "message_uuid": "uuid-0", "attempts": 2, "last_answer": "ids"}
    ]


def test_numbers_of_a_split_request_are_queued_until_their_part_is_known() -> None:
    root = item(state=State.SPLIT, numbers=pack_numbers([A, B, C]))
    status = build([root, item("0.0", recipients={A: {"msgid": "m1"}})])
    assert states_of(status) == {A: State.SENT, B: State.QUEUED, C: State.QUEUED}
    assert status["parts"][0]["message_uuid"] is None


def test_halves_take_their_recipients_over_and_rejected_ones_stay() -> None:
    bad = {"0800": {"state": State.REJECTED, "reason": "a toll-free number cannot receive an SMS"}}
    whole = item(state=State.SPLIT, reason="error_param", recipients={A: {}, B: {}, **bad})
    status = build([item("0.1", State.REJECTED, reason="error_param", recipients={B: {}}), whole])
    assert states_of(status) == {"0800": State.REJECTED, A: State.QUEUED, B: State.REJECTED}
    assert [recipient["reason"] for recipient in status["recipients"] if recipient["to"] == A] == [None]


def test_parts_stand_in_the_order_of_their_numbers() -> None:
    names = ["0.10", "0.9", "0", "0.9.1"]
    status = build([item(name) for name in names])
    assert [part["part"] for part in status["parts"]] == ["0", "0.9", "0.9.1", "0.10"]


def test_settled_means_that_nothing_more_happens_by_itself() -> None:
    assert not is_settled(build([item(state=State.HELD, recipients={A: {}})]))
    assert not is_settled(build([item(recipients={A: {"msgid": "m1"}})]))
    assert is_settled(build([item(recipients={A: {}}, reason="accepted without message ids")]))
    failed = build([item(state=State.FAILED, recipients={A: {}})])
    assert is_settled(failed)
    assert not went_well(failed)
