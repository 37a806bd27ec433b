"""The valve's one item in the table: check_credit's decisions, the operator's orders, and what send_sms has counted.

Counts and failure signals are added without a condition on anything else; decisions and orders exclude each other by
`version`. A count is an attribute `n SLOT LANE OUTCOME`, the signals of a slot are a string set `f SLOT`. Each writer
takes away those that are too old, so the item stays below some kilobytes even if nobody decides for hours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, cast

from kobo_sms.aws.dynamodb import Expression, decode, encode
from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.table import VALVE_ID, VALVE_PART, History, Item, moment
from kobo_sms.valve.call_window import CallWindow, Count, KnownCalls, slot_of
from kobo_sms.valve.changes import CHANGES
from kobo_sms.valve.signals import CREDIT, FAULTS, GATEWAY, FailureSignal
from kobo_sms.valve.state import (
    OPERATOR,
    QUIET_HOURS,
    Closed,
    ClosedByOperator,
    ClosedForCredit,
    ClosedForFault,
    ClosedForQuietHours,
    Hold,
    Opened,
    Shut,
    Valve,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# One update takes away so many old counts at the most: an expression is limited to 4 kB.
_MOST_REMOVED = 60
_NOTHING = CallWindow()
T = TypeVar("T")


@dataclass(frozen=True)
class SeenMapping:
    """In what state an event source mapping was last seen, and when (epoch seconds)."""

    state: str
    at: float


@dataclass(frozen=True)
class ValveSnapshot:
    """What the item says; `version` grows with each decision and order. `item` is the item itself."""

    valve: Valve
    window: CallWindow
    version: int
    mappings: Mapping[Lane, SeenMapping]
    item: Item = field(default_factory=dict, repr=False, compare=False)

    @property
    def changes(self) -> History:
        """What is remembered of the valve's changes, for `valve.changes`; read only for who asks, which is rare."""
        return CHANGES.read(self.item)


class ValveStore:
    """Reads and writes the valve's item. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._key = encode({"id": VALVE_ID, "part": VALVE_PART})

    def report(self, new: CallWindow, stale: CallWindow, now: float) -> KnownCalls:
        """Add the calls `new`, take away the `stale` ones, and return what is known then: one write, no read."""
        write = Expression().set(reported_at=moment(now))
        write.add_named({_name(key): count for key, count in new.counts.items()} | _sets(new))
        write.remove_named(_names(stale))
        answer = self._client.update_item(**write.update(self._table, self._key), ReturnValues="ALL_NEW")
        item = decode(answer["Attributes"])
        return KnownCalls(frozenset(item.get("lanes", {})), read_window(item), _read_moments(item, "woken"))

    def read(self) -> ValveSnapshot:
        """Return what is known, as of now and not of a moment ago."""
        answer = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)
        return _known(decode(answer.get("Item", {})))

    def fault(self) -> str | None:
        """Return what keeps KoboMobile from working for anybody, as far as check_credit knows: `Valve.fault`."""
        return self.read().valve.fault

    def checked_at(self) -> float | None:
        """Return when check_credit has last set the valve (epoch seconds), None if it never has."""
        return max((seen.at for seen in self.read().mappings.values()), default=None)

    def write(self, valve: Valve, version: int, stale: CallWindow = _NOTHING, changes: History | None = None) -> bool:
        """Write a decision made on `version` with the `changes` to remember, and take away what is too old.

        False when another was faster.
        """
        write = Expression().set(
            lanes=_plain(valve.closed),
            suspected=_plain(valve.suspected),
            opened=_plain(valve.opened),
            open_asked=_moments(valve.open_asked),
            version=version + 1,
            **(CHANGES.attributes(changes) if changes is not None else {}),
        )
        # `signs` is what the release before this one kept instead.
        write.remove_named(_names(stale)).remove("signs")
        write.where_version(version)
        try:
            self._client.update_item(**write.update(self._table, self._key))
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def write_orders(self, valve: Valve, version: int) -> bool:
        """Write an operator's orders, `holds`, `open_asked` and `woken`, made on `version`; False when another was
        faster."""
        write = Expression().set(
            holds=_plain(valve.holds),
            open_asked=_moments(valve.open_asked),
            woken=_moments(valve.woken),
            version=version + 1,
        )
        write.where_version(version)
        try:
            self._client.update_item(**write.update(self._table, self._key))
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def note_mappings(self, states: Mapping[Lane, str], now: float) -> None:
        """Keep in what state each lane's event source mapping was last seen, for `kobo valve`."""
        mappings = {lane: {"state": state, "at": moment(now)} for lane, state in states.items()}
        self._client.update_item(**Expression().set(mappings=mappings).update(self._table, self._key))


def _known(item: Item) -> ValveSnapshot:
    valve = Valve(
        _closed(item.get("lanes", {})),
        _typed(Hold, item.get("holds", {})),
        _read_moments(item, "open_asked"),
        _typed(Opened, item.get("opened", {})),
        {lane: each for lane, each in _closed(item.get("suspected", {})).items() if isinstance(each, Shut)},
        _read_moments(item, "woken"),
    )
    mappings = _typed(SeenMapping, item.get("mappings", {}))
    return ValveSnapshot(valve, read_window(item), int(item.get("version", 0)), mappings, item)


def read_window(item: Item) -> CallWindow:
    """Return what send_sms has counted; attributes that are not ours, or of another release, are passed over."""
    counts = {
        key: int(value)
        for name, value in item.items()
        if isinstance(value, Decimal) and (key := _count(name)) is not None
    }
    lines = (line for name, value in item.items() if name.startswith("f ") and isinstance(value, set) for line in value)
    signals = map(FailureSignal.from_text, lines)
    return CallWindow(counts, frozenset(signal for signal in signals if signal is not None))


def _name(key: Count) -> str:
    return f"n {key[0]} {key[1]} {key[2]}"


def _sets(window: CallWindow) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for signal in window.signals:
        found.setdefault(f"f {slot_of(signal.at)}", set()).add(signal.to_text())
    return found


def _names(window: CallWindow) -> list[str]:
    return [*_sets(window), *map(_name, sorted(window.counts))][:_MOST_REMOVED]


def _count(name: str) -> Count | None:
    words = name.split(" ")
    if len(words) != 4 or words[0] != "n" or not words[1].isdecimal():
        return None
    return int(words[1]), words[2], words[3]


def _plain(each: Mapping[Lane, Any]) -> dict[str, Item]:
    return {lane: _fields(state) for lane, state in each.items()}


def _fields(state: Any) -> Item:
    cause = {"cause": state.cause} if isinstance(state, Closed) else {}
    known = {each.name: getattr(state, each.name) for each in fields(state)}
    return cause | {name: _value(value) for name, value in known.items() if value is not None}


def _value(value: Any) -> Any:
    if isinstance(value, Closed):
        return _fields(value)
    return moment(value) if isinstance(value, float) else value


def _closed(items: Mapping[str, Item]) -> dict[Lane, Closed]:
    return {lane: _read_closed(items[lane]) for lane in LANES if lane in items}


def _read_closed(item: Item) -> Closed:
    kinds: dict[str, type[Closed]] = {CREDIT: ClosedForCredit, OPERATOR: ClosedByOperator}
    kinds[QUIET_HOURS] = ClosedForQuietHours
    cause = item["cause"]
    if cause not in kinds and cause not in FAULTS:
        # What only a release to come knows is dealt with as a gateway that does not work: probed until it does.
        item = item | {"cause": GATEWAY, "detail": f"{cause} {item.get('detail', '')}".rstrip()}
    return _read(kinds.get(cause, ClosedForFault), item)


def _moments(at: Mapping[Lane, float]) -> Item:
    return {lane: moment(each) for lane, each in at.items()}


def _read_moments(item: Item, name: str) -> dict[Lane, float]:
    return {lane: float(item[name][lane]) for lane in LANES if lane in item.get(name, {})}


def _typed(kind: type[T], items: Mapping[str, Item]) -> dict[Lane, T]:
    return {lane: _read(kind, items[lane]) for lane in LANES if lane in items}


def _read(kind: type[T], item: Item) -> T:
    # What is a number of seconds here is a Decimal there; a balance stays one.
    read: dict[str, Callable[[Any], Any]] = {"float": float, "Symptom": Symptom, "int": int}
    read["Symptom | None"] = lambda cause: Symptom(cause) if cause in frozenset(Symptom) else None
    read["Shut | None"] = _read_closed
    known = {each.name: read.get(str(each.type)) for each in fields(cast("Any", kind))}
    # `trial_at` and `trial_wait` are what the release before this one calls them.
    item = {name.replace("trial_", "probe_"): value for name, value in item.items()}
    return kind(**{name: read(item[name]) if read else item[name] for name, read in known.items() if name in item})
