"""The picture of the README: `python -m docs.picture` draws docs/picture.svg."""
