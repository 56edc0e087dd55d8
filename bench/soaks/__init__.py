"""The scenarios of `python -m bench.soak`: what a server that anybody can reach has to stand."""
