"""CloudFormation's functions."""

import pytest

from local_aws.errors import LocalStackError
from local_aws.template.intrinsics import Resolver

RESOLVER = Resolver(
    references={"Size": "10", "Empty": "", "AWS::Region": "eu-west-1", "Queue": "http://queue"},
    attribute=lambda name, attribute: f"{name}<{attribute}>",
    mappings={"Sizes": {"10": {"Each": 2}}},
    conditions={
        "Given": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Empty"}, ""]}]},
        "Both": {"Fn::And": [{"Condition": "Given"}]},
    },
)


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"Ref": "Queue"}, "http://queue"),
        ({"a": [{"Ref": "Size"}]}, {"a": ["10"]}),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "Queue<Arn>"),
        ({"Fn::GetAtt": "Queue.Arn"}, "Queue<Arn>"),
        ({"Fn::Sub": "${Queue.Arn}/x/${Size}/${!Kept}"}, "Queue<Arn>/x/10/${Kept}"),
        ({"Fn::Sub": ["${own}-${Size}", {"own": {"Ref": "AWS::Region"}}]}, "eu-west-1-10"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}, "a-10"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Size"}, "Each"]}, 2),
        ({"Fn::If": ["Given", 1, 2]}, 2),
        ({"Fn::If": ["Both", 1, {"Ref": "Size"}]}, "10"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}]}, {"b": []}),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)
def test_functions_are_worked_out(value: object, result: object) -> None:
    assert RESOLVER.resolve(value) == result


@pytest.mark.parametrize("value", [{"Ref": "Nobody"}, {"Fn::GetAZs": ""}])
def test_what_is_not_known_is_an_error(value: object) -> None:
    with pytest.raises(LocalStackError):
        RESOLVER.resolve(value)
