"""How the schema came to be, step by step; Alembic's script directory, shipped with the package."""
