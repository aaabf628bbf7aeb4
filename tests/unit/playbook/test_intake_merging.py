"""Descriptions of accounts are merged as if each were compared with all others, and faster."""

from hypothesis import given
from hypothesis import strategies as st

from shared.playbook.intake.entities import EntityAccount
from shared.playbook.intake.merging import _combine, _sort_key, merge_accounts


def few(*texts: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *texts])


ACCOUNTS = st.builds(
    EntityAccount,
    object_id=few("o1", "o2", "o3"),
    user_principal_name=few("a@x", "b@x", "c@x"),
    sid=few("s-1", "s-2", "s-3"),
    name=few("a", "b"),
    display_name=few("A"),
)


def compared_with_all(accounts: list[EntityAccount]) -> list[EntityAccount]:
    groups = sorted(set(accounts), key=_sort_key)
    while True:
        merged: list[EntityAccount] = []
        for account in groups:
            for index, other in enumerate(merged):
                if same(account, other):
                    merged[index] = _combine(other, account)
                    break
            else:
                merged.append(account)
        if len(merged) == len(groups):
            return sorted(merged, key=lambda account: account.identity)
        groups = merged


def same(one: EntityAccount, other: EntityAccount) -> bool:
    if one.object_id and other.object_id:
        return one.object_id == other.object_id
    if one.identifiers() or other.identifiers():
        return bool(one.identifiers() & other.identifiers())
    return one.name == other.name


@given(st.lists(ACCOUNTS, max_size=12))
def test_as_if_each_were_compared_with_all(accounts: list[EntityAccount]) -> None:
    assert merge_accounts(accounts) == compared_with_all(accounts)
