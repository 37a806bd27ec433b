"""What template.yaml allows each function, in the transformed template with every reference worked out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from local_aws import plan
from local_aws.template import parameters
from local_aws.template.expansion import expand
from local_aws.template.intrinsics import Resolver
from local_aws.template.source import Template, code_folders, load
from tests.integration.least_privilege.requests import ACCOUNT, REGION, Request, arn, queue_arn, table_arn

Change = Callable[[Template], None]
FUNCTION, ROLE, MANAGED_POLICY = "AWS::Lambda::Function", "AWS::IAM::Role", "AWS::IAM::ManagedPolicy"


@dataclass(frozen=True)
class Grant:
    """One action on one resource that a policy allows, under `condition`: keys with the values allowed, by operator."""

    action: str
    resource: str
    condition: Mapping[str, Mapping[str, tuple[str, ...]]]

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}" + (f" if {self.condition}" if self.condition else "")

    @property
    def keys(self) -> set[str]:
        """The condition keys that it looks at."""
        return {key for key, _ in self.values()}

    def values(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each condition key with its values."""
        for keys in self.condition.values():
            yield from keys.items()

    def allows(self, request: Request) -> bool:
        return (
            fnmatchcase(request.action.lower(), self.action.lower())
            and fnmatchcase(request.resource, self.resource)
            and all(
                _holds(operator, values, request.context.get(key, ()))
                for operator, keys in self.condition.items()
                for key, values in keys.items()
            )
        )


def _holds(operator: str, wanted: tuple[str, ...], found: tuple[str, ...]) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if name not in {"StringEquals", "StringLike", "ArnEquals", "ArnLike"}:
        raise LookupError(f"nobody works out the condition operator {operator} here; add it to {__name__}")
    like = name != "StringEquals"
    met = [any(fnmatchcase(value, one) if like else value == one for one in wanted) for value in found]
    # Of a key that the request lacks, "for all values" is true.
    return all(met) if quantifier == "ForAllValues" else bool(met) and all(met)


class Deployed:
    """The transformed template as deployed with some parameters; `names` has what a Ref of each resource gives.

    `change` changes the template before it is transformed.
    """

    def __init__(
        self, names: Mapping[str, str], given: Mapping[str, str] | None = None, change: Change | None = None
    ) -> None:
        self.given = dict(given or {})
        parameters = frozenset(self.given.items())
        self.template, settled = _expand(parameters, change) if change else _expanded(parameters)
        self._types = {name: each["Type"] for name, each in self.template["Resources"].items()}
        self._names = {name: names.get(name) or _usual_name(name, type_) for name, type_ in self._types.items()}
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::StackId": "stack-id",
            "AWS::StackName": "kobo",
            "AWS::URLSuffix": "amazonaws.com",
        }
        self._resolver = Resolver(
            pseudo | settled | self._names,
            self._attribute,
            self.template.get("Mappings", {}),
            self.template.get("Conditions", {}),
        )

    def of_type(self, type_: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the resources that exist, by logical name."""
        return {
            name: self._resolver.resolve(each.get("Properties", {}))
            for name, each in self.template["Resources"].items()
            if each["Type"] == type_ and ("Condition" not in each or self._resolver.holds(each["Condition"]))
        }

    def ref(self, name: str) -> str:
        return self._names[name]

    def arn_of(self, name: str) -> str:
        return self._attribute(name, "Arn")

    def grants(self) -> dict[str, list[Grant]]:
        """Return what each function is allowed, by the function's logical name."""
        roles = self.of_type(ROLE)
        attached = self.of_type(MANAGED_POLICY).values()
        found: dict[str, list[Grant]] = {}
        for function, properties in self.of_type(FUNCTION).items():
            role = next(name for name in roles if self.arn_of(name) == properties["Role"])
            assert "ManagedPolicyArns" not in roles[role], f"{role}: what these allow is not in the template"
            documents = [policy["PolicyDocument"] for policy in roles[role]["Policies"]]
            documents += [each["PolicyDocument"] for each in attached if role in each.get("Roles", [])]
            found[function] = [grant for document in documents for grant in grants_of(document)]
        return found

    def _attribute(self, name: str, wanted: str) -> str:
        type_, ref = self._types[name], self._names[name]
        if wanted == "StreamArn":
            return f"{table_arn(ref)}/stream/2026-11-29T00:00:00.000"
        if wanted in {"QueueName", "TopicName"}:
            return re.split("[/:]", ref)[-1]
        arns = {
            "AWS::DynamoDB::Table": table_arn(ref),
            "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{ref}",
            "AWS::Lambda::Function": arn("lambda", f"function:{ref}"),
            "AWS::Logs::LogGroup": arn("logs", f"log-group:{ref}:*"),
            "AWS::SQS::Queue": queue_arn(ref),
            "AWS::S3::Bucket": f"arn:aws:s3:::{ref}",
            "AWS::Events::Rule": arn("events", f"rule/{ref}"),
        }
        # What else there is, its ARN is its Ref, or matters to no policy.
        return arns.get(type_, ref)


def _expand(given: frozenset[tuple[str, str]], change: Change | None = None) -> tuple[Template, dict[str, str]]:
    """Return the transformed template and the values of its parameters."""
    template = load(plan.SOURCE)
    if change:
        change(template)
    settled = parameters.settle(template["Parameters"], dict(given))
    code = dict.fromkeys(code_folders(template, plan.ROOT), "s3://code/any.zip")
    return expand(template, settled, code), settled


_expanded = cache(_expand)


def _usual_name(name: str, type_: str) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}" if type_ == "AWS::SQS::Queue" else name


def grants_of(document: Mapping[str, Any]) -> Iterator[Grant]:
    """Yield each pair of action and resource that a policy document allows; there is nothing else in ours."""
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & set(statement)
        condition = {
            operator: {key: tuple(_listed(values)) for key, values in keys.items()}
            for operator, keys in statement.get("Condition", {}).items()
        }
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield Grant(action, resource, condition)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
