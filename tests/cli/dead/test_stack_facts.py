"""What the command knows of how a stack keeps requests: of this release, and of the one before it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kobo_cli.dead.stack_facts import read_facts
from kobo_cli.errors import CliError
from kobo_sms.sending.part_items import Fingerprints
from tests.cli.dead.conftest import STACK_ID, Graveyard
from tests.cli.dead.letters import KEY


def test_the_key_and_the_namespace_are_the_stacks(graveyard: Graveyard) -> None:
    facts = read_facts(graveyard.deployed.connection)
    assert (facts.fingerprints, facts.namespace) == (Fingerprints(KEY, STACK_ID), "shop")


def test_a_stack_of_the_release_before_has_neither(graveyard: Graveyard) -> None:
    new = {"KOBO_FINGERPRINT_KEY_ARN", "KOBO_MESSAGE_NAMESPACE"}
    left = {name: value for name, value in graveyard.deployed.connection.variables.items() if name not in new}
    facts = read_facts(replace(graveyard.deployed.connection, variables=left))
    assert (facts.fingerprints, facts.namespace) == (Fingerprints(STACK_ID), "")


def test_a_stack_that_is_none_of_ours_is_named(graveyard: Graveyard) -> None:
    del graveyard.cloudformation.parameters["DefaultRegion"]
    with pytest.raises(CliError, match="has no parameter 'DefaultRegion'"):
        read_facts(graveyard.deployed.connection)
