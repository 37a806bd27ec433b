"""What must hold of all that was told (guarantee 8), in a world that has come to rest."""

from __future__ import annotations

from tests.robustness.simulation.publications import SECRET_TEXT
from tests.robustness.simulation.world import World
from tests.robustness.telling.told import broken


class TellingInspection:
    """Looks through what a world has told; `violations` returns what is wrong with it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def violations(self) -> list[str]:
        """Return everything that does not hold."""
        telling = self._world.telling
        if not telling.tells:
            return []
        items = [item for key, item in self._world.dynamodb.items.items() if not key[0].startswith("~")]
        return broken(telling.stream, telling.publishing.outside.log, items, [SECRET_TEXT])
