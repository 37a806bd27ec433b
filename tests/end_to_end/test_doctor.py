"""`kobo doctor` of the local stack, as its user runs it; what AWS does not tell here it says."""

from __future__ import annotations

import json

from tests.end_to_end.conftest import Kobo

# What other tests do to the shared stack meanwhile is not among it.
WELL = {"secret", "kobomobile", "checks", "concurrency", "alarms", "clock"}


def test_the_local_stack_is_well(kobo: Kobo) -> None:
    result = kobo("doctor", "--json")
    assert result.stdout, result.stderr
    found = {each["check"]: each for each in json.loads(result.stdout)["findings"]}
    assert {check: each["level"] for check, each in found.items() if check in WELL} == dict.fromkeys(WELL, "ok"), found
    # Nobody gave it an AlertEmail.
    assert found["subscribers"]["level"] == "warn"
    assert {"mappings", "subscribers"} | WELL == found.keys()
