"""The functions and all they need, installed in a running engine and checked."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from local_aws import code
from local_aws.clients import Clients
from local_aws.deployment import deploy
from local_aws.drift import gaps
from local_aws.drift.comparison import differences
from local_aws.drift.expectation import Expected, expected_resources
from local_aws.errors import LocalStackError
from local_aws.lambda_runtime import bootstrap
from local_aws.plan import Plan
from local_aws.template.expansion import expand


@dataclass(frozen=True)
class Installation:
    """What was installed: the stack's outputs and its resources."""

    outputs: dict[str, str]
    resources: list[Expected]


def install(clients: Clients, plan: Plan, progress: Callable[[str], None]) -> Installation:
    """Deploy the template, make up for the engine's gaps, compare, set the credentials.

    Raises LocalStackError when the deployment fails or what exists is not what the template asks for.
    """
    addresses = code.upload(clients, _archives(plan))
    template = expand(plan.template, plan.parameters, addresses)
    gaps.before_deployment(template)
    deployment = deploy(clients, template, plan.parameters)
    resources = expected_resources(clients, template, plan.parameters, deployment)
    gaps.after_deployment(clients, resources)
    found = differences(clients, resources)
    if found:
        raise LocalStackError("what was deployed is not what the template asks for:\n  " + "\n  ".join(found))
    progress(f"deployed {len(resources)} resources, each as the template asks for")
    clients.secretsmanager.put_secret_value(
        SecretId=deployment.outputs["KoboSecretArn"], SecretString=json.dumps(dict(plan.credentials))
    )
    return Installation(dict(deployment.outputs), resources)


def _archives(plan: Plan) -> dict[str, bytes]:
    """Return what to deploy for each function; under Lambda's runtime its code stays where it was built."""
    if plan.lambda_runtime is None:
        return code.pack_each(plan.code)
    bootstrap.use_custom_runtime(plan.template)
    return bootstrap.bootstraps(plan.template, plan.code, plan.lambda_runtime, plan.endpoint)
