"""What an item remembers of the rounds of questions about its reports."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.aws.dynamodb import decode, encode
from kobo_sms.kobomobile.answers import Lost, Refused, Report, ReportAnswer
from kobo_sms.reports.records import NONE_YET, OTHERS, ROUNDS, AskedRound, count_answers, rounds_of, rounds_with
from kobo_sms.reports.rounds import Answered, Round
from kobo_sms.table import Item
from tests.unit.sending.test_item_size import size

NOW = 1_800_000_000.0
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_ ", min_size=1, max_size=60)


def test_answers_are_counted_the_most_frequent_by_name() -> None:
    many = [Report(word) for word in ("DELIVRD", "A", "B", "C", "D", "E") for _ in range(ord(word[0]))]
    counted = count_answers([*many, Report("")])
    assert list(counted) == ["E", "DELIVRD", "D", "C", "B", OTHERS]
    assert counted[OTHERS] == ord("A") + 1


def test_what_is_no_report_is_named_too() -> None:
    answers: list[ReportAnswer] = [
        Report("UNDELIV", "0dc"),
        Report(""),
        Refused("error_msgid"),
        Lost("HTTP 503, no report"),
    ]
    assert set(count_answers(answers)) == {"UNDELIV err:0dc", NONE_YET, "error_msgid", "lost: HTTP 503, no report"}


@given(st.lists(st.lists(WORDS, min_size=1, max_size=9), max_size=60))
def test_the_rounds_of_an_item_are_bounded_and_none_is_forgotten_uncounted(rounds: list[list[str]]) -> None:
    item: Item = {}
    for at, words in enumerate(rounds):
        asked = AskedRound(NOW + at, count_answers(map(Report, words)), NOW + at + 30, cut_short=at % 2 == 0)
        item |= decode(encode(rounds_with(item, asked)))
        assert rounds_of(item).known[-1] == asked
        assert size(encode({"": item["rounds"]})) <= ROUNDS.most_bytes + 3
    known = rounds_of(item)
    assert len(known.known) + known.left_out == len(rounds)


def test_a_round_says_what_it_heard_and_whether_it_was_cut_short() -> None:
    item = {"sent_at": NOW, "recipients": {"1": {"msgid": "a"}, "2": {"msgid": "b"}}}
    each = Round(item, 3600.0, {"1": Answered(Report("DELIVRD"), NOW)}, unasked=1)
    assert each.asked(NOW + 1, NOW + 2) == AskedRound(NOW, {"DELIVRD": 1}, NOW + 2, cut_short=True)


def test_an_item_of_an_older_release_remembers_none() -> None:
    assert rounds_of({"asked_at": NOW}).known == []
