"""Parts: what one call of send/ carries, their names, their message_uuid and their fingerprint; and the message
attributes of a part that we queued ourselves.

Everything here is a pure function of the request and the stack's namespace, so that doing it twice names the same
things. Whoever may send to a queue may write attributes too, so nothing in them is taken for granted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from kobo_sms.errors import InvalidRequest, Problem

if TYPE_CHECKING:
    from kobo_sms.messages.request import Request

# docs/kobomobile-api.md, "Parameters of send/": at most 500 numbers in one call.
MAX_NUMBERS = 500
ROOT = "0"
_NAMESPACE = uuid.UUID("6f0d7f0e-5f0b-5d0c-9d53-6b6f626f736d")
# Message attributes: which part it is, of which origin, and since when it waits.
PART, ORIGIN, QUEUED_AT = "KoboPart", "KoboOrigin", "KoboQueuedAt"
NAMES = (PART, ORIGIN, QUEUED_AT)
# A request of 1 MiB has fewer than 300 parts of 500 numbers, and those are halved nine times at the most.
_LONGEST_NAME = 64
_NAME = re.compile(r"0(\.[0-9]{1,9})*")
_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
# Values by attribute; None for one that is not of the type String.
Texts = Mapping[str, str | None]


@dataclass(frozen=True)
class Part:
    """Some numbers of a request.

    `name` is `0`, `0.1`, `0.1.0` ...; `origin` names the part that KoboMobile was first asked to send of which this
    is a half or a half's half (itself when it is none); `queued_at` is when the request came, in epoch seconds.
    `namespace` is that of the stack: two stacks may have requests of one id. `kept_uuid` is the message_uuid under
    which the table has the part, whoever gave it that one; None for a part that the table does not know.
    """

    request: Request
    queued_at: float
    name: str = ROOT
    origin: str = ROOT
    namespace: str = ""
    kept_uuid: str | None = None

    @property
    def message_uuid(self) -> str:
        """The idempotency key of the call: the one in the table, else a function of the namespace, the request's id and
        the part's name alone."""
        if self.kept_uuid is not None:
            return self.kept_uuid
        # Without one, as releases had it that knew of no namespaces.
        namespace = _namespace_of(self.namespace) if self.namespace else _NAMESPACE
        return str(uuid.uuid5(namespace, f"{self.request.id}/{self.name}"))

    @property
    def too_large(self) -> bool:
        """Whether the part must be split before KoboMobile is asked."""
        return len(self.request.to) > MAX_NUMBERS

    def chunks(self) -> list[Part]:
        """Return parts of at most 500 numbers each, every one an origin of its own."""
        return [replace(part, origin=part.name) for part in self._divide(MAX_NUMBERS)]

    def halves(self) -> list[Part]:
        """Return two parts of half the numbers each, of the same origin."""
        return list(self._divide((len(self.request.to) + 1) // 2))

    def without(self, numbers: Collection[str]) -> Part:
        """Return the same part, under the same name, for all but `numbers`."""
        if not numbers:
            return self
        kept = tuple(number for number in self.request.to if number not in numbers)
        return replace(self, request=self.request.with_numbers(kept))

    def fingerprint(self, key: str) -> str:
        """Return a digest of the content (numbers, text, sender ID, type), keyed so that it betrays no short text."""
        request = self.request
        return self._digest(key, sorted({*request.to, *(bad.raw for bad in request.bad)}))

    def raw_fingerprint(self, key: str) -> str:
        """Return the same of the numbers as the producer wrote them: neither a newer libphonenumber nor another
        DefaultRegion changes it, but another way to write a number does."""
        request = self.request
        read = {f"+{number}" for number in request.to} | {bad.raw for bad in request.bad}
        return self._digest(key, list(request.written or sorted(read)))

    def _digest(self, key: str, numbers: list[str]) -> str:
        request = self.request
        content = [numbers, request.msg, request.sender, request.type]
        return hmac.new(key.encode(), json.dumps(content).encode(), hashlib.sha256).hexdigest()[:32]

    def _divide(self, size: int) -> Iterator[Part]:
        to = self.request.to
        for at, start in enumerate(range(0, len(to), size)):
            numbers = self.request.with_numbers(to[start : start + size])
            yield replace(self, name=f"{self.name}.{at}", request=numbers, kept_uuid=None)


@dataclass(frozen=True)
class PartAttributes:
    """Which part of a request a message carries, as in `Part`."""

    name: str
    origin: str
    queued_at: float


def write_attributes(part: Part) -> dict[str, str]:
    """Return the attributes of a message that carries `part`."""
    return {PART: part.name, ORIGIN: part.origin, QUEUED_AT: f"{part.queued_at:.3f}"}


def read_attributes(texts: Texts, sent_at: float) -> PartAttributes:
    """Return what the attributes of a message say that SQS took at `sent_at` (epoch seconds).

    A message without them carries a whole request. A moment later than `sent_at` counts as that: a clock was wrong,
    or somebody wants the message never to grow old.

    Raises
    ------
    InvalidRequest
        naming each attribute that nobody of ours can have written.
    """
    name = texts.get(PART, ROOT)
    origin = texts.get(ORIGIN, name)
    queued_at = texts.get(QUEUED_AT, f"{sent_at:.3f}")
    problems = []
    if not is_part_name(name):
        problems.append(Problem(PART, "no name of a part, as 0 or 0.1; leave it out"))
    elif not _is_origin(origin, name):
        problems.append(Problem(ORIGIN, f"no part that {name} can be of; leave it out"))
    if queued_at is None or not _SECONDS.fullmatch(queued_at):
        problems.append(Problem(QUEUED_AT, "no moment in seconds since 1970; leave it out"))
    if problems or name is None or origin is None or queued_at is None:
        raise InvalidRequest(problems)
    return PartAttributes(name, origin, min(float(queued_at), sent_at))


def is_part_name(text: str | None) -> bool:
    """Tell whether a part can have this name."""
    return text is not None and len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None


@lru_cache(maxsize=16)
def _namespace_of(stack: str) -> uuid.UUID:
    return uuid.uuid5(_NAMESPACE, stack)


def _is_origin(text: str | None, name: str | None) -> bool:
    return text is not None and name is not None and f"{name}.".startswith(f"{text}.")
