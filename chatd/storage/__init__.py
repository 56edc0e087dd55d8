"""What lasts: rooms, accounts, history, bans, logins; in memory, in SQLite, in PostgreSQL.

SQL lives here and nowhere else. Knows the ground alone, and nothing of who calls it.
"""
