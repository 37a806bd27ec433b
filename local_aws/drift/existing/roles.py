"""IAM roles and managed policies."""

from typing import Any

from local_aws.clients import Clients


def read_role(clients: Clients, name: str) -> dict[str, Any]:
    """Read a role by its name, with its inline and attached policies."""
    role = clients.iam.get_role(RoleName=name)["Role"]
    attached = clients.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return {
        "RoleName": name,
        "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"],
        "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached],
        "Policies": [
            {"PolicyName": policy, "PolicyDocument": _document(clients, name, policy)}
            for policy in clients.iam.list_role_policies(RoleName=name)["PolicyNames"]
        ],
    }


def read_managed_policy(clients: Clients, arn: str) -> dict[str, Any]:
    """Read a managed policy by its ARN, with its document in force and the roles it is attached to."""
    policy = clients.iam.get_policy(PolicyArn=arn)["Policy"]
    version = clients.iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    attached = clients.iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")["PolicyRoles"]
    return {
        "Description": policy.get("Description"),
        "PolicyDocument": version["Document"],
        "Roles": [role["RoleName"] for role in attached],
    }


def _document(clients: Clients, role: str, policy: str) -> Any:
    return clients.iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
