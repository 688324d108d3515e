"""The text of a token."""

from __future__ import annotations

import pytest

from workspaces.models import TokenKind
from workspaces.tokens import digest_of, hint_of, is_well_formed, new_token_text


@pytest.mark.parametrize("kind", TokenKind, ids=str)
def test_new_token_is_well_formed_and_never_begins_with_a_capital_t(
    kind: TokenKind,
) -> None:
    text = new_token_text(kind)

    assert is_well_formed(text)
    assert text[0] in "sp"
    assert text != new_token_text(kind)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: "xk_" + text[3:],
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
        lambda text: text[:5] + ("a" if text[5] != "a" else "b") + text[6:],
        lambda text: text[:3] + "é" * 38,
    ],
    ids=["empty", "short", "long", "prefix", "sum", "letter", "not-ascii"],
)
def test_spoilt_token_is_refused_without_a_query(spoil: object) -> None:
    text = spoil(new_token_text(TokenKind.SECRET))  # type: ignore[operator] # a lambda above

    assert not is_well_formed(text)


def test_hint_shows_too_little_to_use() -> None:
    text = new_token_text(TokenKind.SECRET)

    assert len(hint_of(text)) == 11
    assert digest_of(text) != digest_of(hint_of(text))
