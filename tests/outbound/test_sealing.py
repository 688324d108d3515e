from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.sealing import (
    KeyInvalid,
    Keyring,
    SealBroken,
    read_key,
)

OLD = read_key("o" * 32)
NEW = read_key("n" * 32)
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
    assert first.startswith(f"{NEW.key_id}.")


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
        lambda sealed: sealed.replace(NEW.key_id, OLD.key_id),
        lambda sealed: sealed.replace(NEW.key_id, "00000000"),
        lambda sealed: "",
        lambda sealed: f"{NEW.key_id}.",
        lambda sealed: "s3cret",
        lambda sealed: f"{NEW.key_id}.größer",
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


def test_key_is_always_the_same_of_its_text_and_never_shown() -> None:
    key = read_key("the installation keeps this text")

    assert key == read_key("the installation keeps this text")
    assert key.key_id != read_key("the installation keeps that text").key_id
    assert str(key.secret) not in repr(key)


@pytest.mark.parametrize("text", ["", "s3cret", "a" * 31])
def test_text_too_short_for_a_key_is_refused_without_it(text: str) -> None:
    with pytest.raises(KeyInvalid, match="32 characters") as refusal:
        read_key(text)

    assert "s3cret" not in str(refusal.value)


def test_ring_without_keys_is_refused() -> None:
    with pytest.raises(KeyInvalid, match="no key"):
        Keyring([])
