"""The words by which texts are found, in all scripts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.searchwords import (
    MAX_LENGTH,
    MAX_WORDS,
    Matcher,
    fold,
    index_words,
    query_words,
    search_words,
    words_of,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text("aéß 東京か\u3099가สวั👍-_%")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World! Don't", ["hello", "world", "don", "t"]),
        ("a_b-c\nd\te\u3000f", ["a", "b", "c", "d", "e", "f"]),
        ("100 % \\ 1.5", ["100", "1", "5"]),
        # Case and accents.
        ("ÉCOLE naïve e\u0301te\u0301 Ångström", ["ecole", "naive", "ete", "angstrom"]),
        ("Straße Łódź Øre Æon đakovo", ["strasse", "lodz", "ore", "aeon", "dakovo"]),
        ("İstanbul ISPARTA ısı", ["istanbul", "isparta", "isi"]),
        ("Ἀθῆναι ΣΟΦΟΣ σοφός", ["αθηναι", "σοφοσ"]),
        ("Ёлка й Київ", ["елка", "и", "киів"]),
        ("שָׁלוֹם مُحَمَّد ـأ", ["שלום", "محمد", "ا"]),
        # Compatible forms, digits, characters that nobody sees.
        ("ｗｉｄｅ o\ufb03ce x² ½ ⑤", ["wide", "office", "x2", "1", "2", "5"]),
        ("٣٤ ३४", ["34"]),
        ("co\u00adoperate te\u200ba", ["cooperate", "tea"]),
        # Marks that are vowels stay.
        ("हिन्दी தமிழ்", ["हिन्दी", "தமிழ்"]),
        # Characters and pairs of rows without blanks.
        ("東京都", ["東", "京", "都", "東京", "京都"]),
        ("iPhone用", ["iphone", "用"]),
        ("ｶﾞ か\u3099", ["ガ", "が"]),
        ("สวัส", ["ส", "ว", "ั", "สว", "วั", "ัส"]),
        ("학교", ["학", "교", "학교"]),
        ("ok👍!", ["ok", "👍"]),
    ],
)
def test_the_words_of_a_text(text, words):
    """Words are folded, and come in their order, without repetitions."""
    assert search_words(text) == words


def test_a_query_keeps_rows_whole():
    """The words of a query are those of its text, but a row of characters is one word."""
    assert query_words("東京都 Tea, tea!") == ["東京都", "tea"]


@pytest.mark.parametrize("text", ["", " ", "?!", "_", "\u200b", "`\n"])
def test_nothing_to_find(text):
    """A query without a word is refused."""
    with pytest.raises(ChatError) as refused:
        query_words(text)
    assert refused.value.code is ErrorCode.NOTHING_TO_FIND


def test_limits():
    """Further words of a query do not count, nor what follows the first characters of a word."""
    assert query_words(" ".join(f"w{n}" for n in range(99))) == [f"w{n}" for n in range(MAX_WORDS)]
    long = "x" * MAX_LENGTH
    assert query_words(long + "y") == search_words(long + "z") == [long]
    assert Matcher([long]).matches(f"a {long}y b")
    assert len(index_words(["東京" * 30])) <= MAX_WORDS


def test_matching():
    """A text matches if it has all words whole, and all rows of characters somewhere."""
    matcher = Matcher(query_words("tea 東京都"))
    assert matcher.matches("Tea, 新東京都庁")
    assert not matcher.matches("teas 東京都")
    assert not matcher.matches("tea 東京と京都")
    assert not matcher.matches("tea")
    assert not Matcher(["tea"]).matches("tea\u0301s")


def test_a_quick_look_at_many_texts():
    """It leaves out only texts of which none matches."""

    def may_match(word, *texts):
        return Matcher([word]).may_match_any(texts, "\x1f".join(texts))

    assert may_match("tea", "1", "Ann", "TEA")
    assert may_match("tea", "1", "Ann", "té\u200ba")
    assert may_match("東京", "tea", "東京都")
    assert not may_match("tea", "cake")
    assert not may_match("tea", "cake", "東京")
    assert not may_match("東京", "tea")


def test_many_texts():
    """The words of many texts are those of each of them, also of long ones."""
    texts = ["a b", "", "é", "x " * 9000, "東", "c"] * 3
    assert [sorted(set(words)) for words in words_of(texts)] == [
        sorted(search_words(text)) for text in texts
    ]


@given(TEXTS)
def test_a_text_matches_its_own_words(text):
    """Each text is found by its words, which the index has."""
    try:
        words = query_words(text)
    except ChatError:
        assert search_words(text) == []
        return
    assert Matcher(words).matches(text)
    assert set(index_words(words)) <= set(search_words(text))


@given(TEXTS, TEXTS)
def test_what_matches_is_in_the_index(text, query):
    """The index leads to every text that matches."""
    words = query.split() and [word for word in search_words(query) if len(word) > 1]
    if words and Matcher(words).matches(text):
        assert set(index_words(words)) <= set(search_words(text))


@given(TEXTS)
def test_the_form_of_words(text):
    """No word has a blank, nor a character that has a meaning in a pattern of SQL."""
    for word in search_words(text):
        assert word
        assert not set(word) & set(" \n\t\r\x1f%_\\\0")
        assert len(word) <= MAX_LENGTH


@given(TEXTS)
def test_forms_of_one_text_are_the_same(text):
    """A composed and a decomposed text have the same words, if marks are in their usual order."""
    composed = unicodedata.normalize("NFC", text)
    assert fold(composed) == fold(unicodedata.normalize("NFD", composed))
