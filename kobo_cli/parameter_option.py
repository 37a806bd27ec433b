"""The option by which commands take parameters of template.yaml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def parameter_option(told: str) -> Callable[[F], F]:
    """Return the option `--parameter Name=Value`, to be repeated, which gives a mapping; `told` is its help."""
    return click.option(
        "--parameter", "parameters", multiple=True, metavar="Name=Value", callback=parse_parameters, help=told
    )


def parse_parameters(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Return `Name=Value` options as a mapping. Raises BadParameter for one without a name or `=`."""
    pairs = [value.partition("=") for value in values]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise click.BadParameter("give Name=Value")
    return {name: value for name, _, value in pairs}
