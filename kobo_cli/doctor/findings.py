"""What a check of `kobo doctor` found (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How bad it is: `fail` is what keeps the stack from doing what it promises, or soon will."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what to do unless it is well."""

    check: str
    level: Level
    text: str
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        return asdict(self)


def ok(check: str, text: str) -> Finding:
    """Return that all is well."""
    return Finding(check, Level.OK, text)


def warn(check: str, text: str, advice: str) -> Finding:
    """Return what somebody should know."""
    return Finding(check, Level.WARN, text, advice)


def fail(check: str, text: str, advice: str) -> Finding:
    """Return what somebody has to see to."""
    return Finding(check, Level.FAIL, text, advice)


def describe(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the findings line by line."""
    for each in findings:
        yield f"{each.level:<5} {each.check:<11} {each.text}"
        if each.advice:
            yield f"{'':<18}{each.advice}"
