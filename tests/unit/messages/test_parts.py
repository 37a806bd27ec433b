from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.messages.parts import MAX_NUMBERS, Part
from kobo_sms.messages.request import BadNumber, Request, parse


def numbers(count: int) -> tuple[str, ...]:
    return tuple(f"23480301{n:05d}" for n in range(count))


def part(count: int = 3, name: str = "0", id_: str = "order-1", **changed: Any) -> Part:
    return Part(Request(id_, numbers(count), "Hello", **changed), queued_at=1_800_000_000.0, name=name, origin=name)


# Written down once: another value here and each part that waits for a retry goes out a second time.
PINNED = [
    ("order-1", "0", "9e5b3b14-7bbe-5ada-8e0e-d5767bc91d5c"),
    ("order-1", "0.0", "561935ac-861f-563b-9de7-8eb4d993435c"),
    ("order-1", "0.1.0", "c709c6e1-a639-5363-b330-4a48e57f900c"),
    ("order-2", "0", "50b49da5-faca-5bf9-814f-77f4c37289dd"),
]


@pytest.mark.parametrize(("id_", "name", "pinned"), PINNED)
def test_the_message_uuid_never_changes(id_: str, name: str, pinned: str) -> None:
    assert part(name=name, id_=id_).message_uuid == pinned


NAMED = [
    ("shop", "order-1", "0", "db5cc3e7-af7d-59f7-8058-ba2fc5e7c12c"),
    ("shop-staging", "order-1", "0", "225a1432-da73-5360-8497-a28f741372cc"),
    ("shop", "order-1", "0.1.0", "a8bbbf0b-7a78-5348-8313-486c5bf2888b"),
]


@pytest.mark.parametrize(("namespace", "id_", "name", "pinned"), NAMED)
def test_nor_does_that_of_a_stack(namespace: str, id_: str, name: str, pinned: str) -> None:
    assert replace(part(name=name, id_=id_), namespace=namespace).message_uuid == pinned


def test_the_message_uuid_depends_on_namespace_request_id_and_part_alone() -> None:
    one = replace(part(), namespace="shop")
    request = Request("order-1", numbers(1), "Other", sender="X", type=2, sensitive=True, reference="r")
    assert one.message_uuid == Part(request, queued_at=1.0, namespace="shop").message_uuid


def test_the_message_uuid_in_the_table_wins_but_not_for_smaller_parts() -> None:
    one = replace(part(600), namespace="shop", kept_uuid="what an earlier release gave it")
    assert one.message_uuid == "what an earlier release gave it"
    fresh = replace(one, kept_uuid=None)
    for smaller, expected in ((one.halves(), fresh.halves()), (one.chunks(), fresh.chunks())):
        assert [each.message_uuid for each in smaller] == [each.message_uuid for each in expected]


@given(
    st.sets(
        st.tuples(
            st.from_regex(r"([A-Za-z0-9][A-Za-z0-9._\-]{0,9})?", fullmatch=True),
            st.from_regex(r"[A-Za-z0-9._:\-]{1,20}", fullmatch=True),
            st.from_regex(r"0(\.\d{1,2}){0,4}", fullmatch=True),
        )
    )
)
def test_message_uuids_are_distinct_and_within_the_limits(keys: set[tuple[str, str, str]]) -> None:
    ids = {replace(part(name=name, id_=id_), namespace=namespace).message_uuid for namespace, id_, name in keys}
    assert len(ids) == len(keys)
    assert all(24 <= len(each) <= 64 and uuid.UUID(each).version == 5 for each in ids)


@pytest.mark.parametrize(("count", "too_large"), [(0, False), (1, False), (500, False), (501, True)])
def test_too_large(count: int, too_large: bool) -> None:
    assert part(count).too_large is too_large


@given(st.integers(1, 2600))
def test_chunks_partition_the_numbers(count: int) -> None:
    whole = part(count)
    chunks = whole.chunks()
    assert [number for chunk in chunks for number in chunk.request.to] == list(whole.request.to)
    assert all(1 <= len(chunk.request.to) <= MAX_NUMBERS for chunk in chunks)
    assert [chunk.name for chunk in chunks] == [f"0.{at}" for at in range(len(chunks))]
    assert [chunk.origin for chunk in chunks] == [chunk.name for chunk in chunks]
    assert len({each.message_uuid for each in (whole, *chunks)}) == len(chunks) + 1


@given(st.integers(2, 500), st.from_regex(r"0(\.[01]){0,8}", fullmatch=True))
def test_halves_partition_the_numbers(count: int, name: str) -> None:
    whole = replace(part(count), name=name)
    left, right = whole.halves()
    assert left.request.to + right.request.to == whole.request.to
    assert 0 <= len(left.request.to) - len(right.request.to) <= 1
    assert (left.name, right.name) == (f"{name}.0", f"{name}.1")
    assert left.origin == right.origin == "0"
    assert len({each.message_uuid for each in (whole, left, right)}) == 3


def test_smaller_parts_keep_the_rest_and_leave_out_the_bad_numbers() -> None:
    whole = part(501, sender="Kobo", type=2, sensitive=True, reference="r", bad=(BadNumber("x", "why"),))
    for smaller in (*whole.chunks(), *whole.halves()):
        assert smaller.request == replace(whole.request, to=smaller.request.to, bad=())
        assert smaller.queued_at == whole.queued_at


def test_the_fingerprint_is_of_the_content() -> None:
    one = part()
    same = replace(one, request=replace(one.request, to=one.request.to[::-1], reference="r"), name="0.1", queued_at=5.0)
    assert one.fingerprint("key") == same.fingerprint("key")
    changes: list[dict[str, Any]] = [{"to": numbers(2)}, {"msg": "x"}, {"sender": "x"}, {"type": 0}]
    changes.append({"bad": (BadNumber("x", "why"),)})
    others = {replace(one, request=replace(one.request, **change)).fingerprint("key") for change in changes}
    assert len(others | {one.fingerprint("key"), one.fingerprint("other key")}) == len(changes) + 2


def test_the_fingerprint_takes_any_text() -> None:
    odd = part(bad=(BadNumber("\x00\U0001f600", "why"),))
    assert len(odd.fingerprint("")) == len(odd.raw_fingerprint("")) == 32


def test_the_raw_fingerprint_is_of_the_numbers_as_they_were_written() -> None:
    one = part(written=("+23480301", "0803"))
    same = replace(one, request=replace(one.request, to=numbers(1), bad=(BadNumber("0803", "why"),), reference="r"))
    assert one.raw_fingerprint("key") == same.raw_fingerprint("key")
    changes: list[dict[str, Any]] = [{"written": ("0803",)}, {"msg": "x"}, {"sender": "x"}, {"type": 0}]
    others = {replace(one, request=replace(one.request, **change)).raw_fingerprint("key") for change in changes}
    assert len(others | {one.raw_fingerprint("key"), one.raw_fingerprint("other key")}) == len(changes) + 2


def test_a_part_that_is_queued_has_the_raw_fingerprint_of_what_is_read_off_the_queue() -> None:
    for smaller in part(501, written=("anything",)).chunks():
        read = Part(parse(smaller.request.to_json(), region="NG", default_id=""), 0.0, smaller.name)
        assert read.raw_fingerprint("key") == smaller.raw_fingerprint("key")
