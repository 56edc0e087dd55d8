"""Operations as values: a log can send them to other servers."""

import pickle

import pytest
from hypothesis import given

from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world import room_operations as room_ops
from chatd.core.world.operations import Operation
from tests.core.world.samples import BUILT, OPERATIONS


def test_every_operation_is_applied_in_the_tests():
    """The tests of `apply` use each class."""
    classes = {
        kind
        for module in (ops, account_ops, room_ops)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Operation) and kind is not Operation
    }
    assert set(BUILT) == classes


@given(OPERATIONS)
def test_an_operation_is_a_value(operation):
    """It is equal to its copy, and cannot be changed."""
    copy = pickle.loads(pickle.dumps(operation))
    assert (copy, hash(copy)) == (operation, hash(operation))
    with pytest.raises(AttributeError):
        setattr(operation, type(operation).__slots__[0], None)
