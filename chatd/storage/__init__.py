"""Persistence: rooms, accounts, messages, bans and resume tokens in SQLite, PostgreSQL or memory.

All SQL is in this package. It uses `chatd.core` and `chatd.protocol`, and knows none of its
callers.
"""
