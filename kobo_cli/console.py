"""What is printed by rich: tables, colours, and nothing that came from outside and would command the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from kobo_cli.terminal import printable


class SafeConsole(Console):
    """A rich console that shows hidden characters as `\ufffd`, wherever they stand; its own commands it gives."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is printed of `renderable`."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)
