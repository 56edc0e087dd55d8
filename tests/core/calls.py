"""Calls of services that do not wait: their results and their refusals."""

import pytest

from chatd.core.errors import ChatError
from chatd.storage.testing import result


def run(call):
    """Return the result of an awaitable that does not wait, or raise its error."""

    async def awaited():
        return await call

    return result(awaited())


def refusal(coroutine):
    """Return the code and the parameters with which a call is refused."""
    with pytest.raises(ChatError) as refused:
        run(coroutine)
    return refused.value.code, refused.value.params
