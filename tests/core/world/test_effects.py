"""Effects as values."""

from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from chatd.core.world.effects import Effect


@pytest.mark.parametrize("kind", get_args(Effect))
def test_an_effect_is_a_value(kind):
    """Two effects with the same content are equal, and neither can be changed."""
    values = [f"value {number}" for number in range(len(fields(kind)))]
    effect, other = kind(*values), kind(*values)
    assert effect == other
    assert effect != kind("another", *values[1:])
    with pytest.raises(FrozenInstanceError):
        setattr(effect, fields(kind)[0].name, "another")
