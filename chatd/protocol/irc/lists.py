"""Long lists of words, such as names, in several lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def joined_parts(words: Iterable[str], separator: str, size: int) -> Iterator[str]:
    """Yield the words with a separator between them, each time as many as `size` bytes hold.

    A word that is longer is a part of its own.
    """
    part: list[str] = []
    length = 0
    for word in words:
        added = len(word.encode()) + len(separator)
        if part and length + added > size + len(separator):
            yield separator.join(part)
            part, length = [], 0
        part.append(word)
        length += added
    if part:
        yield separator.join(part)
