"""What `kobo dead show` prints: all that is known of one letter. Its text only where the table keeps it.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kobo_cli.dead.letters import Letter, read_content
from kobo_cli.dead.overview import row_of
from kobo_cli.dead.verdicts import Judge
from kobo_sms.credit.wording import plural
from kobo_sms.messages.parts import QUEUED_AT
from kobo_sms.sending.standing import Standing
from kobo_sms.table import iso

_NUMBERS = 20
Detail = dict[str, Any]


def detail_of(letter: Letter, standing: Standing | None, judge: Judge, *, now: float, retention: float) -> Detail:
    """Return what is known of a letter; None for what is not. `retention`: seconds that SQS keeps a letter."""
    verdict, part = judge.retry(letter, standing, now), read_content(letter, judge.region).part
    request = part.request if part else None
    item = standing.item if standing is not None and judge.is_of(letter, part, standing) else {}
    fields = letter.fields or {}
    return {
        **row_of(letter),
        "letter": letter.message_id,
        "last_answer": letter.notes.get("LastAnswer"),
        "queued_at": _moment(letter.notes.get(QUEUED_AT)),
        "receives": letter.receives,
        "deleted_at": iso(letter.sent_at + retention),
        "recipients": list(request.to) if request else None,
        "bad_recipients": len(request.bad) if request else None,
        "from": item.get("from", request.sender if request else None),
        "type": request.wire_type if request else None,
        "pages": request.pages if request else None,
        "reference": request.reference if request else None,
        "expires_at": request.expires_at.isoformat() if request and request.expires_at else None,
        "sensitive": bool(fields.get("sensitive")),
        "text": None if fields.get("sensitive") else item.get("text"),
        "bytes": len(letter.body.encode()),
        "state": item.get("state"),
        "state_reason": item.get("reason"),
        "message_uuid": item.get("message_uuid"),
        "retry": verdict.step.value,
        "retry_why": verdict.why or None,
    }


def describe(detail: Detail) -> Iterator[tuple[str, str]]:
    """Yield what a person reads, label by label."""
    state = "; ".join(filter(None, (detail["state"] or "not in the table", detail["state_reason"])))
    yield "id", f"{detail['id']}, part {detail['part']}" if detail["part"] else f"{detail['id']}, no request"
    yield "reason", detail["reason"]
    yield "died", f"{detail['at']}; SQS deletes it {detail['deleted_at']}"
    yield "letter", f"{detail['letter']}, handed out {plural(detail['receives'], 'time')}"
    yield "lane", detail["lane"] or "not known"
    yield "attempts", _attempts(detail)
    yield "queued", detail["queued_at"] or "not known"
    if detail["recipients"] is not None:
        yield "to", _recipients(detail)
        yield "from", detail["from"] or "the stack's default"
        yield "pages", f"{detail['pages']} a recipient, type {detail['type']}"
    for name in ("reference", "expires_at"):
        if detail[name]:
            yield name, detail[name]
    yield "text", _text(detail)
    yield "state", state
    yield "a retry", f"would {detail['retry']}" + (f": {detail['retry_why']}" if detail["retry_why"] else "")


def _attempts(detail: Detail) -> str:
    count = "none noted" if detail["attempts"] is None else str(detail["attempts"])
    return f"{count}, the last one answered {detail['last_answer']}" if detail["last_answer"] else count


def _recipients(detail: Detail) -> str:
    numbers, bad = detail["recipients"], detail["bad_recipients"]
    more = f" and {len(numbers) - _NUMBERS:,} more" if len(numbers) > _NUMBERS else ""
    also = f", and {plural(bad, 'number')} that cannot be sent to" if bad else ""
    return f"{', '.join(numbers[:_NUMBERS])}{more}{also}"


def _text(detail: Detail) -> str:
    if detail["sensitive"]:
        return "(sensitive: not shown)"
    if detail["text"] is None:
        return f"(not in the table; the letter has {detail['bytes']:,} bytes)"
    return str(detail["text"])


def _moment(seconds: str | None) -> str | None:
    try:
        return iso(seconds) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None
