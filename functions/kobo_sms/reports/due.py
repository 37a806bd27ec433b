"""The parts to poll, oldest deadline first, from the shards that this invocation holds.

A shard is looked at, leased when something in it is due, gone through once from its oldest due part to its newest, and
given back when the last of its parts is done. Few are held at once, so that an invocation that overlaps finds some.
Not thread-safe: one call at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kobo_sms.reports.records import Key
from kobo_sms.reports.store import MOST_KEYS, ReportStore
from kobo_sms.table import Item

HELD_AT_ONCE = 2
_KEYS_OF_A_PAGE = 100
# A part of 500 recipients weighs 60 kB, and its reading is in vain when time runs out before it: what is read at once
# is to hold so many recipients, a few seconds' work.
_RECIPIENTS_AT_ONCE = 2000
_FIRST_BATCH = 25


@dataclass
class _Shard:
    """A shard under way: keys read ahead, where the next page begins, parts handed out and not done."""

    name: str
    keys: deque[tuple[float, Key]] = field(default_factory=deque)
    more: dict[str, Any] | None = None
    open: int = 0


class DueParts:
    """Hands out due parts in batches. `preferred` are shards in groups: a group is looked at when those before it are
    used up; within it, the shard whose oldest part has been due for the longest comes first."""

    def __init__(
        self,
        store: ReportStore,
        preferred: Iterable[Sequence[str]],
        *,
        clock: Callable[[], float],
        token: str,
        until: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._token = token
        self._until = until
        self._groups = deque(preferred)
        self._waiting: deque[_Shard] = deque()
        self._held: list[_Shard] = []
        self._shard_of: dict[Key, _Shard] = {}
        self._parts_at_once = _FIRST_BATCH

    def next_batch(self, done: Sequence[Key]) -> list[Item]:
        """Return parts to poll, none when nothing is left; `done` are those that are no longer worked on."""
        self._settle(done)
        while keys := self._pick():
            if due := self._get_due(keys):
                return due
        return []

    def close(self) -> None:
        """Give back every shard."""
        while self._held:
            self._store.give_back(self._held.pop().name, token=self._token)

    def _pick(self) -> list[Key]:
        keys: list[Key] = []
        while len(keys) < self._parts_at_once and (shard := self._oldest()) is not None:
            _, key = shard.keys.popleft()
            # The index may list a part at its old place and at its new one.
            if key not in self._shard_of:
                keys.append(key)
                self._shard_of[key] = shard
                shard.open += 1
        return keys

    def _get_due(self, keys: Sequence[Key]) -> list[Item]:
        """Return those that are due: the index trails the table, and others may have been there in the meantime."""
        now = self._clock()
        due = [item for item in self._store.get_many(keys) if "due_at" in item and float(item["due_at"]) <= now]
        self._settle(set(keys) - {(item["id"], item["part"]) for item in due})
        if due:
            each = max(sum(map(_size, due)) / len(due), 1.0)
            self._parts_at_once = min(max(int(_RECIPIENTS_AT_ONCE / each), 1), MOST_KEYS)
        return due

    def _oldest(self) -> _Shard | None:
        """Return the held shard whose next part has been due for the longest, taking shards as long as it may."""
        for shard in self._held:
            self._read_on(shard)
        while sum(bool(shard.keys) for shard in self._held) < HELD_AT_ONCE and self._take_one():
            pass
        return min((shard for shard in self._held if shard.keys), key=_head, default=None)

    def _take_one(self) -> bool:
        """Lease one more shard, if one with due parts is free."""
        while self._groups or self._waiting:
            if not self._waiting:
                if any(shard.keys for shard in self._held):
                    # Another group is another invocation's, as long as there is enough to do in one's own.
                    return False
                self._waiting.extend(self._look_at(self._groups.popleft()))
                continue
            shard = self._waiting.popleft()
            if self._store.lease(shard.name, token=self._token, now=self._clock(), until=self._until):
                self._held.append(shard)
                return True
        return False

    def _look_at(self, names: Iterable[str]) -> list[_Shard]:
        shards = [_Shard(name) for name in names]
        for shard in shards:
            self._read(shard, start=None)
        return sorted((shard for shard in shards if shard.keys), key=_head)

    def _read_on(self, shard: _Shard) -> None:
        while not shard.keys and shard.more is not None:
            self._read(shard, start=shard.more)

    def _read(self, shard: _Shard, start: dict[str, Any] | None) -> None:
        page = self._store.due(shard.name, now=self._clock(), limit=_KEYS_OF_A_PAGE, start=start)
        shard.keys.extend(page.due)
        shard.more = page.more

    def _settle(self, done: Iterable[Key]) -> None:
        for key in done:
            self._shard_of.pop(key).open -= 1
        for shard in [each for each in self._held if not (each.open or each.keys or each.more)]:
            self._held.remove(shard)
            self._store.give_back(shard.name, token=self._token)


def _size(item: Item) -> int:
    # Whoever polls the part finds out what is wrong with it.
    recipients = item.get("recipients")
    return len(recipients) if isinstance(recipients, Mapping) else 0


def _head(shard: _Shard) -> float:
    return shard.keys[0][0]
