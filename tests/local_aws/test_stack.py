"""What a running stack holds: functions, credentials, schedules, local.env."""

import json
import sys
from pathlib import Path

import pytest

from local_aws import environment
from local_aws.drift import gaps
from local_aws.errors import LocalStackError
from local_aws.processes.child import answers
from local_aws.stack import LocalStack, running_stack
from tests.local_aws.consumers import Notes, until

KEYS = {
    "AWS_ENDPOINT_URL",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "KOBO_PRIORITY_QUEUE_URL",
    "KOBO_BULK_QUEUE_URL",
    "KOBO_DEAD_LETTER_QUEUE_URL",
    "KOBO_TABLE",
    "KOBO_SECRET_ARN",
    "KOBO_TOPIC_ARN",
    "KOBO_BASE_URL",
}


def test_local_env_has_the_documented_keys_and_is_what_the_stack_says(stack: LocalStack) -> None:
    assert environment.read(stack.directory) == stack.environment
    assert stack.environment.keys() >= KEYS
    assert all(stack.environment.values())


def test_messages_on_both_lanes_reach_the_function(stack: LocalStack, function_notes: dict[str, Notes]) -> None:
    for lane in ("PRIORITY", "BULK"):
        stack.clients.sqs.send_message(QueueUrl=stack.environment[f"KOBO_{lane}_QUEUE_URL"], MessageBody=lane)
    notes = function_notes["send_sms"].at_least(2)
    assert {record["body"] for note in notes for record in note["event"]["Records"]} == {"PRIORITY", "BULK"}


def test_scheduled_functions_run_again_and_again(function_notes: dict[str, Notes]) -> None:
    for name in ("check_credit", "poll_reports"):
        before = len(function_notes[name].read())
        function_notes[name].at_least(before + 2)


def test_functions_see_what_they_see_in_aws(stack: LocalStack, function_notes: dict[str, Notes]) -> None:
    note = function_notes["poll_reports"].at_least(1)[0]
    assert note["environment"]["KOBO_SECRET_ARN"] == stack.environment["KOBO_SECRET_ARN"]
    assert note["environment"]["KOBO_BASE_URL"] == stack.environment["KOBO_BASE_URL"] == f"{stack.mock_url}/api"
    assert note["environment"]["FIRST_REPORT_AFTER_SECONDS"] == "1"
    assert note["environment"]["AWS_ENDPOINT_URL"] == stack.environment["AWS_ENDPOINT_URL"]


def test_functions_run_in_the_interpreter_of_the_stack_with_the_deployed_code(function_notes: dict[str, Notes]) -> None:
    note = function_notes["poll_reports"].at_least(1)[0]
    assert note["python"] == sys.prefix
    assert note["kobo_sms"] == f"{note['environment']['LAMBDA_TASK_ROOT']}/kobo_sms/__init__.py"


def test_functions_get_nothing_of_the_developers_settings(
    tmp_path: Path, code: Path, function_notes: dict[str, Notes], monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = {
        "AWS_PROFILE": "customer",
        "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    key = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    # A second stack at the same time as the other tests', with another server than the mock, and a key of its own: that
    # each resource has it is compared when it is deployed.
    with running_stack(
        code=code, every=0.2, directory=tmp_path, kobo_url="http://127.0.0.1:1", parameters={"KmsKeyArn": key}
    ) as other:
        url = other.environment["KOBO_BASE_URL"]
        assert (url, other.mock_url) == ("http://127.0.0.1:1/api", None)
        mine = until(lambda: [note for note in function_notes["check_credit"].read() if _base_url(note) == url])
        assert not foreign.keys() & mine[0]["environment"].keys()
        port = int(other.environment["AWS_ENDPOINT_URL"].rpartition(":")[2])
    assert environment.read(tmp_path) is None
    assert not answers(port, "/_ministack/health")
    assert {path.name for path in tmp_path.iterdir()} == {"aws.log", "lock"}


def _base_url(note: dict[str, dict[str, str]]) -> str:
    return note["environment"]["KOBO_BASE_URL"]


def test_the_secret_has_the_mocks_account(stack: LocalStack) -> None:
    secret = stack.clients.secretsmanager.get_secret_value(SecretId=stack.environment["KOBO_SECRET_ARN"])
    assert json.loads(secret["SecretString"]) == {"user": "demo", "pass": "demo-pass"}


def test_the_deployed_schedules_are_off(stack: LocalStack) -> None:
    schedules = stack.clients.scheduler.list_schedules()["Schedules"]
    assert [schedule["State"] for schedule in schedules] == ["DISABLED"] * 3


def test_a_second_stack_in_the_same_directory_is_refused_and_breaks_nothing(stack: LocalStack) -> None:
    with pytest.raises(LocalStackError, match="runs already"), running_stack(directory=stack.directory):
        pass
    stack.check()
    assert environment.read(stack.directory) == stack.environment


def test_a_deployment_that_lacks_something_does_not_start(
    tmp_path: Path, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "after_deployment", lambda *_: None)
    with pytest.raises(LocalStackError) as caught, running_stack(code=code, directory=tmp_path):
        pass
    for name in ("TimeToLiveSpecification", "PointInTimeRecoverySpecification", "SSESpecification"):
        assert f"Messages (AWS::DynamoDB::Table): {name} should be" in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"aws.log", "mock.log", "lock"}
