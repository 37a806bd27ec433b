"""A text that died is sent after all, once, by an operator's retry."""

import json

from rich.console import Console

from kobo_cli.commands.send import wait_for
from kobo_cli.connection import local_connection
from local_aws.stack import LocalStack
from mock_kobo.control_client import MockControl
from tests.end_to_end.conftest import Kobo

NUMBER = "2348030103001"


def test_dead_then_retried_then_delivered(stack: LocalStack, kobo: Kobo) -> None:
    with MockControl(str(stack.mock_url)) as mock:
        # As the magic recipient of error_billing, but one that can be healed.
        mock.add_fault(endpoint="send", answer="error_billing", to=NUMBER)
        try:
            sent = kobo("send", NUMBER, "--msg", "Hello", "--id", "dead-1", "--lane", "bulk", "--wait", "--json")
        finally:
            mock.clear_faults()
        assert json.loads(sent.stdout)["counts"] == {"failed": 1}, sent.stderr
        rows = [row for row in json.loads(kobo("dead", "list", "--json").stdout) if row["id"] == "dead-1"]
        assert [(row["part"], row["lane"], row["attempts"]) for row in rows] == [("0", "bulk", 3)]
        assert "error_billing" in rows[0]["reason"]
        shown = kobo("dead", "show", "dead-1")
        assert "a retry     would re-open its part, and put it back on its lane\n" in shown.stdout
        retried = kobo("dead", "retry", "dead-1", "--yes")
        assert retried.returncode == 0, retried.stderr
        assert retried.stdout.startswith("1 letter would go back (bulk 1): 1 SMS, 1 page\nbalance ")
        status = wait_for(local_connection(stack.environment), "dead-1", 60, Console(quiet=True))
        assert status["counts"] == {"delivered": 1}
        assert status["parts"][0]["message_uuid"] == json.loads(sent.stdout)["parts"][0]["message_uuid"]
        assert [sms["to"] for sms in mock.messages if sms["to"] == NUMBER] == [NUMBER]
    again = kobo("dead", "retry", "dead-1", "--yes")
    assert (again.returncode, again.stdout) == (1, "")
