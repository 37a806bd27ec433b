"""What template.yaml promises: its parameters and outputs, least privilege, and times that fit together."""

import re
from pathlib import Path
from typing import Any

import pytest

from kobo_sms.campaigns.queueing import pause_after as campaign_pause
from kobo_sms.composition import settings
from kobo_sms.messages.quiet_hours import read_quiet_hours
from kobo_sms.reports.writer import pause_after
from kobo_sms.table import CAMPAIGN_INDEX, CAMPAIGNS_DUE, CAMPAIGNS_ID, DUE_SHARDS
from local_aws.environment import names_of
from local_aws.template.source import load

TEMPLATE: dict[str, Any] = load(Path(__file__).parent.parent / "template.yaml")
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
FUNCTIONS = {name: each for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function"}
ROLES = {name: each for name, each in RESOURCES.items() if each["Type"] == "AWS::IAM::Role"}

# None where a parameter has no default.
PARAMETERS = {
    "KoboBaseUrl": "https://kobomobile.net/api",
    "DefaultSenderId": None,
    "DefaultRegion": "NG",
    "SendConcurrency": None,
    "CheckConcurrency": 0,
    "LowCredit": None,
    "CriticalCredit": None,
    "AlertEmail": None,
    "CreditSchedule": "rate(1 minute)",
    "ReportSchedule": "rate(1 minute)",
    "ReportShards": 1,
    "FirstReportAfterSeconds": 120,
    "GiveUpReportsAfterHours": 72,
    "RetryBaseSeconds": 5,
    "RetryMaxSeconds": 900,
    "MaxAttempts": 12,
    "HttpTimeoutSeconds": 10,
    "KeepRecordsDays": 30,
    "StoreText": "true",
    "TimeZone": "Africa/Lagos",
    "BulkQuietHours": "",
    "FindByNumber": "true",
    "MessageNamespace": "",
    "ProtectTable": "true",
    "KmsKeyArn": "",
}
# What local.env lists beyond how to reach AWS.
VARIABLES = {
    "KOBO_VERSION",
    "KOBO_PRIORITY_QUEUE_URL",
    "KOBO_BULK_QUEUE_URL",
    "KOBO_DEAD_LETTER_QUEUE_URL",
    "KOBO_UNPUBLISHED_QUEUE_URL",
    "KOBO_PRODUCER_POLICY_ARN",
    "KOBO_TABLE",
    "KOBO_CAMPAIGNS_BUCKET",
    "KOBO_KEEP_RECORDS_DAYS",
    "KOBO_TIME_ZONE",
    "KOBO_DEFAULT_REGION",
    "KOBO_BULK_QUIET_HOURS",
    "KOBO_SECRET_ARN",
    "KOBO_FINGERPRINT_KEY_ARN",
    "KOBO_MESSAGE_NAMESPACE",
    "KOBO_TOPIC_ARN",
    "KOBO_BASE_URL",
}


def environment(function: str) -> dict[str, str]:
    """The variables that a function gets, each with a value that its kind could have."""
    shared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    own = FUNCTIONS[function]["Properties"].get("Environment", {}).get("Variables", {})
    return {name: str(_value(value)) for name, value in {**shared, **own}.items()}


def _value(node: Any) -> Any:
    if isinstance(node, dict) and node.get("Ref") in TEMPLATE["Parameters"]:
        return TEMPLATE["Parameters"][node["Ref"]]["Default"]
    return 2 if isinstance(node, dict) and "Fn::FindInMap" in node else "something"


def test_parameters_are_those_of_the_design_with_its_defaults() -> None:
    assert set(TEMPLATE["Parameters"]) == set(PARAMETERS)
    for name, default in PARAMETERS.items():
        assert "Default" in TEMPLATE["Parameters"][name], name
        assert default in (None, TEMPLATE["Parameters"][name]["Default"]), name
        assert TEMPLATE["Parameters"][name]["Description"], name


def test_whoever_deploys_by_hand_finds_each_parameter_in_one_group() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(TEMPLATE["Parameters"])


def test_outputs_have_the_names_of_local_env() -> None:
    assert set(names_of(dict.fromkeys(TEMPLATE["Outputs"], ""))) == VARIABLES


def test_each_function_gets_the_environment_that_it_reads() -> None:
    for function in FUNCTIONS:
        settings.read_kobo(environment(function))
        settings.read_store(environment(function))
    settings.read_send(environment("SendSms"))
    settings.read_reports(environment("PollReports"))
    settings.read_events(environment("PublishStatus"))
    settings.read_campaigns(environment("QueueCampaign"))


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("", True),
        ("20:00-08:00", True),
        ("00:00-23:59", True),
        ("20:00-20:00", False),
        ("00:00-24:00", False),
        ("8:00-20:00", False),
        ("20:00", False),
        ("20:60-08:00", False),
        ("20:00-08:00 ", False),
    ],
)
def test_quiet_hours_that_make_no_sense_fail_at_deployment(value: str, allowed: bool) -> None:
    parameter = TEMPLATE["Parameters"]["BulkQuietHours"]
    assert (re.fullmatch(parameter["AllowedPattern"], value) is not None) == allowed
    assert "as 20:00-08:00" in parameter["ConstraintDescription"]
    if value and not allowed:
        with pytest.raises(ValueError, match="20:00-08:00"):
            read_quiet_hours(value, "Africa/Lagos", pytest.fail)


def test_a_time_zone_that_does_not_exist_fails_at_deployment() -> None:
    # Nothing in CloudFormation knows the zones, but EventBridge Scheduler does.
    tick = FUNCTIONS["CheckCredit"]["Properties"]["Events"]["Tick"]["Properties"]
    assert tick["ScheduleExpressionTimezone"] == {"Ref": "TimeZone"}


@pytest.mark.parametrize("function", ["SendSms", "CheckCredit"])
def test_who_closes_and_who_sends_know_the_same_quiet_hours(function: str) -> None:
    known = environment(function) | {"BULK_QUIET_HOURS": "20:00-08:00"}
    assert settings.read_bulk_quiet_hours(known, pytest.fail) is not None
    assert environment(function)["BULK_QUIET_HOURS"] == ""


@pytest.mark.parametrize("concurrency", TEMPLATE["Parameters"]["SendConcurrency"]["AllowedValues"])
def test_invocations_times_calls_make_the_send_concurrency(concurrency: int) -> None:
    row = TEMPLATE["Mappings"]["CallsAtOnce"][str(concurrency)]
    assert row["Invocations"] * row["EachCalls"] == concurrency
    # Lambda: MaximumConcurrency lies between 2 and 1,000.
    assert 2 <= row["Invocations"] <= 1000


def test_no_role_may_do_more_than_it_says() -> None:
    for name, role in ROLES.items():
        assert "ManagedPolicyArns" not in role["Properties"], name
        for policy in role["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert "*" not in str(statement["Action"]), name
                assert statement["Resource"] != "*", name


def test_a_producer_may_put_requests_on_the_two_queues_and_nothing_else() -> None:
    policy = RESOURCES[TEMPLATE["Outputs"]["KoboProducerPolicyArn"]["Value"]["Ref"]]
    assert policy["Type"] == "AWS::IAM::ManagedPolicy"
    # It is attached to nobody yet: not to the functions, nor to whoever deploys.
    assert not {"Roles", "Users", "Groups"} & set(policy["Properties"])
    statement, use_of_key = policy["Properties"]["PolicyDocument"]["Statement"]
    assert use_of_key["Fn::If"][0] == "OwnKey"
    queues = [{"Fn::GetAtt": ["PriorityQueue", "Arn"]}, {"Fn::GetAtt": ["BulkQueue", "Arn"]}]
    assert statement == {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queues}


def test_a_shard_may_invoke_its_own_function_and_nothing_else() -> None:
    policy = RESOURCES["PollReportsInvokesItself"]
    assert policy["Condition"] == "SeveralReportShards"
    assert policy["Properties"]["Roles"] == [{"Ref": "PollReportsRole"}]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == (
        "lambda:InvokeFunction",
        {"Fn::GetAtt": ["PollReports", "Arn"]},
    )


@pytest.mark.parametrize("shards", TEMPLATE["Parameters"]["ReportShards"]["AllowedValues"])
def test_each_report_shard_has_as_many_partitions_of_the_index(shards: int) -> None:
    assert len(DUE_SHARDS) % shards == 0


def test_each_function_has_a_role_and_a_log_group_of_its_own() -> None:
    for name, function in FUNCTIONS.items():
        assert function["Properties"]["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        assert function["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}
        assert RESOURCES[f"{name}Logs"]["Properties"]["RetentionInDays"]


def test_a_campaigns_files_are_private_and_expire() -> None:
    bucket = RESOURCES["Campaigns"]["Properties"]
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == {"Fn::If": ["OwnKey", "aws:kms", "AES256"]}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["Prefix"]) == ("Enabled", "")
    assert rule["ExpirationInDays"] == {"Ref": "KeepRecordsDays"}
    (statement,) = RESOURCES["CampaignsOverTlsOnly"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


def test_queue_campaign_writes_campaigns_and_nothing_else() -> None:
    (policy,) = RESOURCES["QueueCampaignRole"]["Properties"]["Policies"]
    writes = [each for each in policy["PolicyDocument"]["Statement"] if "dynamodb:UpdateItem" in str(each["Action"])]
    assert [each["Condition"] for each in writes] == [
        {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [CAMPAIGNS_ID]}}
    ]


def test_the_alarm_of_a_campaign_that_is_put_off_rings_until_there_is_none() -> None:
    alarm = RESOURCES["CampaignPutOffAlarm"]["Properties"]
    assert alarm["DatapointsToAlarm"] == 1
    assert campaign_pause(1000) + alarm["Period"] + 60 <= alarm["Period"] * alarm["EvaluationPeriods"]


def test_the_indexes_are_those_that_the_code_asks() -> None:
    table = RESOURCES["Messages"]["Properties"]
    assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {"due", CAMPAIGN_INDEX}
    assert CAMPAIGNS_DUE not in DUE_SHARDS


@pytest.mark.parametrize("queue", ["PriorityQueue", "BulkQueue"])
def test_a_message_stays_hidden_for_longer_than_a_function_can_hold_it(queue: str) -> None:
    send = FUNCTIONS["SendSms"]["Properties"]
    assert RESOURCES[queue]["Properties"]["VisibilityTimeout"] >= 3 * send["Timeout"]
    # One call with a refetched password is two calls; the margin is what sending.py keeps for AWS.
    assert send["Timeout"] >= TEMPLATE["Parameters"]["HttpTimeoutSeconds"]["MaxValue"] + 5


def test_the_alarm_of_a_part_that_is_put_off_rings_until_there_is_none() -> None:
    alarm = RESOURCES["PartsPutOffAlarm"]["Properties"]
    assert alarm["DatapointsToAlarm"] == 1
    # Its datapoints are those of whole hours, and the schedule's next tick may come a minute late.
    assert pause_after(1000) + alarm["Period"] + 60 <= alarm["Period"] * alarm["EvaluationPeriods"]


def test_sqs_hands_back_only_what_failed() -> None:
    for event in FUNCTIONS["SendSms"]["Properties"]["Events"].values():
        assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert "MaximumBatchingWindowInSeconds" not in event["Properties"]


def test_what_a_new_account_runs_at_once_leaves_room_beside_the_two_lanes() -> None:
    """Ten, of all functions together; check_credit, a probe of it, poll_reports, publish_status and queue_campaign."""
    default = str(TEMPLATE["Parameters"]["SendConcurrency"]["Default"])
    assert 2 * TEMPLATE["Mappings"]["CallsAtOnce"][default]["Invocations"] + 5 <= 10
    # AWS refuses any reservation there: by default there is none.
    reserved = {name for name, each in FUNCTIONS.items() if "ReservedConcurrentExecutions" in each["Properties"]}
    assert reserved == {"CheckCredit"}
    asked = FUNCTIONS["CheckCredit"]["Properties"]["ReservedConcurrentExecutions"]
    assert asked == {"Fn::If": ["ReservedForChecks", {"Ref": "CheckConcurrency"}, {"Ref": "AWS::NoValue"}]}
    assert TEMPLATE["Conditions"]["ReservedForChecks"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "CheckConcurrency"}, 0]}]
    }


def test_an_invocation_takes_a_batch_that_keeps_all_its_calls_busy() -> None:
    rows = TEMPLATE["Mappings"]["CallsAtOnce"].values()
    for event in FUNCTIONS["SendSms"]["Properties"]["Events"].values():
        assert max(row["EachCalls"] for row in rows) <= event["Properties"]["BatchSize"]


def test_only_who_feeds_its_own_queue_may_run_in_a_loop() -> None:
    """Of 500 numbers a part is halved nine times, after the request was split: too near to the 16 turns that Lambda
    allows, and a message that waits for long is put again besides."""
    allowed = {name for name, each in FUNCTIONS.items() if each["Properties"].get("RecursiveLoop") == "Allow"}
    feeds_itself = {
        name
        for name, each in FUNCTIONS.items()
        for event in each["Properties"]["Events"].values()
        if event["Type"] == "SQS" and _may_send_to(name, event["Properties"]["Queue"])
    }
    assert allowed == feeds_itself == {"SendSms"}


def _may_send_to(function: str, queue: Any) -> bool:
    (policy,) = RESOURCES[f"{function}Role"]["Properties"]["Policies"]
    return any(
        "sqs:SendMessage" in statement["Action"] and queue in statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        if isinstance(statement["Resource"], list)
    )
