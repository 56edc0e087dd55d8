"""The format of the index of words: which messages of a block have a word. Pure.

A block has the messages of a room whose ids are in a range of at most `BLOCK_IDS`. Its words are
divided into `BUCKETS` texts, by a hash, so that few bytes are read to look for one word, and a
block is few rows. In such a text a word stands between a newline and a tab, and a character for
each message that has it follows: U+0100 for the first id of the block, U+0101 for the next one.
For example (with / for newlines, > for tabs), if `cup` is in the messages 64 and 66:

    /cup>ĀĂ/tea>Ă/

All of these characters take two bytes. Words contain no white space.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final
from zlib import crc32

from chatd.core.searchwords import MAX_LENGTH, cut, words_of
from chatd.storage.chunks import RS, SPAN, US

BLOCK_IDS: Final = 16 * SPAN
"""How many ids a block has at most: as many characters take two bytes in UTF-8, or fewer."""

BUCKETS: Final = 64

_FIRST: Final = 0x100
_CHARACTERS: Final = [chr(_FIRST + number) for number in range(BLOCK_IDS)]


def bucket(word: str) -> int:
    """Return the number of the text that has a word."""
    return crc32(word.encode()) % BUCKETS


def texts_of(bodies: Iterable[str]) -> tuple[list[int], list[str]]:
    """Return the ids and the texts of all messages in the bodies of some chunks."""
    ids: list[int] = []
    texts: list[str] = []
    for body in bodies:
        for batch in body.split(RS):
            first, _, _, *of_batch = batch.split(US)
            ids.extend(range(int(first), int(first) + len(of_batch)))
            texts += of_batch
    return ids, texts


def pack_words(first: int, ids: Sequence[int], texts: Sequence[str]) -> list[str]:
    """Return the texts of a block that begins with the id `first`, for messages in it."""
    found: defaultdict[str, str] = defaultdict(str)
    for number, words in zip(ids, words_of(texts), strict=True):
        character = _CHARACTERS[number - first]
        for word in set(words):
            found[word] += character
    entries: list[list[str]] = [[""] for _ in range(BUCKETS)]
    for long_word, characters in found.items():
        word = long_word if len(long_word) <= MAX_LENGTH else cut(long_word)
        # As in `bucket`: a call for each word would take as long as all of this.
        entries[crc32(word.encode()) % BUCKETS].append(f"{word}\t{characters}")
    return ["\n".join([*of_bucket, ""]) for of_bucket in entries]


def characters_of(entries: str, word: str) -> set[str]:
    """Return the characters for the messages that have a word, from a text of their block."""
    found: set[str] = set()
    key = f"\n{word}\t"
    start = entries.find(key)
    while start >= 0:  # long words that begin alike have an entry each
        start += len(key)
        found.update(entries[start : entries.find("\n", start)])
        start = entries.find(key, start)
    return found


def id_of(first: int, character: str) -> int:
    """Return the id of a message by its character, in the block that begins with the id `first`."""
    return first + ord(character) - _FIRST
