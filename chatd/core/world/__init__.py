"""The state of the chat, the operations that change it, and how they are applied.

`operations.py` has what can be proposed, `apply.py` applies it to a `World` and returns an outcome
and `effects.py`. All is pure: the same operations in the same order make the same world.
"""
