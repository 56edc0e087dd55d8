"""The contract of `IStore` for accounts, bans and resume tokens."""

from dataclasses import replace

import pytest

from chatd.core.records import (
    CONSOLE,
    Account,
    AccountRef,
    Actor,
    ActorKind,
    AuditEntry,
    Ban,
    BanKind,
    RememberedToken,
    ResumeToken,
)
from chatd.storage import audit_sql, memory, memory_people
from chatd.storage.testing import NOW

# -- accounts


def test_accounts(store):
    """Accounts come in the order of their registration, and are found by their exact names."""
    first = store.add_account("Zoë", "1", NOW)
    second = store.add_account("ann", "2", NOW - 1)
    assert first == Account(first.id, "Zoë", "1", NOW)
    assert store.accounts() == [first, second]
    assert store.account("ann") == second
    assert store.account("Ann") is None


def test_an_account_id_is_never_used_again(store):
    """Neither removing an account nor a restart frees its id."""
    used = set()
    for name in ("Ann", "Bob", "Ann"):
        used.add(store.add_account(name, "1", NOW).id)
        store.remove_account(name)
        store.close()
        store.open()
    assert len(used) == 3
    assert store.add_account("Ann", "1", NOW).id > max(used)


def test_setting_a_password_hash(store):
    """Nothing else of the account changes, and no account is added for an unknown name."""
    account = store.add_account("Ann", "1", NOW)
    store.add_resume_token(ResumeToken("a", "Ann", NOW))
    store.set_password_hash("Ann", "2")
    store.set_password_hash("Bob", "2")
    assert store.accounts() == [replace(account, password_hash="2")]
    assert store.resume_token("a") is not None


def test_removing_an_account(store):
    """Its resume tokens are removed with it, and those of others stay."""
    for name in ("Ann", "Bob"):
        store.add_account(name, "1", NOW)
        store.add_resume_token(ResumeToken(f"of {name}", name, NOW))
    store.remove_account("Ann")
    store.remove_account("Ann")
    assert [account.name for account in store.accounts()] == ["Bob"]
    assert store.resume_token("of Ann") is None
    assert store.resume_token("of Bob") == ResumeToken("of Bob", "Bob", NOW)


# -- bans


def test_bans(store):
    """A subject has one ban, which can be replaced and removed; a name is no address."""
    spam = Ban(BanKind.NAME, "Bob", None, "root over the socket", NOW, "spam: é")
    store.add_ban(Ban(BanKind.NAME, "Bob", NOW))
    store.add_ban(spam)
    store.add_ban(Ban(BanKind.ADDRESS, "Bob", NOW))
    store.add_ban(Ban(BanKind.NAME, "Ann", NOW))
    store.remove_ban(Ban(BanKind.NAME, "Ann"))
    store.remove_ban(Ban(BanKind.NAME, "Carol"))
    store.close()
    assert store.open().bans == [Ban(BanKind.ADDRESS, "Bob", NOW), spam]


# -- audit


def test_audit(store):
    """The last entries come in the order in which they were added, also after a restart."""
    console = AuditEntry(NOW, CONSOLE, "quit")
    ban = AuditEntry(NOW, Actor(ActorKind.SOCKET, "root"), "ban", "Bob", "", 10**15 - 1, "spam: é")
    kick = AuditEntry(NOW - 1, Actor(ActorKind.ACCOUNT, "Zoë"), "kick", "Ann", "1")
    for entry in (console, ban, kick):
        store.add_audit_entry(entry)
    assert store.audit_entries(2) == [ban, kick]
    store.close()
    store.open()
    store.add_audit_entry(console)
    assert store.audit_entries(9) == [console, ban, kick, console]


def test_the_audit_is_bounded(store, monkeypatch):
    """The oldest entries are removed."""
    for module in (audit_sql, memory_people):
        monkeypatch.setattr(module, "MAX_AUDIT_ENTRIES", 3)
    if isinstance(store.store, memory.MemoryStore):
        store.store = memory.MemoryStore()
    for number in range(5):
        store.add_audit_entry(AuditEntry(NOW, CONSOLE, "say", room=str(number)))
    assert [entry.room for entry in store.audit_entries(9)] == ["2", "3", "4"]


# -- resume tokens


@pytest.fixture
def with_tokens(store):
    """Return a store with two accounts and their resume tokens a1, a2 and b1."""
    for name in ("Ann", "Bob"):
        store.add_account(name, "1", NOW)
    for digest, name in (("a1", "Ann"), ("a2", "Ann"), ("b1", "Bob")):
        store.add_resume_token(ResumeToken(digest, name, NOW))
    return store


def last_seen(store):
    """Return how long after `NOW` each of the tokens that are left was last seen."""
    found = [store.resume_token(digest) for digest in ("a1", "a2", "b1")]
    return {token.digest: token.last_seen - NOW for token in found if token is not None}


def test_a_resume_token_replaces_the_one_with_the_same_digest(with_tokens):
    """The digest then belongs to the new account, and an unknown digest has no token."""
    with_tokens.add_resume_token(ResumeToken("a1", "Bob", NOW + 1))
    assert with_tokens.resume_token("a1") == ResumeToken("a1", "Bob", NOW + 1)
    assert with_tokens.resume_token("c1") is None


def test_no_resume_token_without_its_account(with_tokens):
    """A token added after its account was removed is not valid for a new account of that name."""
    with_tokens.remove_account("Ann")
    with_tokens.add_resume_token(ResumeToken("a1", "Ann", NOW))
    with_tokens.add_account("Ann", "2", NOW)
    assert last_seen(with_tokens) == {"b1": 0}


def test_removing_one_resume_token(with_tokens):
    """The other tokens of its account stay."""
    with_tokens.remove_resume_token("a1")
    with_tokens.remove_resume_token("unknown")
    assert last_seen(with_tokens) == {"a2": 0, "b1": 0}


def test_removing_the_resume_tokens_of_an_account(with_tokens):
    """All tokens of the account are removed, and no others."""
    with_tokens.remove_resume_tokens("Ann")
    assert last_seen(with_tokens) == {"b1": 0}


def test_touching_resume_tokens(with_tokens):
    """The tokens given are seen now, and after that those not seen for long are removed."""
    with_tokens.touch_resume_tokens({"a1", "c'1"}, NOW + 10, NOW)
    assert last_seen(with_tokens) == {"a1": 10, "a2": 0, "b1": 0}
    with_tokens.touch_resume_tokens(["a2"], NOW + 20, NOW + 15)
    assert last_seen(with_tokens) == {"a2": 20}
    with_tokens.touch_resume_tokens([], NOW + 30, NOW + 20)
    assert last_seen(with_tokens) == {"a2": 20}


# -- remembered tokens


@pytest.fixture
def remembered(store):
    """Return a store with two accounts, of which Ann has the remembered tokens a1 and a2."""
    for name in ("Ann", "Bob"):
        store.add_account(name, "1", NOW)
    for digest, name, at in (("a2", "Ann", 2), ("a1", "Ann", 1), ("b1", "Bob", 3)):
        store.add_remembered_token(RememberedToken(digest, name, NOW + at, NOW + at), 8)
    return store


def digests(store, account="Ann"):
    """Return the digests of the remembered tokens of an account."""
    return [token.digest for token in store.remembered_tokens(account)]


def test_remembered_tokens(remembered):
    """An account has its own, the oldest first; adding one again replaces it."""
    again = RememberedToken("a1", "Ann", NOW + 1, NOW + 5)
    remembered.add_remembered_token(again, 8)
    assert remembered.remembered_tokens("Ann") == [
        again,
        RememberedToken("a2", "Ann", NOW + 2, NOW + 2),
    ]
    assert digests(remembered, "Carol") == []


def test_an_account_has_so_many_remembered_tokens(remembered):
    """Those used last stay, and those of others too."""
    remembered.use_remembered_token("a1", NOW + 7, NOW)
    remembered.add_remembered_token(RememberedToken("a3", "Ann", NOW + 8, NOW + 8), 2)
    assert digests(remembered) == ["a1", "a3"]
    assert digests(remembered, "Bob") == ["b1"]


def test_using_a_remembered_token(remembered):
    """It gives the account, and its last use is noted, unless that was too long ago."""
    assert remembered.use_remembered_token("a1", NOW + 9, NOW + 1) == "Ann"
    assert remembered.use_remembered_token("a2", NOW + 9, NOW + 3) is None
    assert remembered.use_remembered_token("x", NOW + 9, NOW) is None
    used = [token.last_used - NOW for token in remembered.remembered_tokens("Ann")]
    assert used == [9, 2]


def test_removing_remembered_tokens(remembered):
    """One of them, those not used for long, or all of an account."""
    remembered.remove_remembered_token("a1")
    remembered.remove_remembered_token("unknown")
    assert (digests(remembered), digests(remembered, "Bob")) == (["a2"], ["b1"])
    remembered.remove_remembered_tokens_before(NOW + 3)
    assert (digests(remembered), digests(remembered, "Bob")) == ([], ["b1"])
    remembered.remove_remembered_tokens("Bob")
    assert digests(remembered, "Bob") == []


def test_a_new_password_removes_remembered_tokens(remembered):
    """The same password with another hash does not."""
    remembered.set_password_hash("Ann", "2")
    assert digests(remembered) == ["a1", "a2"]
    remembered.set_password_hash("Ann", "3", True)
    assert (digests(remembered), digests(remembered, "Bob")) == ([], ["b1"])


def test_no_remembered_token_without_its_account(remembered):
    """They end with the account, and none is added afterwards."""
    remembered.remove_account("Ann")
    remembered.add_remembered_token(RememberedToken("a3", "Ann", NOW, NOW), 8)
    remembered.add_account("Ann", "2", NOW)
    assert digests(remembered) == []
    assert remembered.use_remembered_token("a1", NOW, 0.0) is None


def test_administrators(store):
    """Whether an account is an administrator is kept, and goes with the account."""
    ann, zoe = (store.add_account(name, "hash", NOW) for name in ("ann", "zoe"))
    assert not zoe.is_admin
    store.set_admin("zoe", True)
    store.set_admin("nobody", True)
    assert store.account("zoe") == replace(zoe, is_admin=True)
    assert store.accounts() == [ann, replace(zoe, is_admin=True)]
    store.set_password_hash("zoe", "other", False)
    assert store.account("zoe").is_admin
    store.close()
    assert store.open().admins == (zoe.id,)
    store.set_admin("zoe", False)
    assert store.account("zoe") == replace(zoe, password_hash="other")
    store.set_admin("ann", True)
    store.remove_account("ann")
    store.close()
    assert store.open().admins == ()


# -- ignored users


def test_ignored_accounts(store):
    """They come back at the next start, each pair once, with the names."""
    ann, bob, cid = (store.add_account(name, "1", NOW) for name in ("Ann", "Bob", "Cid"))
    for pair in ((ann, bob), (ann, bob), (ann, cid), (bob, ann), (cid, ann)):
        store.add_ignore(pair[0].id, pair[1].id)
    store.remove_ignore(ann.id, cid.id)
    store.remove_ignore(ann.id, cid.id)
    store.close()
    assert store.open().ignores == [
        (ann.id, AccountRef(bob.id, "Bob")),
        (bob.id, AccountRef(ann.id, "Ann")),
        (cid.id, AccountRef(ann.id, "Ann")),
    ]


def test_ignored_accounts_end(store):
    """A pair ends with either account, and none is added for an account that is not there."""
    ann, bob, cid = (store.add_account(name, "1", NOW) for name in ("Ann", "Bob", "Cid"))
    for pair in ((ann, bob), (bob, cid), (cid, ann)):
        store.add_ignore(pair[0].id, pair[1].id)
    store.remove_account("Bob")
    store.add_ignore(bob.id, ann.id)
    store.add_ignore(ann.id, bob.id)
    store.close()
    assert store.open().ignores == [(cid.id, AccountRef(ann.id, "Ann"))]
