"""The index of names: values are found by any name that counts as the same."""

from chatd.core.lookalikes import name_keys
from chatd.core.nameindex import NameIndex


def find(index, name):
    """Return what is found by a name."""
    return index.find(name_keys(name))


def test_names_that_count_as_the_same():
    """Each of two accounts is found by its own name, and stays when the other goes."""
    index = NameIndex()
    index.add(name_keys("ian"), 1)
    index.add(name_keys("lan"), 2)
    assert [find(index, "Ian"), find(index, "LAN")] == [1, 2]
    assert sorted(index.find_all(name_keys("1an"))) == [1, 2]
    index.remove(name_keys("ian"), 2)
    assert find(index, "ian") == 1
    index.remove(name_keys("ian"), 1)
    assert find(index, "ian") == 2
    index.remove(name_keys("lan"), 2)
    assert find(index, "ian") is None


def test_own_name_first():
    """Of several values the one with just that name comes first, whatever the order of adding."""
    index = NameIndex()
    for value, name in enumerate(["lan", "1an", "ian"]):
        index.add(name_keys(name), value)
    assert [index.find_all(name_keys(name))[0] for name in ("LAN", "1an", "Ian")] == [0, 1, 2]


def test_number_of_names():
    """A name counts once: also with another value or spelling, and not after its removal."""
    index = NameIndex()
    for name, value in (("Bob", 1), ("bob", 2), ("Ann", 3), ("B0b", 4)):
        index.add(name_keys(name), value)
    assert (len(index), find(index, "Bob")) == (3, 2)
    for _ in range(2):
        index.remove(name_keys("Ann"), 3)
    index.remove(name_keys("Bob"), 1)
    assert (len(index), find(index, "Bob"), find(index, "Ann")) == (2, 2, None)


def test_nobody_has_the_name_of_no_keys():
    """A text that is too long to be a name finds nothing."""
    index = NameIndex()
    index.add(name_keys("Bob"), 1)
    assert index.find_all(name_keys("Bob")._replace(looks=())) == []
