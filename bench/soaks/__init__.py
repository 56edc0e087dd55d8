"""The scenarios of `python -m bench.soak`: hostile load for a real server."""
