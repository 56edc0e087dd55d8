"""The search and the index of a store in a database that fails."""

import pytest

from chatd.core.errors import StoreUnavailableError
from chatd.storage.testing import NOW, batch, ids, result


@pytest.fixture
def store(store):
    """Return an open store with a room that has enough messages for some blocks."""
    result(store.append([batch(n, 64) for n in range(1, 5000, 64)], {}))
    return store


def fail(database, monkeypatch, *, after):
    """Let the next transaction of the writer fail, before or after it is committed."""
    run = database.writer.run

    def failing(job):
        monkeypatch.undo()
        if after:
            run(job)
        raise StoreUnavailableError("it is away")

    monkeypatch.setattr(database.writer, "run", failing)


def index_all(store):
    """Index what can be indexed; return in how many steps."""
    steps = 1
    while result(store.index()) is not None:
        steps += 1
    return steps


@pytest.mark.parametrize("after", [False, True])
def test_a_step_that_fails(store, database, monkeypatch, after):
    """It is repeated, whether or not its transaction was committed."""
    index_all(store)
    result(store.append([batch(n, 64) for n in range(5057, 9000, 64)], {}))
    fail(database, monkeypatch, after=after)
    with pytest.raises(StoreUnavailableError):
        result(store.index())
    index_all(store)
    assert ids(result(store.search(["tea"], ["6000"], None, 9))) == [6000]


@pytest.mark.parametrize("after", [False, True])
def test_a_removal_that_fails(store, database, monkeypatch, after):
    """If it was committed all the same, the words are removed without another removal."""
    index_all(store)
    fail(database, monkeypatch, after=after)
    with pytest.raises(StoreUnavailableError):
        result(store.remove_room("tea", 9000))
    fail(database, monkeypatch, after=False)
    with pytest.raises(StoreUnavailableError):
        result(store.index())
    index_all(store)
    blocks = database.reader.run(
        lambda c: c.exec_driver_sql("SELECT count(*) FROM word_blocks").scalar()
    )
    assert (blocks == 0) == after


def test_nothing_to_do(store):
    """Without new or removed messages a step ends the work."""
    assert index_all(store) > 1
    assert index_all(store) == 1
    while result(store.prune(NOW)) is not None:
        pass
    assert index_all(store) == 1
