"""The valve's one item in the table: check_credit's decisions, the operator's orders, and the signs of send_sms.

Signs are added without a condition on anything else; decisions and orders exclude each other by `version`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from kobo_sms.dynamodb import Expression, condition_failed, decode, encode
from kobo_sms.records import VALVE_ID, VALVE_PART, Item, moment
from kobo_sms.signs import Sign
from kobo_sms.valve import Closed, Hold, Opened, Valve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# So many tell check_credit all it needs; should it not run for hours, the item must not outgrow its 400 kB.
_MOST_SIGNS = 200
T = TypeVar("T", Closed, Hold, Opened)


@dataclass(frozen=True)
class KnownValve:
    """What the item says; `version` grows with each decision and order."""

    valve: Valve
    signs: frozenset[Sign]
    version: int
    mappings: Mapping[str, str]


class ValveStore:
    """Reads and writes the valve's item. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._key = encode({"id": VALVE_ID, "part": VALVE_PART})

    def report(self, sign: Sign) -> frozenset[str]:
        """Leave `sign` for check_credit and return the lanes that are closed: one write, no read."""
        write = Expression().add(signs={sign.to_text()})
        signs = write.name("signs")
        write.where(f"attribute_not_exists({signs}) OR size({signs}) < {write.value(_MOST_SIGNS)}")
        try:
            answer = self._client.update_item(**write.update(self._table, self._key), ReturnValues="ALL_NEW")
            item = decode(answer["Attributes"])
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item = condition_failed(error)
        return frozenset(item.get("lanes", {}))

    def read(self) -> KnownValve:
        """Return what is known, as of now and not of a moment ago."""
        answer = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)
        return _known(decode(answer.get("Item", {})))

    def fault(self) -> str | None:
        """Return what keeps KoboMobile from working for anybody, as far as check_credit knows: `Valve.fault`."""
        return self.read().valve.fault

    def write(self, valve: Valve, version: int, spent: Iterable[Sign]) -> bool:
        """Write a decision made on `version` and take away the signs it used up; False when another was faster."""
        write = Expression().set(
            lanes=_plain(valve.closed),
            opened=_plain(valve.opened),
            open_asked={lane: moment(at) for lane, at in valve.open_asked.items()},
            version=version + 1,
        )
        if gone := {sign.to_text() for sign in spent}:
            write.delete(signs=gone)
        write.where_version(version)
        try:
            self._client.update_item(**write.update(self._table, self._key))
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def note_mappings(self, states: Mapping[str, str], now: float) -> None:
        """Keep in what state each lane's event source mapping was last seen, for `kobo valve`."""
        mappings = {lane: {"state": state, "at": moment(now)} for lane, state in states.items()}
        self._client.update_item(**Expression().set(mappings=mappings).update(self._table, self._key))


def _known(item: Item) -> KnownValve:
    valve = Valve(
        _typed(Closed, item.get("lanes", {})),
        _typed(Hold, item.get("holds", {})),
        {lane: float(at) for lane, at in item.get("open_asked", {}).items()},
        _typed(Opened, item.get("opened", {})),
    )
    signs = frozenset(map(Sign.from_text, item.get("signs", ())))
    mappings = {lane: str(each["state"]) for lane, each in item.get("mappings", {}).items()}
    return KnownValve(valve, signs, int(item.get("version", 0)), mappings)


def _plain(each: Mapping[str, Any]) -> dict[str, Item]:
    return {
        lane: {name: moment(value) if isinstance(value, float) else value for name, value in asdict(state).items()}
        for lane, state in each.items()
    }


def _typed(kind: type[T], items: Mapping[str, Item]) -> dict[str, T]:
    # What is a number of seconds here is a Decimal there; a balance stays one.
    seconds = {each.name for each in fields(kind) if each.type == "float"}
    known = {each.name for each in fields(kind)}
    typed: dict[str, T] = {}
    for lane, item in items.items():
        values: Item = {name: float(value) if name in seconds else value for name, value in item.items()}
        typed[lane] = kind(**{name: value for name, value in values.items() if name in known})
    return typed
