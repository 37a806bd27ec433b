"""The exceptions, and what the caller may do about each.

KoboSmsError
├── InvalidRequest        dead-letter it: nobody can send this as it stands
├── ConfigurationError    let it crash: the deployment is wrong, not the message
├── LostClaim             hand the record back: another invocation has taken the part over
├── EnqueueFailed             hand the record back: queueing the parts again does no harm
├── UnreadableBalance     raise an alarm: never take it for a zero
├── ProbeFailed           let it crash: what send_sms held comes back by itself
├── WriteConflict             let it crash: the next check does what this one could not
├── NotPublished          hand the record back: what was to be told of it is refused for now
├── NotWritten            begin again: DynamoDB refuses some of many items for now
├── OptOutsUnknown        hand the record back: nobody can tell for now who opted out, so nothing is sent
├── CampaignFileFault     put the campaign off: its file is missing or cannot be read
├── UnreadableCampaign    put the campaign off, and go on with the others: this release cannot read its item
└── OutOfTime             hand the record back: the next invocation has time for it
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class KoboSmsError(Exception):
    """Base of all errors of this package."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one field: `field` as the producer wrote it, `advice` what would be right."""

    field: str
    advice: str

    def __str__(self) -> str:
        return f"{self.field}: {self.advice}"


class InvalidRequest(KoboSmsError):
    """A request that breaks its schema; `problems` names every field at fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class ConfigurationError(KoboSmsError):
    """A setting that is missing or makes no sense; the message names it."""


class LostClaim(KoboSmsError):
    """The claim under which an outcome was to be written is no longer ours."""


class UnreadableBalance(KoboSmsError):
    """An answer of credit/ in which no balance can be found."""


class EnqueueFailed(KoboSmsError):
    """SQS took only some of a batch."""


class ProbeFailed(KoboSmsError):
    """send_sms itself died of a probe."""


class WriteConflict(KoboSmsError):
    """Others keep writing an item faster than this check can."""


class NotPublished(KoboSmsError):
    """What was to be told of a change was refused again and again."""


class NotWritten(KoboSmsError):
    """Some of many items were refused again and again."""


class OptOutsUnknown(KoboSmsError):
    """Some recipients could not be looked up again and again."""


class CampaignFileFault(KoboSmsError):
    """The file of a campaign's requests is missing, or holds something else."""


class UnreadableCampaign(KoboSmsError):
    """A campaign's item with something in it that this release does not know; `campaign_id` names it."""

    def __init__(self, campaign_id: str, why: str) -> None:
        self.campaign_id = campaign_id
        super().__init__(f"the campaign {campaign_id} cannot be read by this release: {why}")


class OutOfTime(KoboSmsError):
    """Too little of the invocation's time is left for another call."""
