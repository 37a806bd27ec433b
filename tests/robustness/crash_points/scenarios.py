"""What is sent, what KoboMobile answers, the I/O steps that this takes, and how each SMS must end.

`life` lists the steps of the invocations, one after the other, when nothing dies: the test holds the code to it, and
kills it before and after each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARAM, CREDIT, BILLING, GATEWAY, USER, LIMIT = (f"234803000900{n}" for n in range(2, 8))
ONE = "2348030100001"
# A record that is sent or refused, one that comes back, one that comes back with a symptom, and the success after it.
SENT, BACK = "write ask write", "write ask write return"
FELT = "write ask sign write return"


def numbers(count: int) -> tuple[str, ...]:
    return tuple(str(2348030100001 + n) for n in range(count))


@dataclass(frozen=True)
class End:
    """How an SMS ends: its state (None: its request is not in the table), and whether in the dead-letter queue too."""

    state: str | None
    dead: bool = False


DONE, REFUSED, LAPSED, GIVEN_UP = End("sent"), End("rejected"), End("lapsed"), End("failed", dead=True)
IN_DOUBT, IN_DOUBT_DEAD = End("unknown"), End("unknown", dead=True)
# A refusal after a call that may have been executed means neither yes nor no.
DOUBTED = {REFUSED: IN_DOUBT, GIVEN_UP: IN_DOUBT_DEAD, LAPSED: IN_DOUBT}


@dataclass(frozen=True)
class Order:
    """One request: its end, the ends of numbers that differ, and the end after the process died with the answer.

    `answered` is that last one: KoboMobile executed the call, the answer died with the process, and what the dialect
    says to a repeat is not what it said first.
    """

    to: tuple[str, ...] = (ONE,)
    end: End = DONE
    others: Mapping[str, End] = field(default_factory=dict)
    answered: End | None = None
    key: str = "a"
    text: str = "hello"
    expires_in: float | None = None
    body: str | None = None
    promotional: bool = False

    def end_of(self, number: str) -> End:
        return self.others.get(number, self.end)

    def end_in_doubt(self, number: str, companions: frozenset[str], executed: bool) -> End:
        """Return the end of a number whose part's claim a death left behind; what refuses one then refuses all."""
        if executed and self.answered is not None:
            return self.answered
        ends = [self.end_of(each) for each in sorted(companions)]
        refused = [DOUBTED[end] for end in ends if end in DOUBTED]
        return refused[0] if refused else self.end_of(number)


@dataclass(frozen=True)
class Scenario:
    """Orders queued at once; `waves` come when those before are through. `pause`: seconds between deliveries.

    `rotates`: KoboMobile's password is changed, and the secret with it, once the first process has read the secret.
    `opted_out`: who gets no promotional texts.
    """

    name: str
    life: str
    orders: tuple[Order, ...] = (Order(),)
    waves: tuple[tuple[Order, ...], ...] = ()
    faults: tuple[Mapping[str, Any], ...] = ()
    dialect: Mapping[str, Any] = field(default_factory=dict)
    pause: float = 40.0
    environment: Mapping[str, str] = field(default_factory=dict)
    rotates: bool = False
    opted_out: tuple[str, ...] = ()

    @property
    def steps(self) -> list[str]:
        return self.life.replace("|", " ").split()

    @property
    def all_orders(self) -> tuple[Order, ...]:
        return (*self.orders, *(order for wave in self.waves for order in wave))


_FIRST = "login write ask write"
_TWICE = f"{_FIRST} return | {_FIRST}"
_GIVE_UP = f"{_FIRST} return | {_FIRST} return | login write ask bury write"
# With a symptom: its signal; a prompt for credit once the outcome is safe, for the gateway at the third.
_POOR, _FELT = f"login {FELT} prompt", f"login {FELT}"
_FELT_TWICE = f"{_FELT} | {_FIRST}"
_FELT_TO_THE_END = f"{_FELT} | {_FELT} | login write ask sign bury write prompt"
_SPLIT = "login write ask write queue"
_DAYS = 86_400.0


def _single(name: str, life: str, end: End = DONE, to: str = ONE, **more: Any) -> Scenario:
    return Scenario(name, life, (Order((to,), end),), **more)


def _always(failure: str, **more: Any) -> tuple[Mapping[str, Any], ...]:
    kind = "answer" if failure.startswith("error") else "kind"
    return ({"endpoint": "send", kind: failure, **more},)


def once(failure: str, **more: Any) -> tuple[Mapping[str, Any], ...]:
    """Return a fault that strikes one call of send/."""
    return _always(failure, times=1, **more)


ANSWERS = (
    _single("sent", _FIRST),
    _single("sent_without_ids", _FIRST, dialect={"give_ids": False}),
    _single("sent_as_json", _FIRST, dialect={"quoting": "json", "whitespace": True}),
    Scenario("an_id_missing", _FIRST, (Order(numbers(2), others={ONE: IN_DOUBT}),),
             dialect={"pair_set": "one_missing"}),
    _single("param", _FIRST, REFUSED, PARAM),
    _single("limit", _FIRST, REFUSED, LIMIT),
    _single("sender_id", _FIRST, REFUSED, faults=_always("error_invalid_senderid")),
    _single("credit_then_top_up", f"{_POOR} | {_FIRST}", faults=once("error_credit")),
    _single("credit_for_13_days", f"{_POOR} | {_POOR} | write bury write", GIVEN_UP, CREDIT, pause=7 * _DAYS),
    _single("billing_once", _TWICE, faults=once("error_billing")),
    _single("billing_given_up", _GIVE_UP, GIVEN_UP, BILLING),
    _single("gateway_once", _FELT_TWICE, faults=once("error_gw")),
    _single("gateway_given_up", _FELT_TO_THE_END, GIVEN_UP, GATEWAY),
    _single("new_error_once", _TWICE, faults=once("error_new")),
    _single("user_rotated", "login write ask login ask write", rotates=True),
    _single("user_suspended", f"login write ask login ask sign write return prompt | {_FIRST}",
            faults=_always("error_user", times=2)),
    _single("unreachable", _FELT_TO_THE_END, GIVEN_UP, environment={"KOBO_BASE_URL": "http://127.0.0.1:1/api"}),
    Scenario("expired", f"{_FIRST} return | write write", (Order(end=LAPSED, expires_in=30),),
             faults=once("error_billing")),
)  # fmt: skip
LOST = (
    *(
        _single(f"{kind}_{when}", _FELT_TWICE, faults=once(kind, when=when))
        for kind in ("reset", "html_503", "empty", "garbage")
        for when in ("before", "after")
    ),
    _single("lost_and_given_up", _FELT_TO_THE_END, IN_DOUBT_DEAD, faults=_always("reset", when="after")),
    _single("lost_then_refused", _FELT_TWICE, IN_DOUBT, faults=once("reset", when="after"),
            dialect={"repeat": "error_param"}),
    Scenario("several_lost_then_refused", _FELT_TWICE, (Order(numbers(3), IN_DOUBT),),
             faults=once("empty", when="after"), dialect={"repeat": "error_limit"}),
)  # fmt: skip
# What KoboMobile says to a message_uuid that it has seen is unknown: each plausible answer.
REPEATS = tuple(
    Scenario(f"repeat_{said}", _FIRST, (Order(answered=end),), dialect={"repeat": said}, pause=pause)
    for said, end, pause in (
        ("sent", DONE, 40.0),
        ("error_param", IN_DOUBT, 40.0),
        ("error_limit", IN_DOUBT, 40.0),
        ("error_billing", IN_DOUBT_DEAD, 40.0),
        ("error_gw", IN_DOUBT_DEAD, 40.0),
        ("error_duplicate", IN_DOUBT_DEAD, 40.0),
        ("error_credit", IN_DOUBT_DEAD, 7 * _DAYS),
    )
)
SEVERAL = (
    Scenario(
        "halved",
        f"{_SPLIT} | login write ask write write queue write ask write | {_FIRST} write ask write",
        (Order((PARAM, *numbers(2)), others={PARAM: REFUSED}),),
    ),
    Scenario(
        "halved_by_limit", f"{_SPLIT} | {_FIRST} write ask write", (Order((LIMIT, ONE), others={LIMIT: REFUSED}),)
    ),
    Scenario(
        "halved_until_the_limit",
        f"{_SPLIT} | login write ask write write queue write ask write write | {_FIRST} write ask write",
        (Order(numbers(4), REFUSED),),
        faults=_always("error_param"),
        environment={"FAULTS_MAX_HALVINGS": "2"},
    ),
    Scenario("split_1001", f"write queue | {_FIRST} write ask write write ask write", (Order(numbers(1001)),)),
)
# Promotional requests to three numbers, of which the first has opted out.
_OUT, _SOME = (ONE,), Order(numbers(3), others={ONE: REFUSED}, promotional=True)
_LOOKED_UP = "login BatchGetItem write ask write"
OPTED_OUT = (
    Scenario("opted_out", _LOOKED_UP, (_SOME,), opted_out=_OUT),
    Scenario("all_opted_out", "login BatchGetItem write write", (Order(end=REFUSED, promotional=True),),
             opted_out=_OUT),
    Scenario("opted_out_and_lost", f"login BatchGetItem {FELT} | {_LOOKED_UP}", (_SOME,), opted_out=_OUT,
             faults=once("reset", when="after")),
    Scenario("opted_out_and_halved", f"{_LOOKED_UP} queue | {_LOOKED_UP} BatchGetItem write ask write",
             (Order((*numbers(2), PARAM), others={ONE: REFUSED, PARAM: REFUSED}, promotional=True),), opted_out=_OUT),
)  # fmt: skip
REQUESTS = (
    Scenario("invalid", "bury", (Order(end=End(None, dead=True), body="{not JSON"),)),
    Scenario("bad_number", _FIRST, (Order((ONE, "x"), others={"x": REFUSED}),)),
    _single("bad_number_only", "login write write", REFUSED, "x"),
    Scenario("duplicate", f"{_FIRST} | login write", waves=((Order(),),)),
    Scenario(
        "other_content", f"{_FIRST} | login write bury", waves=((Order(end=End(None, dead=True), text="other"),),)
    ),
    Scenario("twins", f"{_FIRST} write", (Order(), Order())),
)


def _batch(size: int) -> Scenario:
    """Return records of every kind; those that come back are sent at the second try."""
    kinds: tuple[tuple[str, End, str | None], ...] = (
        (SENT, DONE, None), (BACK, DONE, "error_billing"), (SENT, REFUSED, "error_param"),
        (f"{FELT} prompt", DONE, "error_credit"), (SENT, DONE, None), (FELT, DONE, "reset"),
        (SENT, REFUSED, "error_limit"), (SENT, DONE, None), (FELT, DONE, "error_gw"), (SENT, DONE, None),
    )  # fmt: skip
    orders: list[Order] = []
    faults: list[Mapping[str, Any]] = []
    first, second = ["login"], ["login"]
    for at, (number, (steps, end, failure)) in enumerate(zip(numbers(size), kinds, strict=False)):
        orders.append(Order((number,), end, key=str(at)))
        first.append(steps)
        if failure:
            more = {"to": number} | ({"when": "after"} if failure == "reset" else {})
            faults += once(failure, **more) if end == DONE else _always(failure, **more)
            second += [SENT] if end == DONE else []
    return Scenario(f"batch_{size}", " ".join(first) + " | " + " ".join(second), tuple(orders), faults=tuple(faults))


BATCH_3, BATCH_10 = _batch(3), _batch(10)
