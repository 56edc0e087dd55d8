"""The state of the chat, the operations that change it, and how they are applied.

`operations.py` has the operations, `apply.py` applies one to a `World` and returns its outcome and
its effects (`effects.py`). All is pure: the same operations in the same order make the same world.
"""
