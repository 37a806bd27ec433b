"""`kobo dead` on a deployed stack: what it shows, what it asks, what it does and what it refuses."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kobo_cli.main import main
from kobo_sms.messages.request import conceal
from kobo_sms.messages.states import State

if TYPE_CHECKING:
    from click.testing import Result

    from tests.cli.dead.conftest import Graveyard

BILLING = "given up after 3 attempts: error_billing"
RETRIED, DROPPED = "retried by an operator", "dropped by an operator"


def run(graveyard: Graveyard, *arguments: str, says: str = "") -> Result:
    """Run `kobo dead`, answering its question."""
    result = CliRunner().invoke(main, ["dead", *arguments], input=says)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def ids(graveyard: Graveyard) -> list[str]:
    return [row["id"] for row in json.loads(run(graveyard, "list", "--json").stdout)]


def test_nothing_is_dead(graveyard: Graveyard) -> None:
    assert run(graveyard, "list").stdout == "no dead letters\n"
    assert json.loads(run(graveyard, "list", "--json").stdout) == []
    result = run(graveyard, "retry")
    assert (result.exit_code, result.stdout) == (0, "no dead letters\n")


def test_the_list_has_the_shape_of_the_contract(graveyard: Graveyard) -> None:
    graveyard.bury()
    id_ = graveyard.put("{not JSON", Reason="body: not JSON (JSONDecodeError)", Lane="priority")
    first, second = json.loads(run(graveyard, "list", "--json").stdout)
    assert list(first) == ["id", "part", "reason", "at", "lane", "attempts"]
    assert first | {"at": ""} == {
        "id": "order-1", "part": "0", "reason": BILLING, "at": "", "lane": "bulk", "attempts": 3,
    }  # fmt: skip
    assert (second["id"], second["part"], second["lane"], second["attempts"]) == (id_, None, "priority", None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["at"])


def test_the_list_is_grouped_by_reason_with_counts_and_age(graveyard: Graveyard) -> None:
    for at in range(7):
        graveyard.bury(f"order-{at}")
    graveyard.put("{}", Reason="to: required")
    shown = run(graveyard, "list").stdout
    assert f"7 letters: {BILLING}\n  died less than a minute ago\n" in shown
    assert "1 letter: to: required\n" in shown
    assert shown.index("7 letters") < shown.index("1 letter:")
    assert "... and 2 more (--all, or --json)" in shown
    assert len(re.findall("order-", shown)) == 5
    assert len(re.findall("order-", run(graveyard, "list", "--all").stdout)) == 7


def test_a_look_hides_nothing(graveyard: Graveyard) -> None:
    graveyard.bury()
    for _ in range(2):
        assert ids(graveyard) == ["order-1"]
    assert len(graveyard.deployed.connection.sqs.receive_message(QueueUrl=graveyard.url)["Messages"]) == 1


def test_what_somebody_else_is_looking_at_is_told(graveyard: Graveyard) -> None:
    graveyard.bury()
    graveyard.bury("order-2")
    graveyard.deployed.connection.sqs.receive_message(QueueUrl=graveyard.url, VisibilityTimeout=60)
    result = run(graveyard, "list", "--json")
    assert len(json.loads(result.stdout)) == 1
    assert result.stderr == "there may be more: SQS counts about 1 letter more: hidden by another look, or just come\n"


def test_show_tells_all_that_is_known(graveyard: Graveyard) -> None:
    part = graveyard.bury(reference="orders/1")
    (found,) = json.loads(run(graveyard, "show", "order-1", "--json").stdout)
    assert found | dict.fromkeys(("at", "queued_at", "deleted_at", "letter", "bytes"), "") == {
        "id": "order-1", "part": "0", "reason": BILLING, "at": "", "lane": "bulk", "attempts": 3, "letter": "",
        "last_answer": "error_billing", "queued_at": "", "receives": 1, "deleted_at": "",
        "recipients": ["2348030100001"], "bad_recipients": 0, "from": "Shop", "type": 0, "pages": 1,
        "reference": "orders/1", "expires_at": None, "sensitive": False, "text": "Text of order-1", "bytes": "",
        "state": "failed", "state_reason": BILLING, "message_uuid": part.message_uuid,
        "retry": "re-open its part, and put it back on its lane", "retry_why": None,
    }  # fmt: skip
    shown = run(graveyard, "show", found["letter"]).stdout
    for line in (
        "id          order-1, part 0",
        "lane        bulk",
        "attempts    3, the last one answered error_billing",
        "to          2348030100001",
        "text        Text of order-1",
        f"state       failed; {BILLING}",
        "a retry     would re-open its part, and put it back on its lane",
    ):
        assert f"{line}\n" in shown


def test_a_text_is_shown_only_where_the_table_keeps_it(graveyard: Graveyard) -> None:
    secret = {"id": "order-2", "to": "+2348030100001", "msg": "4711", "sensitive": True}
    graveyard.put(json.dumps(secret))
    graveyard.put(conceal(json.dumps(secret | {"id": "order-3"})))
    unknown = json.dumps({"id": "order-4", "to": "+2348030100001", "text": "4711"})
    graveyard.put(unknown, Reason="text: unknown field")
    for id_ in ("order-2", "order-3", "order-4"):
        shown = run(graveyard, "show", id_).stdout + run(graveyard, "show", id_, "--json").stdout
        assert "4711" not in shown
        assert id_ in shown
    assert "(sensitive: not shown)" in run(graveyard, "show", "order-2").stdout
    assert f"(not in the table; the letter has {len(unknown)} bytes)" in run(graveyard, "show", "order-4").stdout


def test_nothing_in_a_letter_moves_the_cursor(graveyard: Graveyard) -> None:
    graveyard.put(json.dumps({"id": "x", "to": "+2348030100001", "msg": "hi", "reference": "\x1b[2J\nnext"}))
    shown = run(graveyard, "show", "x").stdout
    assert "\x1b" not in shown
    assert "reference   \ufffd[2J next\n" in shown


def test_an_id_without_a_letter_is_an_error(graveyard: Graveyard) -> None:
    graveyard.bury()
    for arguments in (["show", "nope"], ["retry", "order-1", "nope", "--yes"], ["drop", "nope", "order-1", "--yes"]):
        result = run(graveyard, *arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "kobo: no dead letter of nope was seen: kobo dead list shows those there are\n"
    assert (ids(graveyard), graveyard.waiting("bulk")) == (["order-1"], [])


def test_a_retry_says_first_what_it_sends_and_asks(graveyard: Graveyard) -> None:
    graveyard.has_credit(1234)
    graveyard.bury(to=["+2348030100001", "+2348030100002"], msg="x" * 200)
    graveyard.bury("order-2")
    graveyard.bury("order-3", state=State.UNKNOWN)
    result = run(graveyard, "retry", says="n\n")
    assert result.exit_code == 130
    plan, balance, left, why = result.stdout.splitlines()
    assert plan == "2 letters would go back (bulk 2): 3 SMS, 5 pages"
    assert balance.startswith("balance 1,234, read today ")
    assert left == "1 letter not touched:"
    assert why.startswith("  1  an attempt's answer was lost")
    assert "Put them back? [y/N]" in result.stderr
    assert (len(ids(graveyard)), graveyard.waiting("bulk")) == (3, [])
    assert graveyard.states("order-1") == [("failed", BILLING)]


def test_a_retry_that_is_agreed_to(graveyard: Graveyard) -> None:
    graveyard.bury()
    result = run(graveyard, "retry", says="y\n")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        "balance not known yet: check_credit reads it on its schedule",
        "1 letter put back",
    ]
    assert (ids(graveyard), graveyard.states("order-1")) == ([], [("queued", RETRIED)])
    assert [body["id"] for body in graveyard.waiting("bulk")] == ["order-1"]


def test_what_is_in_doubt_wants_it_spelled_out(graveyard: Graveyard) -> None:
    graveyard.bury(state=State.UNKNOWN)
    refused = run(graveyard, "retry", "order-1", "--yes")
    assert (refused.exit_code, refused.stderr) == (1, "kobo: not all that was asked for is done\n")
    assert "--yes-it-may-double" in refused.stdout
    result = run(graveyard, "retry", "order-1", "--yes-it-may-double", "--yes")
    assert result.exit_code == 0
    assert "  1  an attempt's answer was lost, so it may be sent a second time\n" in result.stdout
    assert graveyard.states("order-1") == [("sending", RETRIED)]
    assert len(graveyard.waiting("bulk")) == 1


def test_words_of_a_reason_select(graveyard: Graveyard) -> None:
    graveyard.bury()
    graveyard.bury("order-2", token="error_gw")
    assert run(graveyard, "retry", "--reason", "ERROR_GW", "--yes").exit_code == 0
    assert ids(graveyard) == ["order-1"]
    nothing = run(graveyard, "retry", "--reason", "nothing like it", "--yes")
    assert (nothing.exit_code, nothing.stdout) == (0, "no dead letters\n")


def test_a_letter_without_a_lane_asks_for_one(graveyard: Graveyard) -> None:
    graveyard.put(json.dumps({"id": "lost", "to": "+2348030100001", "msg": "Hello"}))
    refused = run(graveyard, "retry", "lost", "--yes")
    assert refused.exit_code == 1
    assert "  1  nothing says which lane it came from; say which with --lane\n" in refused.stdout
    assert run(graveyard, "retry", "lost", "--lane", "priority", "--yes").exit_code == 0
    assert [body["id"] for body in graveyard.waiting("priority")] == ["lost"]


def test_what_stays_is_no_error_unless_it_was_named(graveyard: Graveyard) -> None:
    graveyard.bury()
    graveyard.put("{not JSON", Reason="body: not JSON", Lane="bulk")
    result = run(graveyard, "retry", "--yes", "--json")
    assert result.exit_code == 0
    back, left = json.loads(result.stdout)
    assert (back["id"], back["done"], back["why"]) == ("order-1", "put back", None)
    assert (left["part"], left["done"]) == (None, "not touched")
    assert left["why"] == "it is no request that can be sent; at fault: body"
    assert "1 letter put back\n" in result.stderr


def test_a_drop_says_first_what_it_does_and_asks(graveyard: Graveyard) -> None:
    graveyard.bury()
    unread = graveyard.put("{not JSON", Reason="body: not JSON")
    unclaimed = json.dumps({"id": "order-9", "to": "+2348030100001", "msg": "Hello"})
    graveyard.put(unclaimed, Reason="campaign: unknown field")
    refused = run(graveyard, "drop", "order-1", "order-9", unread, says="n\n")
    assert refused.exit_code == 130
    assert refused.stdout.splitlines() == [
        "1 letter would be dropped: the table then says 'dropped by an operator'",
        "2 letters only deleted:",
        "  1  its record stays as it is: failed",
        "  1  the table has no record of it: it cannot be read",
    ]
    assert len(ids(graveyard)) == 3
    result = run(graveyard, "drop", "order-1", "order-9", unread, says="y\n")
    assert (result.exit_code, ids(graveyard)) == (0, [])
    assert (graveyard.states("order-1"), graveyard.states("order-9")) == ([("failed", BILLING)], [("failed", DROPPED)])
    assert graveyard.waiting("bulk") == []


def test_an_attempt_under_way_is_not_dropped(graveyard: Graveyard) -> None:
    part = graveyard.bury()
    key = {"id": {"S": "order-1"}, "part": {"S": "0"}}
    connection = graveyard.deployed.connection
    connection.dynamodb.delete_item(TableName=connection.variables["KOBO_TABLE"], Key=key)
    graveyard.store.claim(part, token="u", now=graveyard.now, until=graveyard.now + 30)
    result = run(graveyard, "drop", "order-1", "--yes")
    assert result.exit_code == 1
    assert "an attempt at it is under way" in result.stdout
    assert ids(graveyard) == ["order-1"]
    assert [item["state"] for item in connection.items_of("order-1")] == ["sending"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["retry", "order-1", "--reason", "x"],
        ["retry", "--reason", " "],
        ["retry", "--lane", "fast"],
        ["drop"],
        ["show"],
        ["list", "order-1"],
        ["bury"],
    ],
)
def test_bad_usage_ends_with_2(graveyard: Graveyard, arguments: list[str]) -> None:
    graveyard.bury()
    result = run(graveyard, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert ids(graveyard) == ["order-1"]


def test_a_stack_that_is_none_of_ours_is_told(graveyard: Graveyard) -> None:
    del graveyard.cloudformation.parameters["StoreText"]
    result = run(graveyard, "retry", "--yes")
    assert (result.exit_code, result.stderr) == (1, "kobo: the stack kobo-sms has no parameter 'StoreText'\n")
    graveyard.cloudformation.parameters.clear()
    result = run(graveyard, "retry", "--yes")
    assert result.exit_code == 1
    assert result.stderr.startswith("kobo: An error occurred (ValidationError)")


@pytest.mark.parametrize("name", ["list", "show", "retry", "drop"])
def test_each_command_shows_an_example_of_itself(name: str) -> None:
    assert f"Example: kobo dead {name}" in CliRunner().invoke(main, ["dead", name, "--help"]).stdout
