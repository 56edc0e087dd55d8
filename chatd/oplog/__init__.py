"""The log of operations: the one order in which the state of the chat changes.

`local.py` is that of a server alone.
"""
