"""Transactions: which errors mean that the database is unavailable."""

import pytest
from sqlalchemy import create_engine, exc, text
from sqlalchemy.pool import StaticPool

from chatd.core.errors import StoreUnavailableError
from chatd.storage.engine import error_line, run_transaction


@pytest.fixture
def engine():
    """Return the engine of an empty database."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    yield engine
    engine.dispose()


def run(engine, statement, is_unavailable=lambda _: False):
    """Execute a statement in a transaction, and return its first value."""
    job = lambda connection: connection.execute(text(statement)).scalar()  # noqa: E731
    return run_transaction(engine, job, is_unavailable)


def test_the_result_of_a_job(engine):
    """A transaction returns what its job returns."""
    assert run(engine, "SELECT 7") == 7


def test_an_unavailable_database(engine):
    """The error of the driver is the reason, without the statement."""
    with pytest.raises(StoreUnavailableError) as error:
        run(engine, "SELECT x FROM nowhere", lambda _: True)
    assert error.value.reason == "no such table: nowhere"


def test_other_errors_pass_through(engine):
    """An error that is not one of an unavailable database reaches the caller."""
    with pytest.raises(exc.OperationalError):
        run(engine, "SELECT x FROM nowhere")


def test_no_free_connection(engine):
    """A pool without a free connection means that the database is unavailable."""

    def job(_):
        raise exc.TimeoutError("the pool is empty")

    with pytest.raises(StoreUnavailableError) as error:
        run_transaction(engine, job, lambda _: False)
    assert error.value.reason == "the pool is empty"


def test_an_error_in_one_line():
    """The lines of an error message become one."""
    error = exc.OperationalError("SELECT 1", {}, Exception("it is\n  away\n"))
    assert error_line(error) == "it is away"
