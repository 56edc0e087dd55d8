"""Accounts and their passwords: who may call himself by a name that is registered."""
