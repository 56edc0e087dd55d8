"""The messages that a read begins with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.protocol.irc.leading import Leading, leading_messages
from chatd.protocol.irc.line import parse

SIZE = 400


@pytest.mark.parametrize(
    ("frames", "found"),
    [
        ([b"PRIVMSG #tea :hi"], Leading("#tea", ["hi"])),
        ([b"PRIVMSG #tea :hi", b"PRIVMSG #tea ::)"], Leading("#tea", ["hi", ":)"])),
        ([b"PRIVMSG #tea :a", b"PRIVMSG #cake :b"], Leading("#tea", ["a"])),
        ([b"PRIVMSG #tea :a", b"PING x"], Leading("#tea", ["a"])),
        ([b"PRIVMSG #tea :a", b"PRIVMSG #tea :\x02b"], Leading("#tea", ["a"])),
        ([b"PRIVMSG #tea :a", b"PRIVMSG #tea :"], Leading("#tea", ["a"])),
        ([b"PRIVMSG #tea :a", b"PRIVMSG #tea :" + b"x" * SIZE], Leading("#tea", ["a"])),
        (["PRIVMSG #tee :grüße".encode()], Leading("#tee", ["grüße"])),
        ([b"PRIVMSG #tea :\xff"], None),
        ([b"PRIVMSG #tea hi"], None),
        ([b"PRIVMSG #tea,#cake :hi"], None),
        ([b"PRIVMSG #tea  :hi"], None),
        ([b"PRIVMSG ann :hi"], None),
        ([b"privmsg #tea :hi"], None),
        ([b"@label=1 PRIVMSG #tea :hi"], None),
        ([b"PRIVMSG #tea :\x01VERSION\x01"], None),
        ([b"PRIVMSG #tea : "], None),
    ],
)
def test_examples(frames, found):
    """Plain messages to one channel are found, up to the first line that is anything else."""
    assert leading_messages(frames, SIZE) == found


_words = st.text(st.characters(exclude_characters="\r\n"), max_size=9)


@given(st.lists(st.builds("PRIVMSG #{} :{}".format, st.sampled_from(["a", "b"]), _words)))
def test_they_are_those_that_are_parsed(texts):
    """The messages that are found at once are those that the lines say one by one."""
    frames = [text.encode(errors="surrogatepass") for text in texts]
    found = leading_messages(frames, SIZE) if frames else None
    if found is not None:
        lines = [parse(frame.decode()) for frame in frames[: len(found.texts)]]
        assert [line.params for line in lines] == [[found.target, text] for text in found.texts]
