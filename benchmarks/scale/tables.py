"""The tables of docs/scale.md, in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import floor, inf, log10

from benchmarks.scale.inputs import Inputs, described
from benchmarks.scale.limits import BUS, LAMBDA, PARALLEL, SEND, SHARDS, STACKS, TABLE, WARM
from benchmarks.scale.load import Load
from benchmarks.scale.rates import rates_of
from benchmarks.scale.results import DAYS, Result, as_it_comes, carried, once_turned, utmost
from benchmarks.scale.turning import default, turns

_KNOBS = {
    SEND: "`SendConcurrency`",
    SHARDS: "`ReportShards`, then `MemorySize`",
    PARALLEL: "`ParallelizationFactor`",
    LAMBDA: "Service Quotas",
    TABLE: "Service Quotas",
    BUS: "Service Quotas",
    WARM: "the table's warm throughput",
    STACKS: "another stack",
}
ANSWERS = (100, 300, 500)
# Lambda's guide, "Lambda quotas": new accounts have less; ten is what they have had.
NEW_ACCOUNT = 10


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def answers(inputs: Inputs) -> str:
    """What binds, what to turn, what it costs."""
    head = ("texts a day", "as it comes", "turn", "a password waits", "a campaign takes", "AWS a day", "a million")
    return table(head, (_answer(once_turned(Load(texts, inputs)), as_it_comes(Load(texts, inputs))) for texts in DAYS))


def _answer(result: Result, usual: Result) -> list[str]:
    texts = result.load.texts
    return [
        f"{texts:,}",
        f"{usual.first.name} at {_percent(usual.first.utilisation)}" + ("" if usual.binds else ": enough"),
        "; ".join(turns(result.load, result.stack)) or "nothing",
        f"{seconds(result.wait.median)}, 99 %: {seconds(result.wait.most)}",
        seconds(result.day.campaign_hours * 3600),
        f"{dollars(result.usd)} $",
        f"{dollars(result.usd / texts * 1e6)} $",
    ]


def unturned(inputs: Inputs) -> str:
    """What becomes of the day if nothing is turned."""
    head = ("texts a day", "a password waits", "a campaign takes", "reports late by", "status events late by")
    return table(head, (_outcome(as_it_comes(Load(texts, inputs))) for texts in DAYS))


def after(inputs: Inputs) -> str:
    """The same once all is turned."""
    head = ("texts a day", "a password waits", "a campaign takes", "reports late by", "status events late by")
    return table(head, (_outcome(once_turned(Load(texts, inputs))) for texts in DAYS))


def _outcome(result: Result) -> list[str]:
    day = result.day
    return [
        f"{result.load.texts:,}",
        f"{seconds(result.wait.median)}, 99 %: {seconds(result.wait.most)}",
        seconds(day.campaign_hours * 3600),
        seconds(day.late_reports),
        seconds(day.late_events),
    ]


def used(inputs: Inputs) -> str:
    """How much of each limit is used at the peak, as it comes and once turned."""
    loads = [Load(texts, inputs) for texts in DAYS]
    pairs = [(as_it_comes(load), once_turned(load)) for load in loads]
    rows = []
    for at, limit in enumerate(pairs[0][0].limits):
        cells = (_pair(before.limits[at].utilisation, now.limits[at].utilisation) for before, now in pairs)
        rows.append([limit.name, *cells])
    return table(["used at the peak", *(f"{texts:,}" for texts in DAYS)], rows)


def _pair(before: float, now: float) -> str:
    first, second = _percent(before), _percent(now)
    return first if first == second else f"{first} → {second}"


def lies(inputs: Inputs) -> str:
    """Where each limit lies: the texts a day that use it wholly."""
    usual, most = (carried(stack, inputs) for stack in (default(Load(1, inputs)), utmost(inputs)))
    turns_ = {each.name: _KNOBS[each.turn] for each in as_it_comes(Load(DAYS[0], inputs)).limits}
    new = replace(default(Load(1, inputs)), concurrency=NEW_ACCOUNT)
    account = "Lambda: concurrent executions"
    rows = [[name, _texts(usual[name]), _texts(most[name]), turns_[name]] for name in usual]
    told = _texts(carried(new, inputs)[account])
    rows.append([f"{account}, a new account's {NEW_ACCOUNT}", told, "too few", _KNOBS[LAMBDA]])
    return table(("limit", "as it comes", "one stack at its most", "turned by"), rows)


def kobomobile(inputs: Inputs) -> str:
    """What KoboMobile has to take."""
    head = ("texts a day", "send/ a second", "report/ a second", "calls at once")
    return table(head, (_asked_of_kobomobile(once_turned(Load(texts, inputs))) for texts in DAYS))


def _asked_of_kobomobile(result: Result) -> list[str]:
    stack, minutes = result.stack, result.day.minutes
    send = max(each.passwords + each.parts for each in minutes) * stack.number
    # A run of poll_reports has 40 of its minute's 60 seconds.
    report = max(each.questions for each in minutes) * stack.number * 60 / 40
    at_once = (send + report) * result.load.inputs.answer / 1000
    return [f"{result.load.texts:,}", _number(send), _number(report), _number(at_once)]


def money(inputs: Inputs) -> str:
    """Dollars a day by service."""
    results = [once_turned(Load(texts, inputs)) for texts in DAYS]
    services = list(results[-1].dollars)
    rows = [[service, *(dollars(each.dollars.get(service, 0.0)) for each in results)] for service in services]
    total = ["all", *(dollars(each.usd) for each in results)]
    return table(["US dollars a day", *(f"{texts:,}" for texts in DAYS)], [*rows, total])


def one_text(inputs: Inputs) -> str:
    """The same days, with one text for all recipients of a campaign."""
    head = ("texts a day", "turn", "a campaign takes", "reports late by", "AWS a day", "a million")
    rows = []
    for texts in DAYS:
        result = once_turned(Load(texts, inputs, numbers=500))
        told = "; ".join(turns(result.load, result.stack)) or "nothing"
        took, late = seconds(result.day.campaign_hours * 3600), seconds(result.day.late_reports)
        rows.append(
            [f"{texts:,}", told, took, late, f"{dollars(result.usd)} $", f"{dollars(result.usd / texts * 1e6)} $"]
        )
    return table(head, rows)


def by_answer(inputs: Inputs) -> str:
    """What KoboMobile's answer time changes."""
    head = (
        "KoboMobile answers in",
        "a lane sends, as it comes",
        "at its most",
        "`poll_reports` asks at its most",
        "turn for 1,000,000 texts a day",
    )
    rows = []
    for answer in ANSWERS:
        other = replace(inputs, answer=float(answer))
        usual, most = (rates_of(stack, other) for stack in (default(Load(1, other)), utmost(other)))
        result = once_turned(Load(1_000_000, other))
        told = "; ".join(turns(result.load, result.stack)) or "nothing"
        rates = (f"{usual.bulk:,.0f} a second", f"{most.bulk:,.0f} a second", f"{most.questions:,.0f} a second")
        rows.append([f"{answer} ms", *rates, told])
    return table(head, rows)


def fed_with(inputs: Inputs) -> str:
    """All inputs, with their sources."""
    return table(("what", "value", "source"), described(inputs))


TABLES: dict[str, Callable[[Inputs], str]] = {
    "answers": answers,
    "unturned": unturned,
    "after": after,
    "lies": lies,
    "used": used,
    "money": money,
    "one-text": one_text,
    "kobomobile": kobomobile,
    "by-answer": by_answer,
    "inputs": fed_with,
}


def seconds(time: float) -> str:
    """Return a time in words, to two digits or so."""
    if time == inf:
        return "more than a week"
    for size, unit in ((86_400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if time >= 2 * size:
            return f"{time / size:.1f} {unit}"
    return f"{time:.2g} s" if 0 < time < 10 else f"{time:.0f} s"


def dollars(usd: float) -> str:
    """Return dollars to two digits: the model knows no more, and an alarm more or less is to change no page."""
    digits = 1 - floor(log10(usd)) if usd > 0 else 0
    rounded = round(usd, digits)
    return f"{rounded:,.{min(max(digits, 0), 2)}f}"


def _percent(share: float) -> str:
    return f"{share:,.0%}" if share >= 0.005 else "0"


def _texts(texts: float) -> str:
    if texts in (0.0, inf):
        return "any" if texts else "too little"
    size, word = (1e9, "billion") if texts >= 1e9 else (1e6, "million") if texts >= 1e6 else (1e3, "thousand")
    return f"{texts / size:,.2g} {word}" if texts / size < 100 else f"{round(texts / size, -1):,.0f} {word}"


def _number(value: float) -> str:
    return f"{value:,.1f}" if value < 10 else f"{value:,.0f}"
