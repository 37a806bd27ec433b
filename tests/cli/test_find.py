"""`kobo find`: what was sent to a number, from the look-up that publish_status writes."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from kobo_sms.events.lookup import Lookup, entries_of
from kobo_sms.messages.packing import pack_numbers
from kobo_sms.table import Item, iso
from tests.cli.conftest import Deployed

ONE, TWO = "2348030100001", "2348030100002"
NOW = round(time.time())


def part(request: str, ago: float, name: str = "0", **attributes: Any) -> Item:
    return {
        "id": request,
        "part": name,
        "state": "sent",
        "from": "Shop",
        "text": f"Text of {request}",
        "created_at": Decimal(str(NOW - ago)),
        "updated_at": Decimal(NOW),
        "expires": Decimal(NOW + 1000),
        "recipients": {ONE: {"msgid": "a"}, TWO: {"state": "delivered", "report": "DELIVRD", "at": Decimal(NOW)}},
        **attributes,
    }


def publish(deployed: Deployed, *items: Item) -> None:
    connection = deployed.connection
    lookup = Lookup(connection.dynamodb, connection.variables["KOBO_TABLE"], time.sleep)
    for item in items:
        deployed.put(**item)
        lookup.add([item])


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def test_a_row_has_the_shape_of_the_contract(deployed: Deployed) -> None:
    publish(deployed, part("order-1", ago=60))
    assert deployed.json("find", "0803 010 0002") == [
        {
            "id": "order-1",
            "part": "0",
            "at": iso(NOW - 60),
            "from": "Shop",
            "state": "delivered",
            "report": "DELIVRD",
            "reason": None,
            "text": "Text of order-1",
        }
    ]


def test_the_newest_comes_first_and_others_numbers_do_not_come(deployed: Deployed) -> None:
    other = part("other", ago=5, recipients={TWO: {}})
    publish(deployed, part("old", ago=100_000), part("new", ago=10), part("middle", ago=300), other)
    assert ids(deployed.json("find", ONE)) == ["new", "middle", "old"]
    assert ids(deployed.json("find", ONE, "--most", "2")) == ["new", "middle"]
    assert ids(deployed.json("find", ONE, "--since", "12h")) == ["new", "middle"]


def test_what_has_expired_is_left_out(deployed: Deployed) -> None:
    publish(deployed, part("there", ago=10))
    lookup = Lookup(deployed.connection.dynamodb, deployed.connection.variables["KOBO_TABLE"], time.sleep)
    lookup.add([part("gone", ago=5)])
    assert ids(deployed.json("find", ONE)) == ["there"]


def test_of_a_part_that_was_split_the_smaller_one_is_shown(deployed: Deployed) -> None:
    halves = part("campaign", ago=10, state="split", recipients={ONE: {}, TWO: {}})
    root = part("large", ago=10, state="split", recipients={}, numbers=pack_numbers([ONE]))
    publish(deployed, halves, part("campaign", ago=10, name="0.0", recipients={ONE: {}}), root)
    assert [(row["id"], row["part"]) for row in deployed.json("find", ONE)] == [("campaign", "0.0")]


def test_a_text_that_was_not_kept_is_null(deployed: Deployed) -> None:
    item = part("secret", ago=10)
    del item["text"]
    publish(deployed, item)
    assert deployed.json("find", ONE)[0]["text"] is None
    assert "(not kept)" in deployed.run("find", ONE).stdout


def test_nothing_found_is_an_error_but_not_in_json(deployed: Deployed) -> None:
    assert deployed.json("find", ONE) == []
    result = deployed.run("find", ONE)
    assert result.exit_code == 1
    assert "FindByNumber" in result.stderr


@pytest.mark.parametrize("number", ["12345", "hello", "+234 1 280 0000"])
def test_a_number_that_cannot_have_got_an_sms_is_an_error(deployed: Deployed, number: str) -> None:
    result = deployed.run("find", number)
    assert result.exit_code == 1
    assert result.stderr.startswith("kobo: NUMBER: ")
    assert number not in result.stderr


def test_the_table_for_people_fits_and_cuts_texts(deployed: Deployed) -> None:
    publish(deployed, part("order-1", ago=60, text="x" * 300))
    shown = deployed.run("find", ONE).stdout
    assert "order-1" in shown
    assert "…" in shown
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize(("most", "reads"), [(20, 2), (100, 2), (250, 6)])
def test_the_number_of_reads_is_bounded(deployed: Deployed, most: int, reads: int) -> None:
    publish(deployed, *(part(f"order-{at:04d}", ago=at, recipients={ONE: {}}) for at in range(most)))
    calls: list[str] = []
    client = deployed.connection.dynamodb.meta.events
    client.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    from kobo_cli.lookup import parts_sent_to

    found = list(parts_sent_to(deployed.connection, ONE, since=0, most=most))
    assert len(found) == most
    assert len([call for call in calls if call == "BatchGetItem"]) == -(-most // 100)
    assert len(calls) <= reads + 1


def test_entries_are_small() -> None:
    (entry,) = entries_of(part("x" * 128, ago=0, recipients={ONE: {}}))
    # One write unit is 1 kB.
    assert sum(len(str(name)) + len(str(value)) for name, value in entry.items()) < 1000
