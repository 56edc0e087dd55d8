"""Alembic's script directory, shipped with the package: the migrations and how to run them."""
