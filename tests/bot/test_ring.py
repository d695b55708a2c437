"""The ring of keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ring import BadKey, Index, Ring, UnreadableSecret, new_key, read_key


@given(st.binary(max_size=300), st.binary(max_size=20))
def test_what_is_encrypted_can_be_read_again(clear: bytes, context: bytes) -> None:
    """Any bytes come back, under the context that they were sealed with."""
    ring = Ring.from_text(new_key())
    assert ring.decrypt(ring.encrypt(clear, context), context) == clear


def test_old_key_still_reads_and_the_new_one_writes() -> None:
    """A new first key encrypts; what an older one encrypted stays readable."""
    old, new = new_key(), new_key()
    secret = Ring.from_text(old).encrypt(b"x", b"")
    both = Ring.from_text(f"{new},{old}")
    assert both.decrypt(secret, b"") == b"x"
    assert Ring.from_text(new).decrypt(both.encrypt(b"y", b""), b"") == b"y"


def test_another_column_or_a_changed_byte_is_refused() -> None:
    """A value moved to another column, altered, or without its key is not opened."""
    ring = Ring.from_text(new_key())
    secret = ring.encrypt(b"x", b"message.body")
    for wrong, context in ((secret, b"task.details"), (secret[:-1] + bytes([secret[-1] ^ 1]), b"message.body")):
        with pytest.raises(UnreadableSecret):
            ring.decrypt(wrong, context)
    with pytest.raises(UnreadableSecret):
        Ring.from_text(new_key()).decrypt(secret, b"message.body")


@pytest.mark.parametrize("text", ["", "short", "é" * 43, "not base64 !"])
def test_bad_key_is_named(text: str) -> None:
    """A key that is not 32 bytes in base64url is refused at once."""
    with pytest.raises(BadKey):
        read_key(text)


def test_fingerprints_tell_parts_apart() -> None:
    """The same letters cut elsewhere give another fingerprint; another key too."""
    index = Index(read_key(new_key()))
    assert index.of("a", "bc") == index.of("a", "bc")
    assert index.of("a", "bc") != index.of("ab", "c")
    assert index.of("a") != Index(read_key(new_key())).of("a")
