"""IAM roles."""

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


def _document(clients: Clients, role: str, policy: str) -> Any:
    return clients.iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
