"""What a part takes is what `kobo cost` says: each write, its units, its reads and events, and the size of its item."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import pytest

from kobo_cli.cost.part import LOOK_UP_BYTES, PartSize, use_of_part
from kobo_sms.table import LOOKUP_PREFIX
from tests.integration.cost.meter import size_of

if TYPE_CHECKING:
    from tests.integration.cost.conftest import Metered
    from tests.integration.cost.meter import Change

ID = "0" * 36
# Recipients, characters, rounds of questions, whether of a campaign.
PARTS = [(1, 160, 1, False), (1, 160, 3, True), (1, 905, 2, False), (10, 160, 3, False), (500, 160, 1, True)]


def live(metered: Metered, part: tuple[int, int, int, bool]) -> list[Change]:
    """Send a part, ask about it in so many rounds, and publish it; return all that was written of it."""
    numbers, characters, rounds, campaign = part
    metered.warm_up()
    to = [f"23480301{at:05d}" for at in range(numbers)]
    request = {"to": to, "msg": "x" * characters, "id": ID} | ({"campaign": "friday"} if campaign else {})
    metered.functions.put(request)
    metered.functions.deliver()
    changes = metered.meter.changes()
    for left in reversed(range(rounds)):
        if not left:
            metered.kobo.advance(2000)
        metered.meter.make_due(ID)
        metered.functions.poll()
        changes += [change for change in metered.meter.changes() if change.id == ID]
        reads = metered.stack.calls.of("dynamodb.BatchGetItem")
        assert [call["RequestItems"]["messages"]["ConsistentRead"] for call in reads] == [True]
    return changes


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_a_part_takes_what_is_said(metered: Metered, part: tuple[int, int, int, bool]) -> None:
    numbers, characters, rounds, campaign = part
    size = PartSize(numbers, characters, campaign)
    changes = live(metered, part)
    said = [size.claimed, size.sent, *(size.asked(round_) for round_ in range(1, rounds)), size.final(rounds)]
    assert [change.size for change in changes] == pytest.approx(said, rel=0.02)
    assert all(change.is_of_part for change in changes)

    use = use_of_part(size, rounds, find=True)
    assert len(changes) == use.changes
    # Of each round: the part as the round before has left it.
    assert use.read_units == sum(ceil(size_of(change.old) / 4096) for change in changes[2:])

    metered.meter.forget()
    metered.publish(changes)
    entries = [entry for call in metered.stack.calls.of("events.PutEvents") for entry in call["Entries"]]
    assert use.events == sum(ceil((len(entry["Detail"]) + 100) / 65_536) for entry in entries)
    looked_up = metered.meter.changes()
    assert all(change.id.startswith(LOOKUP_PREFIX) for change in looked_up)
    assert max(change.size for change in looked_up) <= LOOK_UP_BYTES + 5
    # Exact for small parts; of a large one a size may lie on the other side of a kB.
    assert sum(map(metered.meter.units, [*changes, *looked_up])) == pytest.approx(use.write_units, rel=0.005)
    without = use_of_part(size, rounds, find=False)
    assert use.write_units - without.write_units == len(looked_up) == numbers
