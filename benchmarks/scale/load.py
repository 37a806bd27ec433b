"""A day's texts: passwords around the clock, campaigns in office hours."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.scale.inputs import Inputs
from kobo_cli.cost.part import PartSize, PartUse, use_of_part

MINUTES_A_DAY = 24 * 60
# Passwords of each hour, in thousandths of the day's: few at night, most when shops and banks are open.
HOURS = (8, 5, 4, 4, 6, 14, 28, 44, 60, 72, 76, 74, 70, 66, 64, 62, 60, 58, 56, 52, 44, 34, 25, 14)
# A campaign begins in each of these hours, all of one size.
CAMPAIGNS_AT = (9, 11, 13, 15)
_CHARACTERS = 160


@dataclass(frozen=True)
class Load:
    """So many `texts` a day through one stack; a campaign's parts have `numbers` recipients each."""

    texts: float
    inputs: Inputs
    numbers: int = 1

    @property
    def passwords(self) -> float:
        """Of the day."""
        return self.texts * self.inputs.passwords

    @property
    def campaign(self) -> float:
        """Recipients of each campaign."""
        return (self.texts - self.passwords) / len(CAMPAIGNS_AT)

    def passwords_in(self, minute: int) -> float:
        """Return how many come in a minute of the day."""
        return self.passwords * HOURS[minute // 60] / sum(HOURS) / 60

    @property
    def busiest(self) -> float:
        """Passwords a second in the mean of the busiest hour."""
        return self.passwords * max(HOURS) / sum(HOURS) / 3600

    @property
    def peak(self) -> float:
        """Passwords a second in the busiest minute."""
        return self.busiest * self.inputs.burst

    @property
    def wanted(self) -> float:
        """Parts of a campaign a second, for it to be through in the time that is promised."""
        return self.campaign / self.numbers / (self.inputs.promised * 3600)

    def password_use(self) -> PartUse:
        """Return what a password takes."""
        return use_of_part(PartSize(1, _CHARACTERS, campaign=False), self.inputs.rounds, find=True)

    def campaign_use(self) -> PartUse:
        """Return what a part of a campaign takes."""
        return use_of_part(PartSize(self.numbers, _CHARACTERS, campaign=True), self.inputs.rounds, find=True)
