"""Which mixtures of scripts are allowed."""

import pytest

from chatd.core.scripts import is_generic_mark, is_of_few_scripts, scripts_of


@pytest.mark.parametrize("text", ["Ann1", "Дима-1", "田中さくら", "王Wang", "김Kim", "ーミ", "é"])
def test_few_scripts(text):
    """One script, with characters of all scripts, or a usual mixture with Han."""
    assert is_of_few_scripts(text)


@pytest.mark.parametrize("text", ["Аnn", "αb", "Бα", "김さくら", "אa", "さくДa"])
def test_many_scripts(text):
    """Other mixtures are not allowed."""
    assert not is_of_few_scripts(text)


def test_scripts_of():
    """A character may be of several scripts, or of all."""
    assert scripts_of("a") == {"Latn"}
    assert scripts_of("ー") == {"Hira", "Kana"}
    assert scripts_of("1") == scripts_of("😄") == frozenset()


def test_generic_marks():
    """An acute fits every script; a Hebrew point does not."""
    assert is_generic_mark("\u0301")
    assert not is_generic_mark("\u05b8")
