"""The words by which texts are found. Pure: a text has the same words in every store.

`fold` brings a text into the form that is compared: words in small letters, separated by blanks,
without accents, compatible forms replaced, digits of all scripts as those of ASCII. Letters,
digits and marks make words, all other characters separate them. The marks of Latin, Greek,
Cyrillic, Hebrew and Arabic letters make no difference; those of other scripts are vowels and tones
without which a text says something else.

In some scripts words are not separated by blanks, or many endings are written to them. A row of
such characters, or of emoji, is a `run`: any part of it is found. Its index words are its single
characters and its pairs. A text that has all pairs of a longer part need not have that part, so
`Matcher` decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import without_ignorable

MAX_WORDS: Final = 10
"""How many words of a query count, the first ones; and for how many an index is asked."""

MAX_LENGTH: Final = 64
"""How many characters of a word count."""

_SEPARATOR: Final = "\x1f"
_JOINED: Final = 16 * 1024
"""About how many characters are folded at once: no call takes the lock of Python for long."""

_MAX_FOLDED: Final = 20_000
"""How many characters the table of folded ones may have; a text could have all of Unicode."""

_ACCENT: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u2de0-\u2dff\ufe20-\ufe2f"
    # Hebrew and Arabic: points, vowels, signs of recitation, and the stroke that widens a word.
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08ca-\u08ff]"
)
# Letters with a stroke, and ligatures, which Unicode does not decompose.
_PLAIN: Final = {
    "æ": "ae",
    "đ": "d",
    "ħ": "h",
    "\u0131": "i",
    "ł": "l",
    "ø": "o",
    "œ": "oe",
    "ŧ": "t",
}
_EMOJI: Final = "\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_HANGUL_AND_KANA: Final = "\u1100-\u11ff\u3040-\u30ff\uac00-\ud7a3"
_RUN: Final = (
    # Thai, Lao, Myanmar, Khmer, and scripts of their neighbours.
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f"
    "\ua980-\ua9ff\uaa60-\uaadf"
    # Han, Yi, Bopomofo. Hangul has blanks, but many endings.
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u303c\u3100-\u312f\u31a0-\u31ff"
    "\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\ud7b0-\ud7ff\U00016fe0-\U00018d8f"
    "\U0001aff0-\U0001b2ff\U00020000-\U0003ffff"
) + (_HANGUL_AND_KANA + _EMOJI)
_is_emoji = re.compile(f"[{_EMOJI}]").match
_is_composed = re.compile(f"[{_HANGUL_AND_KANA}]").match
_is_run = re.compile(f"[{_RUN}]").match
_find_words = re.compile(rf"[{_RUN}]+|[^{_RUN}\s]+").findall
# A letter of Kana and its mark, or the parts of a syllable of Hangul.
_PARTS: Final = re.compile(
    "[\u3040-\u30ff][\u3099\u309a]|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?"
)


class _Folded(dict[int, str]):
    """The folded form of each character, by its number; computed when it is first looked for."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _MAX_FOLDED:
            self.clear()
        folded = self[code] = _fold_character(chr(code))
        return folded


def fold(text: str) -> str:
    """Return `text` in the form that is compared; the character U+001F is kept."""
    folded = text.translate(_folded)
    if text.isascii() or _PARTS.search(folded) is None:
        return folded
    return _PARTS.sub(lambda parts: unicodedata.normalize("NFC", parts[0]), folded)


def search_words(text: str) -> list[str]:
    """Return the words by which an index finds `text`, without repetitions."""
    return list(dict.fromkeys(cut(word) for words in words_of([text]) for word in words))


def words_of(texts: Sequence[str]) -> Iterator[Collection[str]]:
    """Yield for each text the words by which an index finds it; they may be repeated, or long.

    The texts do not contain U+001F.
    """
    for is_ascii, group in groupby(texts, str.isascii):
        for joined in _joined(group):
            split = str.split if is_ascii else _with_parts_of_runs
            yield from map(split, fold(joined).split(_SEPARATOR))


def cut(word: str) -> str:
    """Return as much of a word as counts."""
    return word[:MAX_LENGTH]


def query_words(text: str) -> list[str]:
    """Return the words of a query, at most `MAX_WORDS`; raise `ChatError` if it has none."""
    found = list(dict.fromkeys(map(cut, _split(fold(text)))))[:MAX_WORDS]
    if not found:
        raise ChatError(ErrorCode.NOTHING_TO_FIND)
    return found


def index_words(words: Iterable[str]) -> list[str]:
    """Return the index words that a text has which has all of these words of a query."""
    wanted = dict.fromkeys(
        part for word in words for part in (_pairs(word) if _is_run(word) else (word,))
    )
    return list(wanted)[:MAX_WORDS]


class Matcher:
    """Decides whether a text has all of these words of a query."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = tuple(words)
        self._plain = frozenset(word for word in self._words if not _is_run(word))
        self._is_ascii = all(word.isascii() for word in self._words)

    def may_match_any(self, texts: Sequence[str], joined: str) -> bool:
        """Return whether one of `texts` may match; takes little time.

        `joined` has all of them, separated by characters that are not in words.
        """
        if self._is_ascii and self._is_in(joined.lower()):
            return True
        # A text in ASCII has words as they are in small letters.
        return not joined.isascii() and any(
            self.matches(text) for text in texts if not text.isascii()
        )

    def matches(self, text: str) -> bool:
        """Return whether `text` has all words."""
        if text.isascii() and not (self._is_ascii and self._is_in(text.lower())):
            return False
        folded = fold(text)
        return self._is_in(folded) and self._plain.issubset(map(cut, _split(folded)))

    def _is_in(self, folded: str) -> bool:
        """Return whether a folded text has all words, or words that have these in them."""
        return all(word in folded for word in self._words)


def _split(folded: str) -> list[str]:
    """Return the words of a folded text, and its runs."""
    found: list[str] = folded.split() if folded.isascii() else _find_words(folded)
    return found


def _with_parts_of_runs(folded: str) -> list[str]:
    """Return the words of a folded text, with the characters and pairs of its runs."""
    words: list[str] = []
    for word in _split(folded):
        if _is_run(word):
            words += word
            words += map(str.__add__, word, word[1:])
        else:
            words.append(word)
    return words


def _pairs(run: str) -> Iterable[str]:
    """Return some of the pairs of a run, so that each character is in one of them."""
    if len(run) == 1:
        return [run]
    return [*(run[n : n + 2] for n in range(0, len(run) - 1, 2)), run[-2:]]


def _joined(texts: Iterable[str]) -> Iterator[str]:
    """Yield all texts, joined to about `_JOINED` characters at a time."""
    size, joined = 0, []
    for text in texts:
        joined.append(text)
        size += len(text)
        if size >= _JOINED:
            yield _SEPARATOR.join(joined)
            size, joined = 0, []
    if joined:
        yield _SEPARATOR.join(joined)


def _fold_character(character: str) -> str:
    if character == _SEPARATOR:
        return character
    if not without_ignorable(character):
        return ""
    decomposed = unicodedata.normalize("NFKD", character)
    decomposed = unicodedata.normalize("NFKD", decomposed.casefold())
    folded = "".join(map(_fold_part, _ACCENT.sub("", decomposed)))
    # Only letters that `fold` composes, so that it does not matter how a text is written.
    return unicodedata.normalize("NFC", folded) if _is_composed(character) else folded


def _fold_part(character: str) -> str:
    """Return the folded form of a character that is decomposed and small."""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    is_word = unicodedata.category(character)[0] in "LMN" or _is_emoji(character)
    return _PLAIN.get(character, character) if is_word else " "


_folded: Final = _Folded()
