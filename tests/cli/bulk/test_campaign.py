"""A campaign's id, its requests, and the files that carry it."""

from __future__ import annotations

import csv
import gzip
import json
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kobo_cli.bulk.checking import Checked
from kobo_cli.bulk.hand_over import CAMPAIGN, REQUESTS, ROWS, hand_over
from kobo_cli.request_schema import schema
from kobo_sms.credit.wording import WAT
from kobo_sms.messages.request import parse
from tests.cli.bulk.conftest import Check, campaign_of, number, people


def id_of(checked: Checked) -> str:
    return campaign_of(checked).id


def requests_of(checked: Checked) -> list[Any]:
    return [json.loads(request.to_json()) for request, _ in campaign_of(checked).requests()]


def test_each_text_of_its_own_is_a_request_of_its_own(check: Check) -> None:
    requests = requests_of(check(people("Ada", "Bo"), id="easter", sender="Shop", promotional=True))
    shared = {"from": "Shop", "promotional": True, "campaign": "easter"}
    assert sorted((request["to"], request["msg"]) for request in requests) == [
        (["+" + number(0)], "Hello Ada"),
        (["+" + number(1)], "Hello Bo"),
    ]
    assert [request["id"] for request in requests] == ["easter:1", "easter:2"]
    assert all(shared.items() <= request.items() for request in requests)


def test_what_is_not_asked_for_is_left_out(check: Check) -> None:
    checked = check(people("Ada"))
    assert requests_of(checked) == [
        {"id": f"{id_of(checked)}:1", "to": ["+" + number(0)], "msg": "Hello Ada", "campaign": id_of(checked)}
    ]


@pytest.mark.parametrize(("people_", "sizes"), [(1, [1]), (500, [500]), (501, [500, 1]), (1201, [500, 500, 201])])
def test_equal_texts_share_requests_of_500_numbers(check: Check, people_: int, sizes: list[int]) -> None:
    checked = check(people(*map(str, range(people_))), "The same")
    requests = requests_of(checked)
    assert [len(request["to"]) for request in requests] == sizes
    assert checked.workspace.requests() == len(sizes)
    assert sorted(to for request in requests for to in request["to"]) == [f"+{number(at)}" for at in range(people_)]


def test_a_few_texts_are_shared_by_those_who_get_them(check: Check) -> None:
    requests = requests_of(check(people("Lagos", "Kano", "Lagos", "Jos", "Kano")))
    assert sorted(len(request["to"]) for request in requests) == [1, 2, 2]


NAMES = ["Ada", "Bo", "Ada", "Chi", "Ada", "Ẹni"]


def test_the_order_of_rows_and_other_columns_change_nothing(check: Check, tmp_path: Path) -> None:
    first = handed_over(check(people(*NAMES)), tmp_path / "a")[REQUESTS]
    rows = people(*NAMES).splitlines()[1:]
    random.Random(1).shuffle(rows)
    again = "name;x;GSM No\n" + "".join(f"{name};junk;0{to[3:]}\n" for to, name in (row.split(",") for row in rows))
    assert handed_over(check(again + again.splitlines()[1]), tmp_path / "b")[REQUESTS] == first


def test_the_order_of_many_rows_with_one_text_changes_nothing(check: Check) -> None:
    header, *rows = people(*["Ada"] * 501).splitlines()
    first = requests_of(check("\n".join([header, *rows])))
    random.Random(2).shuffle(rows)
    assert requests_of(check("\n".join([header, *rows]))) == first


def test_text_sender_and_people_make_the_id_and_nothing_else_does(check: Check) -> None:
    usual = id_of(check(people(*NAMES)))
    assert usual.startswith("campaign-")
    at = datetime(2099, 1, 1, tzinfo=WAT)
    assert usual == id_of(check(people(*NAMES), promotional=True, at=at))
    others = {
        id_of(check(people(*NAMES), "Hello {name}!")),
        id_of(check(people(*NAMES), sender="Shop")),
        id_of(check(people(*NAMES[:-1]))),
        id_of(check(people(*reversed(NAMES)))),
    }
    assert len(others | {usual}) == 5
    assert id_of(check(people("Ada"))) != id_of(check(people("Bo")))


def test_an_id_of_ones_own_leaves_the_digest_as_it_is(check: Check) -> None:
    derived, named = campaign_of(check(people(*NAMES))), campaign_of(check(people(*NAMES), id="easter"))
    assert (named.id, named.digest) == ("easter", derived.digest)


def handed_over(checked: Checked, directory: Path) -> dict[str, bytes]:
    directory.mkdir(exist_ok=True)
    hand_over(campaign_of(checked), directory)
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_files_of_a_campaign(check: Check, tmp_path: Path) -> None:
    content = 'Phone,"Na\nme",City\n0803 010 0001,Ada,"Jos, Plateau"\n8030100002,Bo,=1\n+2348030100003,Ada,\n'
    at = datetime(2099, 1, 1, 9, tzinfo=WAT)
    files = handed_over(check(content, id="easter", sender="Shop", at=at), tmp_path / "out")
    assert set(files) == {REQUESTS, ROWS, CAMPAIGN}
    requests = [json.loads(line) for line in gzip.decompress(files[REQUESTS]).decode().splitlines()]
    rows = list(csv.reader(files[ROWS].decode().splitlines(keepends=True)))
    assert rows[0] == ["request", "line", "number", "Phone", "Na\nme", "City"]
    cells = {row[2]: row for row in rows[1:]}
    assert cells["2348030100001"][1:] == ["3", "2348030100001", "0803 010 0001", "Ada", "Jos, Plateau"]
    assert cells["2348030100002"][1:] == ["4", "2348030100002", "8030100002", "Bo", "=1"]
    # Each number of a request has its row, in the order of the requests.
    sent = [[request["id"], to.removeprefix("+")] for request in requests for to in request["to"]]
    assert sent == [[row[0], row[2]] for row in rows[1:]]
    about = json.loads(files[CAMPAIGN])
    assert about.pop("digest") == campaign_of(check(content, sender="Shop")).digest
    assert about.pop("written") == campaign_of(check(content, sender="Shop")).written
    assert about == {
        "campaign": "easter", "from": "Shop", "promotional": False, "at": "2099-01-01T09:00:00+01:00",
        "requests": 2, "recipients": 3, "pages": 3, "derived": False,
    }  # fmt: skip


def test_a_repetition_makes_the_same_bytes(check: Check, tmp_path: Path) -> None:
    first = handed_over(check(people(*NAMES)), tmp_path / "a")
    assert handed_over(check(people(*NAMES)), tmp_path / "b") == first
    assert handed_over(check(people(*NAMES)), tmp_path / "a") == first
    # The header of a gzip file (RFC 1952): no flag, so no name either, and no moment.
    assert first[REQUESTS][3:8] == bytes(5)


def test_files_that_are_not_complete_have_no_campaign_json(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over(check(people(*NAMES)), tmp_path)
    campaign = campaign_of(check(people(*NAMES)))
    monkeypatch.setattr(type(campaign), "requests", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hand_over(campaign, tmp_path)
    assert not (tmp_path / CAMPAIGN).exists()


VALIDATOR = Draft202012Validator(schema())
VALUE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\0"'), max_size=50)


@given(
    st.lists(VALUE, max_size=9), st.integers(1, 100), st.sampled_from(["Shop", "1234567890123456", None]), st.booleans()
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_request_is_one_that_the_queue_takes(
    check: Check, values: list[str], length: int, sender: str | None, promotional: bool
) -> None:
    quoted = people("Ada", *(f'"{value}"' for value in values))
    checked = check(quoted, id="c" * length, sender=sender, promotional=promotional)
    for request, recipients in campaign_of(checked).requests():
        body = request.to_json()
        VALIDATOR.validate(json.loads(body))
        assert parse(body, region="ZZ", default_id="") == request
        assert {each.text for each in recipients} == {request.msg}
        assert tuple(each.number for each in recipients) == request.to
        assert request.campaign == "c" * length


def test_the_id_of_the_last_request_of_the_longest_campaign_fits() -> None:
    body = {"id": "c" * 100 + ":" + "9" * 27, "to": "+2348030100001", "msg": "x", "campaign": "c" * 100}
    VALIDATOR.validate(body)
    assert parse(json.dumps(body), region="NG", default_id="").id == body["id"]
