from __future__ import annotations

import pytest

from kobo_sms.kobomobile.answers import Report
from kobo_sms.kobomobile.report_codes import FinalReport, judge

# docs/kobomobile-api.md, "Delivery error codes", transcribed: word, codes, what the reason must speak of.
DOCUMENTED = """
UNDELIV 0dc 21b 058                | out of reach
EXPIRED 206 21b 023 027 053 054    | out of reach
UNDELIV 439                        | out of reach, has moved to another network, or is barred
UNDELIV 254                        | inbox is full
EXPIRED 254 220 120                | inbox is full
REJECTD 008                        | inbox is full
UNDELIV 255                        | not in use, or its inbox is full
UNDELIV 20b 004 510                | does not exist or is not in use
EXPIRED 215                        | does not exist or is not in use
UNDELIV 130 131                    | barred on its network
EXPIRED 20d                        | barred on its network
EXPIRED 222 602 306                | network had a failure
UNDELIV 032                        | failure, or does not support
UNDELIV 008 085                    | do-not-disturb list
UNDELIV 065 600                    | blocked on the promotional route
UNDELIV 00a                        | restricts this sender ID
UNDELIV 082                        | network is not supported
UNDELIV 432                        | blocks this text or this sender ID
EXPIRED 078                        | blocks this text or this sender ID
UNDELIV 034                        | blocks this sender ID
EXPIRED 40a                        | not on the account's list
"""
STATES = {"UNDELIV": "undelivered", "EXPIRED": "expired", "REJECTD": "undelivered"}
ROWS = [
    (word, code, meaning.strip())
    for line in DOCUMENTED.strip().splitlines()
    for keys, meaning in [line.split("|")]
    for word, *codes in [keys.split()]
    for code in codes
]


@pytest.mark.parametrize(("word", "code", "meaning"), ROWS)
def test_each_documented_code(word: str, code: str, meaning: str) -> None:
    verdict = judge(Report(word, code))
    assert verdict is not None
    assert verdict.reason is not None
    assert meaning in verdict.reason
    on_the_list = (word, code) in {("UNDELIV", "008"), ("UNDELIV", "085")}
    assert verdict.state == ("do_not_disturb" if on_the_list else STATES[word])


def test_all_rows_were_read() -> None:
    assert len(ROWS) == 37


@pytest.mark.parametrize(
    ("word", "code", "state"),
    [
        ("DELIVRD", None, "delivered"),
        ("DELIVRD", "000", "delivered"),
        ("UNDELIV", None, "undelivered"),
        ("UNDELIV", "fff", "undelivered"),
        ("UNDELIV_DND", None, "do_not_disturb"),
        ("UNDELIV_DND", "008", "do_not_disturb"),
        ("UNDELIV_BLOCKED", None, "undelivered"),
        ("UNDELIV_BLOCKED", "085", "do_not_disturb"),
        ("EXPIRED", None, "expired"),
        ("EXPIRED", "008", "expired"),
        ("REJECTD", None, "undelivered"),
        ("REJECTD", "085", "undelivered"),
        ("DELETED", None, "undelivered"),
    ],
)
def test_final_words(word: str, code: str | None, state: str) -> None:
    verdict = judge(Report(word, code))
    assert verdict is not None
    assert verdict.state == state
    assert (verdict.reason is None) == (state == "delivered")


@pytest.mark.parametrize("word", ["PROCESSED", "ACCEPTD", "ENROUTE", "UNKNOWN", "", "SOMETHING_NEW", "UNDELIVERABLE"])
def test_what_is_not_final(word: str) -> None:
    assert judge(Report(word)) is None


def test_a_code_that_is_nowhere_documented_leaves_the_reason_of_the_word() -> None:
    verdict = judge(Report("UNDELIV", "zzz"))
    assert verdict == FinalReport("undelivered", "undelivered")
    assert verdict.reason == "could not be delivered"
