"""Descriptions of accounts, in whatever order they come, become the accounts that they describe."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from shared.playbook.intake.entities import EntityAccount


def merge_accounts(accounts: Iterable[EntityAccount]) -> list[EntityAccount]:
    """Merge descriptions of the same account, whatever their order.

    The same object id, user principal name or SID means the same account, unless the two have
    different object ids; accounts with none of these are the same when their names are. An
    incident may name tens of thousands, so each is looked up, not compared with all others.
    """
    groups = sorted(set(accounts), key=_sort_key)
    while True:
        merged = _merge_once(groups)
        if len(merged) == len(groups):
            return sorted(merged, key=lambda account: account.identity)
        groups = merged


def _merge_once(groups: Iterable[EntityAccount]) -> list[EntityAccount]:
    """Put each into the first group that is the same account, or make it a group of its own."""
    found = _Groups()
    for account in groups:
        found.add(account)
    return found.merged


class _Groups:
    """Accounts by what can tell that two are the same."""

    def __init__(self) -> None:
        self.merged: list[EntityAccount] = []
        self._first: dict[str, int] = {}
        """By identifier, the first group that has it."""
        self._without_object_id: defaultdict[str, list[int]] = defaultdict(list)
        """By identifier, the groups that have it and have had no object id, the first on top."""
        self._by_name: dict[str | None, int] = {}
        """By name, the first group without any identifier."""

    def add(self, account: EntityAccount) -> None:
        """Add an account to the first group that is the same, or as a new one."""
        same = min(self._same(account), default=None)
        if same is None:
            same = len(self.merged)
            self.merged.append(account)
        else:
            account = self.merged[same] = _combine(self.merged[same], account)
        self._index(account, same)

    def _same(self, account: EntityAccount) -> Iterator[int]:
        if not account.identifiers():
            if account.name in self._by_name:
                yield self._by_name[account.name]
            return
        if account.object_id and account.object_id in self._first:
            yield self._first[account.object_id]
        for name in account.identifiers():
            if not account.object_id and name in self._first:
                yield self._first[name]
            waiting = self._without_object_id.get(name)
            while waiting and self.merged[waiting[0]].object_id:
                heapq.heappop(waiting)
            if waiting:
                yield waiting[0]

    def _index(self, account: EntityAccount, number: int) -> None:
        if not account.identifiers():
            self._by_name.setdefault(account.name, number)
        for name in account.identifiers():
            self._first[name] = min(number, self._first.get(name, number))
            if not account.object_id:
                heapq.heappush(self._without_object_id[name], number)


def _sort_key(account: EntityAccount) -> tuple[int, tuple[str, ...]]:
    fields = (account.object_id, account.user_principal_name, account.sid, account.name)
    return -len(account.identifiers()), (*(text or "~" for text in fields), str(account))


def _combine(one: EntityAccount, other: EntityAccount) -> EntityAccount:
    return replace(
        one,
        object_id=one.object_id or other.object_id,
        user_principal_name=one.user_principal_name or other.user_principal_name,
        sid=one.sid or other.sid,
        name=one.name or other.name,
        display_name=one.display_name or other.display_name,
    )
