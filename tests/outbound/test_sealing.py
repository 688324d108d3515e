import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.sealing import (
    KeyInvalid,
    Keyring,
    SealBroken,
    SealingKey,
    derive_key,
    read_keys,
)

OLD = SealingKey(key_id="k1", secret=b"o" * 32)
NEW = SealingKey(key_id="k2", secret=b"n" * 32)
KEY_TEXT = "k1:" + base64.b64encode(b"a" * 32).decode()
PLACE = {"workspace": "17", "field_name": "output.secret"}


@given(st.text())
def test_sealed_text_opens_in_its_place(plain: str) -> None:
    ring = Keyring([NEW])

    assert ring.open(ring.seal(plain, **PLACE), **PLACE) == plain


def test_sealing_twice_gives_two_texts_without_the_secret() -> None:
    ring = Keyring([NEW])

    first, second = (ring.seal("s3cret", **PLACE) for _ in range(2))

    assert first != second
    assert "s3cret" not in first
    assert first.startswith("k2.")


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"workspace": "18", "field_name": "output.secret"},
        {"workspace": "17", "field_name": "source.secret"},
        {"workspace": "17output", "field_name": ".secret"},
        {"workspace": "", "field_name": "17output.secret"},
    ],
    ids=["other-workspace", "other-field", "moved-border", "no-workspace"],
)
def test_sealed_text_does_not_open_elsewhere(elsewhere: dict[str, str]) -> None:
    ring = Keyring([NEW])
    sealed = ring.seal("s3cret", **PLACE)

    with pytest.raises(SealBroken):
        ring.open(sealed, **elsewhere)


@pytest.mark.parametrize(
    "change",
    [
        lambda sealed: sealed[:-4] + ("AAA=" if sealed[-4:] != "AAA=" else "BBB="),
        lambda sealed: sealed[:-4],
        lambda sealed: sealed + "!",
        lambda sealed: sealed.replace("k2.", "k1."),
        lambda sealed: sealed.replace("k2.", "k9."),
        lambda sealed: "",
        lambda sealed: "k2.",
        lambda sealed: "s3cret",
        lambda sealed: "k2.größer",
    ],
    ids=[
        "tail",
        "cut",
        "mark",
        "other-key",
        "no-key",
        "empty",
        "bare",
        "plain",
        "text",
    ],
)
def test_changed_text_does_not_open_and_says_nothing(
    change: Callable[[str], str],
) -> None:
    ring = Keyring([NEW, OLD])
    sealed = ring.seal("s3cret", **PLACE)

    with pytest.raises(SealBroken) as refusal:
        ring.open(change(sealed), **PLACE)

    assert "s3cret" not in str(refusal.value)


def test_key_is_changed_without_a_stop() -> None:
    before = Keyring([OLD]).seal("s3cret", **PLACE)

    ring = Keyring([NEW, OLD])

    assert ring.open(before, **PLACE) == "s3cret"
    assert not ring.is_current(before)
    assert ring.is_current(ring.seal("s3cret", **PLACE))
    with pytest.raises(SealBroken, match="no longer given"):
        Keyring([NEW]).open(before, **PLACE)


def test_keys_are_read_newest_first_and_never_shown() -> None:
    text = ",".join(
        f"{key.key_id}:{base64.b64encode(key.secret).decode()}" for key in (NEW, OLD)
    )

    keys = read_keys(text)

    assert keys == (NEW, OLD)
    assert "nnnn" not in repr(keys)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "k1",
        "k1:",
        "k1:s3cret",
        "k1:" + "YWFh" * 10,
        KEY_TEXT.replace("k1", "k.1"),
        f"{KEY_TEXT},{KEY_TEXT}",
    ],
    ids=["empty", "no-key", "blank", "no-base64", "short", "bad-id", "twice"],
)
def test_keys_of_another_form_are_refused_without_their_text(text: str) -> None:
    with pytest.raises(KeyInvalid) as refusal:
        Keyring(read_keys(text))

    assert "s3cret" not in str(refusal.value)


def test_ring_without_keys_is_refused() -> None:
    with pytest.raises(KeyInvalid, match="no key"):
        Keyring([])


def test_derived_key_is_always_the_same_for_its_master() -> None:
    key = derive_key(key_id="main", master="the installation's own secret")

    assert key == derive_key(key_id="main", master="the installation's own secret")
    assert key.secret != derive_key(key_id="main", master="another secret").secret
