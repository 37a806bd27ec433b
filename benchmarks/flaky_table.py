"""The rows of `benchmarks.flaky`: what is wrong in one, what was measured, and how it is printed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

LOST, ERROR_GW = "lost", "error_gw"
KINDS = (LOST, ERROR_GW)
MOST = 0.9
# Calls of an outage are counted once it has been noticed.
NOTICED_AFTER = 30.0


@dataclass(frozen=True)
class Case:
    """What is wrong in a row: the share of the answers (0 to 1), how, and whether processes are killed."""

    share: float
    kind: str
    kill: bool

    @property
    def is_outage(self) -> bool:
        """Whether nothing works."""
        return self.share >= 1


@dataclass(frozen=True)
class Row:
    """What was measured: moments in seconds after queueing, sorted; `closed` has the valve's seconds by cause.

    `ended` is when it was over, or given up; `healed` when an outage was.
    """

    case: Case
    requests: int
    executed: list[float]
    accepted: list[float]
    calls: list[float]
    closed: dict[str, float]
    kills: int
    ended: float
    healed: float | None
    numbers: int

    @property
    def doubled(self) -> int:
        """How many executions there were of what had been executed before."""
        return len(self.executed) - self.numbers

    @property
    def failed(self) -> bool:
        """Whether it breaks a promise."""
        return self.doubled > 0 or (not self.case.is_outage and self.numbers < self.requests)

    def after(self, moments: Sequence[float], share: float) -> float | None:
        """Return when `share` of the requests had come so far, None if they never did."""
        wanted = math.ceil(share * self.requests)
        return moments[wanted - 1] if len(moments) >= wanted else None

    def rate(self, moments: Sequence[float]) -> float:
        """Return texts a second until most had come so far; if they never did, until the row was given up."""
        end = self.after(moments, MOST)
        return len(moments) / self.ended if end is None else math.ceil(MOST * self.requests) / end


def cases(shares: str, kinds: str, *, kill: bool) -> Iterator[Case]:
    """Return the rows to run, the one without faults first: the others are compared with it."""
    if unknown := set(kinds.split(",")) - set(KINDS):
        raise click.UsageError(f"--kinds {','.join(sorted(unknown))}: there are {', '.join(KINDS)}")
    given = sorted({_share(text) for text in shares.split(",")} - {0.0})
    yield Case(0.0, "none", kill)
    for kind in kinds.split(","):
        yield from (Case(share, kind, kill) for share in given)


def tell_header() -> None:
    """Print what the columns are."""
    click.echo(
        "share  kind      kill  90 % after s  all after s  accepted/s  allowed  executed/s  allowed  closed s"
        "          calls  a text  doubled  accepted"
    )


def tell(row: Row, best: Row) -> None:
    """Print a row."""
    case, good = row.case, 1 - row.case.share
    columns = (
        f"{case.share:>5.0%}  {case.kind:<8}  {'yes' if case.kill else 'no':<4}",
        f"{_seconds(row.after(row.accepted, MOST)):>12}  {_seconds(row.after(row.accepted, 1)):>11}",
        f"{row.rate(row.accepted):>10.1f}  {_share_of(row.rate(row.accepted), good * best.rate(best.accepted)):>7}",
        f"{row.rate(row.executed):>10.1f}  {_share_of(row.rate(row.executed), good * best.rate(best.executed)):>7}",
        f"{_closed(row.closed):<16}  {len(row.calls):>5}  {len(row.calls) / row.requests:>6.2f}",
        f"{row.doubled:>7}  {len(row.accepted):,} of {row.requests:,}",
    )
    click.echo("  ".join(columns))
    for note in _notes(row):
        click.echo(f"       {note}")


def _notes(row: Row) -> Iterator[str]:
    if row.numbers < row.requests:
        yield f"{row.requests - row.numbers:,} texts were never executed, {row.ended:.0f} s after queueing"
    if row.case.kill:
        yield f"{row.kills} processes killed"
    if row.healed is not None:
        calls = sum(NOTICED_AFTER <= at < row.healed for at in row.calls)
        minutes = (row.healed - NOTICED_AFTER) / 60
        yield f"{calls / minutes:.1f} calls a minute after the first {NOTICED_AFTER:g} s of the outage"
        yield f"healed after {row.healed:.0f} s; from then until all were executed {_healed(row, row.executed)}"
        yield f"until 90 % were accepted {_healed(row, row.accepted, MOST)}, all {_healed(row, row.accepted)}"


def _healed(row: Row, moments: Sequence[float], share: float = 1.0) -> str:
    at = row.after(moments, share)
    return "-" if at is None or row.healed is None else f"{max(at - row.healed, 0):.1f} s"


def _share(text: str) -> float:
    try:
        share = float(text) / 100
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise click.UsageError(f"--shares {text}: give per cent, such as 0,3,5")
    return share


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"


def _share_of(rate: float, allowed: float) -> str:
    return f"{rate / allowed:.0%}" if allowed > 0 else "-"


def _closed(closed: dict[str, float]) -> str:
    return ", ".join(f"{seconds:.0f} {cause}" for cause, seconds in closed.items()) or "0"
