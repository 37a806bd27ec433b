"""What is sent in a month, as far as it decides what AWS charges."""

from __future__ import annotations

from dataclasses import dataclass

# The last character of a page (GSM 03.38) in a text of one page, and in one of several.
_ONE_PAGE, _OF_SEVERAL = 160, 153
MOST_NUMBERS = 500


@dataclass(frozen=True)
class Workload:
    """What is sent in a month.

    Parameters
    ----------
    texts
        To how many recipients.
    numbers
        Recipients of one request, at most 500: a larger one is sent as parts of 500.
    pages
        Of each text; each is reckoned to be full.
    rounds
        How often report/ is asked for a part.
    campaign
        Whether they are sent by `kobo bulk`, so that queue and stream are full. Otherwise one comes at a time, which
        costs most: each call of a function has one message or one change.
    find
        Whether `kobo find` knows them.
    answer_ms
        How long KoboMobile takes to answer.
    """

    texts: int = 1_000_000
    numbers: int = 1
    pages: int = 1
    rounds: float = 2.4
    campaign: bool = False
    find: bool = True
    answer_ms: float = 300.0

    @property
    def parts(self) -> float:
        """How many calls of send/ there are."""
        return self.texts / self.numbers

    @property
    def characters(self) -> int:
        """Of one text."""
        return _ONE_PAGE if self.pages == 1 else _OF_SEVERAL * self.pages
